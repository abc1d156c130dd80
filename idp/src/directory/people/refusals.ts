import { DirectoryError } from '../directory-error.ts'

export const userNotFound = () =>
  new DirectoryError('not_found', 'not_found', 'There is no user with this id in the pool.')
export const groupNotFound = () =>
  new DirectoryError('not_found', 'not_found', 'There is no group with this id in the pool.')

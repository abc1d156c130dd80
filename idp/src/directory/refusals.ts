import type { FieldError } from '@postern/server'
import { DirectoryError } from './directory-error.ts'

const notFound = (message: string) => new DirectoryError('not_found', 'not_found', message)

export const poolNotFound = () => notFound('There is no user pool with this id.')
export const clientNotFound = () => notFound('There is no client with this id in the pool.')
export const secretNotFound = () => notFound('The client has no secret with this id.')
export const resourceNotFound = () => notFound('There is no resource with this id in the pool.')

/** 400: one field, one sentence. */
export function invalid(field: string, code: FieldError['code'], message: string): DirectoryError {
  return invalidFields([{ field, code, message }])
}

/** 400: several fields at once. */
export function invalidFields(faults: readonly FieldError[]): DirectoryError {
  return new DirectoryError('invalid', 'invalid_request', 'Some fields are wrong; see errors.', faults)
}

/** Throws one refusal for all the faults that were found, and nothing when there are none. */
export function refuseFaults(faults: readonly FieldError[]): void {
  if (faults.length > 0) throw invalidFields(faults)
}

/** 409: a unique value is taken. */
export function duplicate(field: string, message: string): DirectoryError {
  return new DirectoryError('conflict', 'duplicate', message, [{ field, code: 'duplicate', message }])
}

/** 409: a field that is fixed once the object exists. */
export function immutable(field: string, message: string): DirectoryError {
  return new DirectoryError('conflict', 'immutable', message, [{ field, code: 'immutable', message }])
}

/** 409: the object, or what belongs to it, is not in a state for this. */
export function conflict(code: 'limit' | 'in_use' | 'conflict', message: string): DirectoryError {
  return new DirectoryError('conflict', code, message)
}

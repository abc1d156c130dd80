import { WireError } from '@postern/server'
import { DirectoryError } from '../directory/directory-error.ts'

/** Runs what looks into a pool first: that there is no such pool is told apart from what it has not. */
export async function inPool<T>(pool: Promise<T>): Promise<T> {
  try {
    return await pool
  } catch (error) {
    if (!(error instanceof DirectoryError) || error.kind !== 'not_found') throw error
    throw new WireError('NotFound.UserPool', 404, error.message)
  }
}

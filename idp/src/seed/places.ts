import { DirectoryError } from '../directory/directory-error.ts'

/** Runs work on one entry of a seed; a refusal names its fields from the top of the document. */
export async function at<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof DirectoryError ? placed(error, place) : error
  }
}

function placed(error: DirectoryError, place: string): DirectoryError {
  const { kind, code, message } = error
  const own = error.errors.length > 0 ? error.errors : [{ field: '', code: 'invalid', message } as const]
  const errors = own.map((fault) => ({ ...fault, field: fault.field === '' ? place : `${place}.${fault.field}` }))
  return new DirectoryError(kind, code, message, errors)
}

/** The record, or undefined where the directory says that there is none. */
export async function found<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (error) {
    if (error instanceof DirectoryError && error.kind === 'not_found') return undefined
    throw error
  }
}

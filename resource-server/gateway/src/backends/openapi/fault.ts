import { BackendError } from '../types.ts'

/** Something in the document that stands in the way. `pointer` is a JSON pointer; the message names the mend. */
export function documentFault(pointer: string, message: string): BackendError {
  return new BackendError('failed', `its OpenAPI document, at \`#${pointer}\`: ${message}`)
}

/** A JSON pointer, one step on (RFC 6901). */
export function below(pointer: string, step: string | number): string {
  return `${pointer}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

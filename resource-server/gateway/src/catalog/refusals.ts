import type { FieldError } from '@postern/server'
import { CatalogError } from './catalog-error.ts'

export const serviceNotFound = () => new CatalogError('not_found', 'not_found', 'there is no MCP service with this id')

export const toolsetNotFound = () => new CatalogError('not_found', 'not_found', 'there is no MCP toolset with this id')

export const keyNotFound = () => new CatalogError('not_found', 'not_found', 'the service has no API key with this id')

export const beingDeleted = () =>
  new CatalogError('conflict', 'conflict', 'the service is being deleted; wait until it is gone, then make it anew')

/**
 * 409: what is asked for cannot be in the present state.
 *
 * @param field '' where it is about the whole
 */
export function conflict(code: 'conflict' | 'duplicate' | 'immutable' | 'limit', field: string, message: string) {
  const error: FieldError = { field, code: code === 'conflict' ? 'invalid' : code, message }
  return new CatalogError('conflict', code, field === '' ? message : `${field}: ${message}`, [error])
}

/** Throws one refusal (400) for all the faults that were found, and nothing when there are none. */
export function refuseFaults(faults: readonly FieldError[]): void {
  const [first] = faults
  if (first) throw new CatalogError('invalid', 'invalid_request', `${first.field}: ${first.message}`, faults)
}

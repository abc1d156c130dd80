import { DomainError } from '@postern/server'

/** A refusal of the catalogue; nothing was written. */
export class CatalogError extends DomainError {
  override readonly name = 'CatalogError'
}

/** Runs a part of a larger work; what it refuses is told with the part's place before each field. */
export function at<T>(place: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw placed(place, error)
  }
}

/** A refusal with a place before each of its fields; any other error as it is. */
export function placed(place: string, error: unknown): unknown {
  if (!(error instanceof CatalogError)) return error
  const errors = error.errors.map((one) => ({ ...one, field: joined(place, one.field) }))
  const [first] = errors
  return new CatalogError(error.kind, error.code, first ? `${first.field}: ${first.message}` : error.message, errors)
}

function joined(place: string, field: string): string {
  return field === '' || field.startsWith('[') ? place + field : `${place}.${field}`
}

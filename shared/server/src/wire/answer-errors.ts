import type { FieldError } from '../contract/validate.ts'
import { DomainError } from '../domain-error.ts'
import { HttpProblem } from '../http/problem.ts'
import { WireError, wireError } from './wire-error.ts'

/** Names of what a domain calls its fields, in the originals' spelling. */
export type Spellings = Readonly<Record<string, string>>

/** What an action's domain refused, in the originals' words; undefined: it is no refusal. */
export interface RefusalWords {
  /** `UserPool`: of `NotFound.UserPool`. */
  readonly resource: string
  readonly fields?: Spellings
}

/** The refusal of a field: missing, or wrong. The name in the code is that of the outermost field. */
export function fieldError({ field, code, message }: FieldError): WireError {
  if (code === 'required') return wireError('MissingParameter', `The request is missing ${field || 'body'} parameter.`)
  const [name = ''] = field.split(/[.[]/, 1)
  return new WireError(
    name === '' ? 'InvalidParameter' : `InvalidParameter.${name}`,
    400,
    `${field === '' ? 'the body' : field}: ${message}`,
  )
}

/** Any failure as a refusal in the originals' words; undefined for one that nobody foresaw. */
export function asWireError(error: unknown, words: RefusalWords): WireError | undefined {
  if (error instanceof WireError) return error
  if (error instanceof DomainError) return domainError(error, words)
  if (!(error instanceof HttpProblem)) return undefined
  if (error.status === 413) return wireError('RequestEntityTooLarge', error.message)
  return new WireError('InvalidParameter', error.status, error.message)
}

function domainError(error: DomainError, { resource, fields = {} }: RefusalWords): WireError {
  if (error.kind === 'not_found') return new WireError(`NotFound.${resource}`, 404, error.message)
  const first = error.errors[0]
  const spelled = first === undefined ? undefined : { ...first, field: spell(first.field, fields) }
  if (error.kind === 'invalid') {
    return spelled === undefined ? wireError('InvalidParameter', error.message) : fieldError(spelled)
  }
  const message = spelled === undefined ? error.message : `${spelled.field}: ${spelled.message}`
  if (error.code === 'duplicate') return new WireError('Duplicated', 409, message)
  return new WireError(error.code === 'limit' ? 'QuotaExceeded' : 'Conflict', 409, message)
}

/** `accessTokenTtl[0].x` begins with the originals' name, where there is one for it. */
function spell(field: string, fields: Spellings): string {
  const [name = ''] = field.split(/[.[]/, 1)
  return (fields[name] ?? name) + field.slice(name.length)
}

import type { ProblemCode } from './contract/problem.ts'
import type { FieldError } from './contract/validate.ts'

export type DomainErrorKind = 'not_found' | 'invalid' | 'conflict'

/** A refusal of a server's domain. Faces translate `kind` (404, 400, 409); nothing was written. */
export class DomainError extends Error {
  override readonly name: string = 'DomainError'
  readonly kind: DomainErrorKind
  readonly code: ProblemCode
  /** What is wrong with each field, as a sentence that names the mend. */
  readonly errors: readonly FieldError[]

  constructor(kind: DomainErrorKind, code: ProblemCode, message: string, errors: readonly FieldError[] = []) {
    super(message)
    this.kind = kind
    this.code = code
    this.errors = errors
  }
}

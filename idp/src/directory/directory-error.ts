import type { FieldError, ProblemCode } from '@postern/server'

export type DirectoryErrorKind = 'not_found' | 'invalid' | 'conflict'

/** A refusal of the directory. Faces translate `kind` (404, 400, 409); nothing was written. */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError'
  readonly kind: DirectoryErrorKind
  readonly code: ProblemCode
  readonly errors: readonly FieldError[]

  constructor(kind: DirectoryErrorKind, code: ProblemCode, message: string, errors: readonly FieldError[] = []) {
    super(message)
    this.kind = kind
    this.code = code
    this.errors = errors
  }
}

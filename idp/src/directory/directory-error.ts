import { DomainError, type DomainErrorKind } from '@postern/server'

export type DirectoryErrorKind = DomainErrorKind

/** A refusal of the directory; nothing was written. */
export class DirectoryError extends DomainError {
  override readonly name = 'DirectoryError'
}

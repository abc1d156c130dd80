/** What the exit code of `postern` says. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, refused: 3, unreachable: 4 } as const

export type FailureKind = Exclude<keyof typeof exitCodes, 'ok'>

/** Ends a verb with an exit code and a message for a person; `details` is for `--json`. */
export class Failure extends Error {
  readonly kind: FailureKind
  readonly details: Readonly<Record<string, unknown>>

  constructor(kind: FailureKind, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.name = 'Failure'
    this.kind = kind
    this.details = details
  }
}

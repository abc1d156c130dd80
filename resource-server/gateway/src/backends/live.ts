import type { Connection } from './types.ts'

/** How a backend came to its end. */
export type End =
  /** It was ended from here. */
  | { readonly kind: 'closed' }
  /** It is well, but the conversation is over: another one can be begun at once. */
  | { readonly kind: 'over' }
  /** It failed; the reason is for people. */
  | { readonly kind: 'failed'; readonly reason: string }

/** A backend that has started and introduced itself. */
export interface Live {
  readonly connection: Connection
  /** The process, where there is one. */
  readonly pid?: number
  /** Resolves when the connection is of no use any more. */
  readonly ended: Promise<End>
  /** Ends it; resolves when nothing of it is left. */
  close(): Promise<void>
}

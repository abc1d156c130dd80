import { limits } from '../limits.ts'
import { type EntryKind, entryKinds, type Statement } from './statement.ts'

/** What a token says of itself, as far as it can have ended: hashes, and when it was issued. */
export interface TokenFacts extends Readonly<Record<EntryKind, string | undefined>> {
  /** Seconds since the epoch; 0 where the token does not say. */
  readonly issuedAt: number
}

/** What is known to have ended of one issuer. */
export interface Ledger {
  /** The place in the issuer's sequence of changes that is known; 0: nothing is. */
  readonly seq: number
  /** Entries held. */
  readonly size: number
  /** Takes over a statement that was verified. False where there would be more entries than can be held. */
  apply(statement: Statement, nowSeconds: number): boolean
  /** Has the token ended? At most five look-ups, whatever there is. */
  hasEnded(facts: TokenFacts): boolean
  /** Is a token over that says it was issued then, whatever else it says? */
  isOver(issuedAt: number): boolean
}

interface Held {
  readonly before: number
  readonly exp: number
}

export function createLedger(): Ledger {
  const held: Readonly<Record<EntryKind, Map<string, Held>>> = {
    token: new Map(),
    grant: new Map(),
    client: new Map(),
    subject: new Map(),
  }
  let seq = 0
  let before = 0
  const sizeOf = () => entryKinds.reduce((sum, kind) => sum + held[kind].size, 0)

  const forgetExpired = (now: number): void => {
    for (const kind of entryKinds) for (const [hash, { exp }] of held[kind]) if (exp <= now) held[kind].delete(hash)
  }
  return {
    get seq() {
      return seq
    },
    get size() {
      return sizeOf()
    },
    apply(statement, now) {
      forgetExpired(now)
      if (sizeOf() + statement.entries.length > limits.revocations) return false
      for (const { kind, hash, before: until, exp } of statement.entries) held[kind].set(hash, { before: until, exp })
      before = statement.before
      seq = statement.seq
      return true
    },
    hasEnded({ token, grant, client, subject, issuedAt }) {
      if (issuedAt < before) return true
      return (
        endsAfter(held.token, token, issuedAt) ||
        endsAfter(held.grant, grant, issuedAt) ||
        endsAfter(held.client, client, issuedAt) ||
        endsAfter(held.subject, subject, issuedAt)
      )
    },
    isOver: (issuedAt) => issuedAt < before,
  }
}

/** Is what was issued then over, by the entry of this hash? */
function endsAfter(entries: ReadonlyMap<string, Held>, hash: string | undefined, issuedAt: number): boolean {
  const entry = hash === undefined || entries.size === 0 ? undefined : entries.get(hash)
  return entry !== undefined && issuedAt < entry.before
}

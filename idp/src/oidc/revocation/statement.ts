import type { FeedPage } from '../../directory/revocations/reads.ts'
import { limits } from '../../limits.ts'
import type { Signer } from '../signer.ts'

/** Kind of the signed statement (RFC 8725 §3.11): no token is of this type, and no statement of a token's. */
export const statementType = 'revocations+jwt'

/** The metadata name of the feed's address. */
export const feedMember = 'revocation_feed_uri'

/** One entry as followers read it. Times are epoch seconds. */
interface StatedEntry {
  readonly kind: 'token' | 'grant' | 'client' | 'subject'
  /** SHA-256, base64url, of `jti`, `grant_id`, `client_id` or `sub`. */
  readonly hash: string
  /** What was issued earlier is revoked. Absent: everything. */
  readonly before?: number
  /** From then on nobody can hold such a token any more, and the entry may be forgotten. */
  readonly exp: number
}

/**
 * What a pool says about what of it has ended, since a place in the sequence of changes. The pool as a whole is spoken of
 * in each statement: `ended`, nothing of it is good; `before`, what was issued earlier is not.
 */
export interface Statement {
  readonly iss: string
  readonly iat: number
  readonly exp: number
  /** The place that was asked about. */
  readonly after: number
  /** The place that this leads to: where to go on. */
  readonly seq: number
  /** There is more to be had from there right now. */
  readonly more?: true
  readonly ended?: true
  /** The pool is gone, and this is its last word. */
  readonly final?: true
  readonly before?: number
  readonly entries: readonly StatedEntry[]
}

const second = 1000

export function statementOf(issuer: string, after: number, page: FeedPage, now: number): Statement {
  const { seq, entries, hasMore, poolEnd } = page
  const iat = Math.floor(now / second)
  return {
    iss: issuer,
    iat,
    exp: iat + limits.revocationStatementTtl,
    after,
    seq,
    ...(hasMore ? { more: true } : {}),
    ...(poolEnd === undefined
      ? {}
      : poolEnd.issuedBefore === null
        ? { ended: true }
        : { before: poolEnd.issuedBefore }),
    entries: entries.map(({ kind, valueHash, issuedBefore, expiresAt }) => ({
      kind,
      hash: valueHash,
      ...(issuedBefore === null ? {} : { before: issuedBefore }),
      exp: Math.ceil(expiresAt / second),
    })),
  }
}

/** A statement as a compact JWS (RFC 7515 §3.1). */
export async function signStatement(statement: Statement, signer: Signer): Promise<string> {
  const input = `${encode({ alg: signer.alg, typ: statementType, kid: signer.kid })}.${encode(statement)}`
  return `${input}.${(await signer.sign(Buffer.from(input))).toString('base64url')}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

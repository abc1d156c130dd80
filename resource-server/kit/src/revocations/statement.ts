import type { JsonObject } from '@postern/core'
import { limits } from '../limits.ts'
import { isRecord } from '../options/fields.ts'

export const entryKinds = ['token', 'grant', 'client', 'subject'] as const
export type EntryKind = (typeof entryKinds)[number]

/** One thing that has ended before its time. Times are seconds since the epoch. */
export interface Entry {
  readonly kind: EntryKind
  /** SHA-256, base64url, of the token's `jti`, `grant_id`, `client_id` or `sub`. */
  readonly hash: string
  /** What was issued earlier has ended. Infinity: everything. */
  readonly before: number
  /** When the entry may be forgotten. */
  readonly exp: number
}

/** What an issuer says about what of it has ended, from one place in the sequence of its changes to another. */
export interface Statement {
  readonly iss: string
  readonly iat: number
  readonly exp: number
  readonly after: number
  readonly seq: number
  readonly more: boolean
  /** Nothing that was issued earlier is good. Infinity: nothing at all; 0: no such limit. */
  readonly before: number
  /** The issuer is gone; this is its last word. */
  readonly final: boolean
  readonly entries: readonly Entry[]
}

/** Reads the claims of a statement. Undefined where they are not those of one. Entries of kinds unknown here are passed over. */
export function readStatement(claims: JsonObject): Statement | undefined {
  const { iss, iat, exp, after, seq, more, ended, final, before, entries } = claims
  if (typeof iss !== 'string' || !isTime(iat) || !isTime(exp) || !isPlace(after) || !isPlace(seq)) return undefined
  if (![more, ended, final].every((flag) => flag === undefined || flag === true)) return undefined
  if (before !== undefined && !isTime(before)) return undefined
  if (!Array.isArray(entries) || entries.length > limits.revocationsPerStatement) return undefined
  const read = entries.map(readEntry)
  if (read.includes('malformed')) return undefined
  return {
    iss,
    iat,
    exp,
    after,
    seq,
    more: more === true,
    before: ended === true ? Number.POSITIVE_INFINITY : (before ?? 0),
    final: final === true,
    entries: read.filter((entry) => typeof entry === 'object'),
  }
}

function readEntry(value: unknown): Entry | 'malformed' | 'unknown' {
  if (!isRecord(value)) return 'malformed'
  const { kind, hash, before, exp } = value
  if (typeof kind !== 'string' || typeof hash !== 'string' || !sha256.test(hash) || !isTime(exp)) return 'malformed'
  if (before !== undefined && !isTime(before)) return 'malformed'
  const known = entryKinds.find((name) => name === kind)
  return known === undefined ? 'unknown' : { kind: known, hash, before: before ?? Number.POSITIVE_INFINITY, exp }
}

const sha256 = /^[A-Za-z0-9_-]{43}$/

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

function isPlace(value: unknown): value is number {
  return isTime(value) && Number.isInteger(value)
}

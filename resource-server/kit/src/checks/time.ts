import type { JsonObject } from '@postern/core'
import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

/**
 * The token is alive (RFC 7519 §4.1.4–4.1.6): `exp` is there and ahead, `nbf` and `iat` are not, each with the tolerance;
 * they are numbers, in an order that makes sense, and not further apart than the option allows.
 */
export const checkTime: Check = ({ claims, rules, now }) => {
  const exp = numericDate(claims, 'exp')
  const nbf = numericDate(claims, 'nbf')
  const iat = numericDate(claims, 'iat')
  if (exp === undefined && !rules.allowMissing.has('exp')) throw new Refusal('expiry_missing')
  if (exp !== undefined && exp < Math.max(nbf ?? exp, iat ?? exp)) throw new Refusal('malformed_claim')
  if (exp !== undefined && now >= exp + rules.clockTolerance) throw new Refusal('expired')
  if (notBefore(claims) - rules.clockTolerance > now) throw new Refusal('not_yet_valid')
  if (iat === undefined && rules.profile === 'rfc9068') throw new Refusal('claim_missing')
  const longest = rules.maxTokenLifetime
  if (longest === undefined) return
  if (exp === undefined || iat === undefined || exp - iat > longest) throw new Refusal('lifetime_too_long')
}

/** Seconds since the epoch from which on the token is good, without any tolerance. */
export function notBefore(claims: JsonObject): number {
  return Math.max(numericDate(claims, 'nbf') ?? 0, numericDate(claims, 'iat') ?? 0)
}

/** A NumericDate claim (RFC 7519 §2), in seconds; undefined where it is absent. Throws `Refusal` where it is none. */
export function numericDate(claims: JsonObject, name: string): number | undefined {
  const value = member(claims, name)
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw new Refusal('malformed_claim')
  return value
}

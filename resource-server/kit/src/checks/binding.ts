import type { JsonObject } from '@postern/core'
import { isRecord } from '../options/fields.ts'
import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

/** What a token is bound to (`cnf`, RFC 7800 §3): whoever uses it must prove to have all of it. */
export interface Confirmation {
  /** RFC 7638 thumbprint of a DPoP key (RFC 9449 §6). */
  readonly jkt?: string
  /** SHA-256 of a client certificate (RFC 8705 §3.1). */
  readonly 'x5t#S256'?: string
}

/**
 * The token's confirmation; undefined where it is bound to nothing. Throws `Refusal` for a binding of another kind as for
 * a malformed one: what the kit cannot check it does not overlook, for a bound token without its proof is what a thief has.
 */
export function confirmationOf(claims: JsonObject): Confirmation | undefined {
  if (!Object.hasOwn(claims, 'cnf')) return undefined
  const { cnf } = claims
  if (!isRecord(cnf)) throw new Refusal('binding_not_supported')
  const members = Object.entries(cnf)
  if (members.length === 0 || !members.every(isKnown)) throw new Refusal('binding_not_supported')
  const [jkt, x5t] = [member(cnf, 'jkt'), member(cnf, 'x5t#S256')]
  return {
    ...(typeof jkt === 'string' ? { jkt } : {}),
    ...(typeof x5t === 'string' ? { 'x5t#S256': x5t } : {}),
  }
}

function isKnown([name, value]: [string, unknown]): boolean {
  return (name === 'jkt' || name === 'x5t#S256') && isThumbprint(value)
}

/** Has the value the form of a SHA-256 in base64url? */
export function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{43}$/.test(value)
}

/** The token is bound to what the kit can check, or to nothing. Whether the caller has it is seen at every request. */
export const checkBinding: Check = ({ claims }) => {
  confirmationOf(claims)
}

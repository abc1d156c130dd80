import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

const accessToken = /^(?:application\/)?at\+jwt$/i
const anyJwt = /^(?:application\/)?(?:at\+)?jwt$/i

/** Does the header say that this is an access token (RFC 9068 §2.1)? */
export function isTypedAccessToken(typ: unknown): boolean {
  return typeof typ === 'string' && accessToken.test(typ)
}

/**
 * `typ` says that this is an access token, or in the compatible profile nothing more than a JWT. Other kinds of token
 * (DPoP proofs, logout tokens, security events, request objects…) name themselves (RFC 8725 §3.11) and are refused.
 */
export const checkTyp: Check = ({ header, rules }) => {
  const typ = member(header, 'typ')
  if (isTypedAccessToken(typ)) return
  const isUntyped = typ === undefined || (typeof typ === 'string' && anyJwt.test(typ))
  if (rules.profile === 'rfc9068' || !isUntyped) throw new Refusal('typ_not_allowed')
}

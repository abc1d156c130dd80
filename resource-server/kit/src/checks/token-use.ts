import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

/** The claims say what the issuer's access tokens say of themselves; other kinds of its tokens say something else. */
export const checkTokenUse: Check = ({ claims, rules }) => {
  for (const [name, allowed] of rules.tokenUse) {
    const value = member(claims, name)
    if (typeof value !== 'string' || !allowed.includes(value)) throw new Refusal('typ_not_allowed')
  }
}

const accessTokenTypes = ['bearer', 'dpop', 'access_token']

/**
 * Where an introspection answer says what the token is, it is an access token: refresh tokens are active too. One that
 * is said to be bound to a key, but not to which, cannot be checked (RFC 9449 §6.2).
 */
export const checkAnsweredType: Check = ({ claims }) => {
  const type = member(claims, 'token_type')
  const use = member(claims, 'token_use')
  const kind = typeof type === 'string' ? type.toLowerCase() : ''
  if (type !== undefined && !accessTokenTypes.includes(kind)) throw new Refusal('typ_not_allowed')
  if (use !== undefined && use !== 'access' && use !== 'access_token') throw new Refusal('typ_not_allowed')
  if (kind === 'dpop' && !Object.hasOwn(claims, 'cnf')) throw new Refusal('binding_not_supported')
}

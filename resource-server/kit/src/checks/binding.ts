import { Refusal } from '../refusal.ts'
import type { Check } from './context.ts'

/**
 * The token is not bound to a key (`cnf`, RFC 7800; DPoP, RFC 9449; mTLS, RFC 8705). The kit cannot yet check that the
 * caller has that key, and a bound token without its proof is what a thief has.
 */
export const checkBinding: Check = ({ claims }) => {
  if (Object.hasOwn(claims, 'cnf')) throw new Refusal('binding_not_supported')
}

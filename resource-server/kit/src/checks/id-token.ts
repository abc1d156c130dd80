import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'
import { isTypedAccessToken } from './typ.ts'

const idTokenClaims = ['nonce', 'at_hash', 'c_hash', 's_hash']

/** Not an ID token, which is for the client and no proof to anybody else (OpenID Connect Core §2, §3.3.2.11). */
export const checkNotIdToken: Check = ({ header, claims }) => {
  if (member(claims, 'token_use') === 'id') throw new Refusal('id_token')
  if (isTypedAccessToken(member(header, 'typ'))) return
  if (idTokenClaims.some((name) => Object.hasOwn(claims, name))) throw new Refusal('id_token')
}

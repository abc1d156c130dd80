import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

/** `jti` is a text, and there where the profile asks for it (RFC 9068 §2.2). */
export const checkTokenId: Check = ({ claims, rules }) => {
  const jti = member(claims, 'jti')
  if (jti === undefined && rules.profile === 'compatible') return
  if (jti === undefined) throw new Refusal('claim_missing')
  if (typeof jti !== 'string' || jti === '') throw new Refusal('malformed_claim')
}

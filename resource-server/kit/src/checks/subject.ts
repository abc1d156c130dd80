import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

/** `sub` is there (RFC 9068 §2.2), unless an option lets it be absent, and a text. */
export const checkSubject: Check = ({ claims, rules }) => {
  const sub = member(claims, 'sub')
  if (sub !== undefined && typeof sub !== 'string') throw new Refusal('malformed_claim')
  if (sub === '' || (sub === undefined && !rules.allowMissing.has('sub'))) throw new Refusal('subject_missing')
}

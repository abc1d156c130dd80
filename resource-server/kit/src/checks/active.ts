import { Refusal } from '../refusal.ts'
import { type Check, member } from './context.ts'

/** The issuer says that the token is active: `true`, and nothing like it. RFC 7662 §2.2. */
export const checkActive: Check = ({ claims }) => {
  if (member(claims, 'active') !== true) throw new Refusal('inactive')
}

/** Where the answer names an issuer, it is the one that was asked. */
export const checkAnsweredIssuer: Check = ({ claims, rules }) => {
  const issuer = member(claims, 'iss')
  if (issuer !== undefined && issuer !== rules.issuer) throw new Refusal('issuer_unknown')
}

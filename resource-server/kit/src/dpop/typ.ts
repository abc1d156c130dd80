import type { JsonObject } from '@postern/core'
import { member } from '../checks/context.ts'
import { Refusal } from '../refusal.ts'

/** The JWS is a DPoP proof and nothing else (RFC 9449 §4.3, 4), with no extension that would change its meaning. */
export function checkProofTyp(header: JsonObject): void {
  const changesMeaning = ['crit', 'zip', 'b64'].some((name) => Object.hasOwn(header, name))
  if (member(header, 'typ') !== 'dpop+jwt' || changesMeaning) throw new Refusal('dpop_proof_malformed')
}

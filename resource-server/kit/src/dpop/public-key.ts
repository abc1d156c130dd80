import type { JsonObject } from '@postern/core'
import { member } from '../checks/context.ts'
import { inspectJwk, type PublicJwk } from '../keys/inspect-jwk.ts'
import type { Algorithm } from '../options/algorithms.ts'
import { Refusal } from '../refusal.ts'

/** `jwk` is a sound public key for the algorithm, and no private one (RFC 9449 §4.3, 7). */
export function proofKeyOf(header: JsonObject, algorithm: Algorithm): PublicJwk {
  const inspected = inspectJwk(member(header, 'jwk'))
  if (!inspected.usable || !inspected.algorithms.includes(algorithm)) throw new Refusal('dpop_proof_key')
  return inspected.jwk
}

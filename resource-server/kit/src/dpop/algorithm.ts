import type { JsonObject } from '@postern/core'
import { member } from '../checks/context.ts'
import { type Algorithm, isAlgorithm } from '../options/algorithms.ts'
import { Refusal } from '../refusal.ts'

/** `alg` is one that is accepted, so asymmetric (RFC 9449 §4.3, 5). */
export function proofAlgorithmOf(header: JsonObject, allowed: ReadonlySet<string>): Algorithm {
  const alg = member(header, 'alg')
  if (!isAlgorithm(alg) || !allowed.has(alg)) throw new Refusal('dpop_proof_algorithm')
  return alg
}

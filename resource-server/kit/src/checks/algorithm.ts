import { type Algorithm, isAlgorithm } from '../options/algorithms.ts'
import { Refusal } from '../refusal.ts'
import { member, type TokenContext } from './context.ts'

/** `alg` is on the issuer's allow-list (RFC 8725 §3.1). The list can hold no `none` and nothing symmetric. */
export function algorithmOf({ header, rules }: TokenContext): Algorithm {
  const alg = member(header, 'alg')
  if (!isAlgorithm(alg) || !rules.algorithms.has(alg)) throw new Refusal('algorithm_not_allowed')
  return alg
}

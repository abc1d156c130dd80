import { member } from '../checks/context.ts'
import { Refusal } from '../refusal.ts'
import type { ProofCheck } from './context.ts'

/** `htm` is the request's method, to the letter: methods have a case (RFC 9449 §4.3, 8; RFC 9110 §9.1). */
export const checkMethod: ProofCheck = ({ claims, method }) => {
  if (member(claims, 'htm') !== method) throw new Refusal('dpop_proof_mismatch')
}

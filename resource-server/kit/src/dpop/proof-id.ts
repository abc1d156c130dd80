import { member } from '../checks/context.ts'
import { limits } from '../limits.ts'
import { Refusal } from '../refusal.ts'
import type { ProofContext } from './context.ts'

/** `jti` is there and of a size that can be kept (RFC 9449 §4.2, §11.1). */
export function proofIdOf({ claims }: ProofContext): string {
  const jti = member(claims, 'jti')
  if (typeof jti !== 'string' || jti === '' || jti.length > limits.dpopProofIdLength) {
    throw new Refusal('dpop_proof_malformed')
  }
  return jti
}

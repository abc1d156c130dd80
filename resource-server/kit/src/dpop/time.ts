import { numericDate } from '../checks/time.ts'
import { limits } from '../limits.ts'
import { Refusal } from '../refusal.ts'
import type { ProofCheck } from './context.ts'

/**
 * The proof is of now (RFC 9449 §4.3, 11, §11.1): `iat` is there, not too old and hardly ahead, unless a nonce of ours
 * already says when it was made; then the client's clock does not matter.
 */
export const checkProofTime: ProofCheck = ({ claims, now, maxAge }) => {
  const iat = readDate(claims)
  if (iat === undefined) throw new Refusal('dpop_proof_malformed')
  if (maxAge === undefined) return
  if (now - iat > maxAge || iat - now > limits.dpopAheadSeconds) throw new Refusal('dpop_proof_expired')
}

function readDate(claims: Parameters<typeof numericDate>[0]): number | undefined {
  try {
    return numericDate(claims, 'iat')
  } catch {
    return undefined
  }
}

import { member } from '../checks/context.ts'
import { Refusal } from '../refusal.ts'
import type { ProofCheck } from './context.ts'

/** `ath` is the hash of the access token that comes with the proof (RFC 9449 §4.3, 12). */
export const checkTokenHash: ProofCheck = ({ claims, tokenHash }) => {
  if (member(claims, 'ath') !== tokenHash) throw new Refusal('dpop_proof_mismatch')
}

import { type ParsedJws, parseJws } from '@postern/core'
import { limits } from '../limits.ts'
import { Refusal } from '../refusal.ts'

/**
 * Takes the one proof of a request apart (RFC 9449 §4.3, 1 and 2): a compact JWS. Two headers arrive joined by a comma,
 * which no proof has in it.
 */
export function readProof(header: string | undefined): ParsedJws {
  if (header === undefined || header === '') throw new Refusal('dpop_proof_missing')
  if (header.length > limits.dpopProofLength) throw new Refusal('dpop_proof_malformed')
  const proof = parseJws(header)
  if (proof.malformed !== undefined) throw new Refusal('dpop_proof_malformed')
  return proof
}

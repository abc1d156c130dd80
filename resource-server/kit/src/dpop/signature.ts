import { type MaybePromise, type ParsedJws, whenReady } from '@postern/core'
import { importKey, verifySignature } from '#signature'
import type { PublicJwk } from '../keys/inspect-jwk.ts'
import type { Algorithm } from '../options/algorithms.ts'
import { Refusal } from '../refusal.ts'
import type { KeyHandle } from '../tokens/signature/signature.ts'

/** The proof is signed with the key that it brings along (RFC 9449 §4.3, 6). */
export function checkProofSignature(proof: ParsedJws, algorithm: Algorithm, jwk: PublicJwk): MaybePromise<void> {
  const { signingInput, signature } = proof
  return whenReady(importOrRefuse(jwk, algorithm), (key) =>
    whenReady(verifySignature({ algorithm, key, signingInput, signature }), (isGood) => {
      if (!isGood) throw new Refusal('dpop_proof_signature')
    }),
  )
}

const refuse = (): never => {
  throw new Refusal('dpop_proof_key')
}

/** What looks like a key may be none, such as a point off its curve. */
function importOrRefuse(jwk: PublicJwk, algorithm: Algorithm): MaybePromise<KeyHandle> {
  try {
    const key = importKey(jwk, algorithm)
    return key instanceof Promise ? key.catch(refuse) : key
  } catch {
    return refuse()
  }
}

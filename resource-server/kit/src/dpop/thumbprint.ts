import { constantTimeEqual, type MaybePromise, sha256Base64url } from '@postern/core'
import type { PublicJwk } from '../keys/inspect-jwk.ts'
import { Refusal } from '../refusal.ts'
import type { ProofCheck } from './context.ts'

/** The thumbprint of a public key (RFC 7638 §3): SHA-256 over its required members in the order of their names. */
export function thumbprintOf(jwk: PublicJwk): MaybePromise<string> {
  return sha256Base64url(JSON.stringify(requiredMembers(jwk)))
}

function requiredMembers(jwk: PublicJwk): object {
  switch (jwk.kty) {
    case 'RSA':
      return { e: jwk.e, kty: jwk.kty, n: jwk.n }
    case 'EC':
      return { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }
    case 'OKP':
      return { crv: jwk.crv, kty: jwk.kty, x: jwk.x }
  }
}

/** The key that signed the proof is the one that the token is bound to (RFC 9449 §4.3, 12). */
export const checkThumbprint: ProofCheck = ({ thumbprint, boundTo }) => {
  if (!constantTimeEqual(thumbprint, boundTo)) throw new Refusal('binding_mismatch')
}

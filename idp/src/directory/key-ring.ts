import { createPrivateKey } from 'node:crypto'
import type { Sealer } from '@postern/server'
import type { KeyPair } from './key-pairs.ts'
import type { SigningAlgorithm, SigningKey } from './types.ts'

/** Closes and opens signing keys. */
export interface KeyRing {
  /** The private JWK of the key, sealed for its row. */
  seal(poolId: string, pair: KeyPair): string
  /** @throws Error when the row was changed, moved, or sealed under another encryption key */
  open(poolId: string, row: SealedKey): SigningKey
}

export interface SealedKey {
  readonly kid: string
  readonly alg: string
  readonly public_jwk: string
  readonly sealed_private: string
}

/** A sealed key opens in its own row only. */
function contextOf(poolId: string, kid: string): string {
  return `signing-key/${poolId}/${kid}`
}

export function createKeyRing(sealer: Sealer): KeyRing {
  return {
    seal: (poolId, pair) => sealer.seal(JSON.stringify(pair.privateJwk), contextOf(poolId, pair.kid)),
    open(poolId, row) {
      const privateJwk: Record<string, unknown> = JSON.parse(
        sealer.open(row.sealed_private, contextOf(poolId, row.kid)),
      )
      return {
        kid: row.kid,
        alg: row.alg as SigningAlgorithm,
        privateKey: createPrivateKey({ key: privateJwk, format: 'jwk' }),
        privateJwk,
        publicJwk: JSON.parse(row.public_jwk),
      }
    },
  }
}

import { createHash } from 'node:crypto'
import { type Clock, type JsonObject, randomBase64url, systemClock } from '@postern/core'
import type { Algorithm } from '../options/algorithms.ts'
import { assemble, createSigningKey, type SigningKey, signBytes } from './signing.ts'

/** The request that a DPoP proof is made for. */
export interface ProofTarget {
  readonly url: string
  /** The access token that goes with it. */
  readonly token: string
  /** Default POST. */
  readonly method?: string
}

/** How a proof differs from a good one; undefined takes a member away. */
export interface ProofChanges {
  readonly header?: Readonly<JsonObject>
  readonly claims?: Readonly<JsonObject>
  /** Who signs it instead. */
  readonly signer?: SigningKey
}

/** A client's key for DPoP (RFC 9449). */
export interface DpopKey {
  readonly key: SigningKey
  /** RFC 7638. What a token names in `cnf.jkt`. */
  readonly thumbprint: string
  /** A new proof: good for one request, unless the changes make it bad. */
  prove(target: ProofTarget, changes?: ProofChanges): string
}

/** Makes a key for DPoP. */
export function createDpopKey(options: { algorithm?: Algorithm; clock?: Clock } = {}): DpopKey {
  const { algorithm = 'ES256', clock = systemClock } = options
  const key = createSigningKey(algorithm)
  const jwk = key.publicKey.export({ format: 'jwk' })
  const members = Object.entries(jwk).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    key,
    thumbprint: hash(JSON.stringify(Object.fromEntries(members))),
    prove({ url, token, method = 'POST' }, { header = {}, claims = {}, signer = key } = {}) {
      const payload = {
        jti: randomBase64url(16),
        htm: method,
        htu: url,
        iat: Math.floor(clock.now() / 1000),
        ath: hash(token),
        ...claims,
      }
      return assemble({ typ: 'dpop+jwt', alg: algorithm, jwk, ...header }, payload, (input) =>
        signBytes(input, signer.algorithm, signer.privateKey),
      )
    },
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

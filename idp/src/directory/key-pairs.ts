import { generateKeyPair, generateKeyPairSync, hash, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { limits } from '../limits.ts'
import type { SigningAlgorithm } from './types.ts'

/** A fresh signing key. */
export interface KeyPair {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly publicJwk: Record<string, unknown>
  readonly privateJwk: Record<string, unknown>
}

const thumbprintMembers: Record<SigningAlgorithm, readonly string[]> = {
  ES256: ['crv', 'kty', 'x', 'y'],
  EdDSA: ['crv', 'kty', 'x'],
  RS256: ['e', 'kty', 'n'],
}

/** JWK thumbprint (RFC 7638 §3): SHA-256 over the required members in lexicographic order, base64url. */
export function thumbprint(alg: SigningAlgorithm, jwk: Readonly<Record<string, unknown>>): string {
  const required = Object.fromEntries(thumbprintMembers[alg].map((member) => [member, jwk[member]]))
  return hash('sha256', JSON.stringify(required), 'base64url')
}

function keyPair(alg: SigningAlgorithm, keys: { publicKey: KeyObject; privateKey: KeyObject }): KeyPair {
  const bare = keys.publicKey.export({ format: 'jwk' })
  const kid = thumbprint(alg, { ...bare })
  const marks = { kid, alg, use: 'sig' }
  return {
    kid,
    alg,
    publicJwk: { ...bare, ...marks },
    privateJwk: { ...keys.privateKey.export({ format: 'jwk' }), ...marks },
  }
}

const generateRsa = promisify(generateKeyPair)

async function makeRsa(): Promise<KeyPair> {
  return keyPair('RS256', await generateRsa('rsa', { modulusLength: limits.rsaBits }))
}

/** Says that the stock has no more RSA keys. The transaction is rolled back, the stock filled, the work run again. */
export class KeysWanted extends Error {
  override readonly name = 'KeysWanted'
}

/** Keys for one run of a transaction. */
export interface KeyStock {
  /** The next unused key. Throws KeysWanted where one has to be made outside the transaction. */
  take(alg: SigningAlgorithm): KeyPair
  /** Makes what was wanting, in the thread pool, and lets `take` begin again. */
  fill(): Promise<void>
}

/**
 * Elliptic keys take 0.15 ms and are made where they are needed. An RSA key takes 20 to 110 ms: made inside a
 * transaction it would hold SQLite's only connection, so it comes from a stock that is filled before.
 */
export function createKeyStock(): KeyStock {
  const made: KeyPair[] = []
  let used = 0
  return {
    take(alg) {
      if (alg === 'ES256') return keyPair(alg, generateKeyPairSync('ec', { namedCurve: 'P-256' }))
      if (alg === 'EdDSA') return keyPair(alg, generateKeyPairSync('ed25519'))
      const pair = made[used]
      if (pair === undefined) throw new KeysWanted('no RSA key in stock')
      used += 1
      return pair
    },
    async fill() {
      const wanted = Math.max(2, made.length)
      made.push(...(await Promise.all(Array.from({ length: wanted }, makeRsa))))
      used = 0
    },
  }
}

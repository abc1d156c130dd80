import { constants, createHash, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { encodeBase64url } from '@postern/core'
import type { Algorithm } from '../options/algorithms.ts'

/** A key pair of a fake issuer. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** As a key set publishes it. */
  readonly jwk: JsonWebKey & { readonly kid: string; readonly alg: string; readonly use: string }
}

const curves: Partial<Record<Algorithm, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

/** Makes a key pair for an algorithm; its id is a digest of the public key. RSA takes about 100 ms, the others one. */
export function createSigningKey(algorithm: Algorithm, { modulusLength = 2048 } = {}): SigningKey {
  const namedCurve = curves[algorithm]
  const { privateKey, publicKey } =
    namedCurve !== undefined
      ? generateKeyPairSync('ec', { namedCurve })
      : algorithm === 'EdDSA' || algorithm === 'Ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength })
  const bare = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha256').update(JSON.stringify(bare)).digest('base64url')
  return { kid, algorithm, privateKey, publicKey, jwk: { ...bare, kid, alg: algorithm, use: 'sig' } }
}

/** Signs bytes as the algorithm says (RFC 7518 §3, RFC 8037 §3.1). */
export function signBytes(data: string, algorithm: Algorithm, key: KeyObject): Uint8Array {
  const bytes = Buffer.from(data)
  if (algorithm === 'EdDSA' || algorithm === 'Ed25519') return sign(null, bytes, key)
  const hash = `sha${algorithm.slice(2)}`
  switch (algorithm.slice(0, 2)) {
    case 'ES':
      return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' })
    case 'PS':
      return sign(hash, bytes, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      })
    default:
      return sign(hash, bytes, key)
  }
}

/** One part of a compact JWS: a value as JSON, a text as it is. */
export function encodePart(part: unknown): string {
  return encodeBase64url(Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)))
}

/** Header and payload, and what a signer makes of them, as a compact JWS. */
export function assemble(header: unknown, payload: unknown, signer: (input: string) => Uint8Array | string): string {
  const input = `${encodePart(header)}.${encodePart(payload)}`
  const signature = signer(input)
  return `${input}.${typeof signature === 'string' ? signature : encodeBase64url(signature)}`
}

import { importJWK } from 'jose'
import type { Algorithm } from '../../options/algorithms.ts'
import type { ImportKey, VerifySignature } from './signature.ts'

/** Elsewhere than on Node: through WebCrypto, so a promise. A CryptoKey serves one algorithm. */
export const importKey: ImportKey = async (jwk, algorithm) => {
  const key = await importJWK({ ...jwk }, algorithm)
  if (!(key instanceof CryptoKey)) throw new TypeError('not a public key')
  return key
}

const ascii = new TextEncoder()

/** Elsewhere than on Node: through WebCrypto, so a promise. */
export const verifySignature: VerifySignature = async ({ algorithm, key, signingInput, signature }) => {
  if (!(key instanceof CryptoKey) || isOfAnotherLength(key, signature)) return false
  try {
    return await crypto.subtle.verify(parameters[algorithm], key, signature, ascii.encode(signingInput))
  } catch {
    return false
  }
}

/** RFC 8017 §8.1.2 and §8.2.2, step 1; see the variant for Node. */
function isOfAnotherLength({ algorithm }: CryptoKey, signature: Uint8Array): boolean {
  const { modulusLength } = algorithm as Partial<RsaHashedKeyAlgorithm>
  return modulusLength !== undefined && signature.length !== Math.ceil(modulusLength / 8)
}

const pkcs1 = { name: 'RSASSA-PKCS1-v1_5' }
const ed25519 = { name: 'Ed25519' }

const parameters: Readonly<Record<Algorithm, { name: string; hash?: string; saltLength?: number }>> = {
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384' },
  ES512: { name: 'ECDSA', hash: 'SHA-512' },
  RS256: pkcs1,
  RS384: pkcs1,
  RS512: pkcs1,
  PS256: { name: 'RSA-PSS', saltLength: 32 },
  PS384: { name: 'RSA-PSS', saltLength: 48 },
  PS512: { name: 'RSA-PSS', saltLength: 64 },
  EdDSA: ed25519,
  Ed25519: ed25519,
}

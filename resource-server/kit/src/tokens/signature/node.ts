import { constants, createPublicKey, KeyObject, verify } from 'node:crypto'
import type { Algorithm } from '../../options/algorithms.ts'
import { toDerSignature } from './der.ts'
import type { ImportKey, VerifySignature } from './signature.ts'

/** On Node: at once. One key object serves every algorithm of its type. */
export const importKey: ImportKey = (jwk) => createPublicKey({ key: { ...jwk }, format: 'jwk' })

/** On Node: at once, on the bare key object, which costs less than WebCrypto's detour through promises and threads. */
export const verifySignature: VerifySignature = ({ algorithm, key, signingInput, signature }) => {
  if (!(key instanceof KeyObject)) return false
  try {
    return schemes[algorithm](key, Buffer.from(signingInput, 'latin1'), signature)
  } catch {
    return false
  }
}

type Scheme = (key: KeyObject, data: Buffer, signature: Uint8Array) => boolean

function ecdsa(hash: string, bytes: number): Scheme {
  return (key, data, signature) => {
    const der = toDerSignature(signature, bytes)
    return der !== undefined && verify(hash, data, key, der)
  }
}

function pkcs1(hash: string): Scheme {
  return (key, data, signature) => verify(hash, data, key, signature)
}

/** RFC 7518 §3.5: the salt is as long as the hash. */
function pss(hash: string): Scheme {
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return (key, data, signature) => verify(hash, data, { key, ...padding }, signature)
}

const ed25519: Scheme = (key, data, signature) => verify(null, data, key, signature)

const schemes: Readonly<Record<Algorithm, Scheme>> = {
  ES256: ecdsa('sha256', 32),
  ES384: ecdsa('sha384', 48),
  ES512: ecdsa('sha512', 66),
  RS256: pkcs1('sha256'),
  RS384: pkcs1('sha384'),
  RS512: pkcs1('sha512'),
  PS256: pss('sha256'),
  PS384: pss('sha384'),
  PS512: pss('sha512'),
  EdDSA: ed25519,
  Ed25519: ed25519,
}

import { constants, createPublicKey, KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto'
import type { Algorithm } from '../../options/algorithms.ts'
import { toDerSignature } from './der.ts'
import type { ImportKey, VerifySignature } from './signature.ts'

/** On Node: at once. One key object serves every algorithm of its type. */
export const importKey: ImportKey = (jwk) => createPublicKey({ key: { ...jwk }, format: 'jwk' })

/**
 * On Node: on the bare key object, which costs less than WebCrypto's detour. The first of a turn of the event loop is
 * verified at once, which is the quickest; those that come in the same turn go to the thread pool, so that the loop goes on
 * with other requests meanwhile.
 */
export const verifySignature: VerifySignature = ({ algorithm, key, signingInput, signature }) => {
  if (!(key instanceof KeyObject)) return false
  const job = schemes[algorithm](key, signature)
  if (job === undefined) return false
  const data = Buffer.from(signingInput, 'latin1')
  return isFirstOfTurn() ? verifyNow(job, data) : verifyLater(job, data)
}

let isTurnTaken = false

function isFirstOfTurn(): boolean {
  if (isTurnTaken) return false
  isTurnTaken = true
  setImmediate(endTurn)
  return true
}

function endTurn(): void {
  isTurnTaken = false
}

/** What to verify with. */
interface Job {
  readonly hash: string | null
  readonly key: KeyObject | VerifyKeyObjectInput
  readonly signature: Uint8Array
}

function verifyNow({ hash, key, signature }: Job, data: Buffer): boolean {
  try {
    return verify(hash, data, key, signature)
  } catch {
    return false
  }
}

function verifyLater(job: Job, data: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      verify(job.hash, data, job.key, job.signature, (error, isGood) => resolve(!error && isGood === true))
    } catch {
      // Not every runtime that goes by Node's name can do it later.
      resolve(verifyNow(job, data))
    }
  })
}

/** Undefined where the signature is not of the form that the algorithm has. */
type Scheme = (key: KeyObject, signature: Uint8Array) => Job | undefined

function ecdsa(hash: string, bytes: number): Scheme {
  return (key, signature) => {
    const der = toDerSignature(signature, bytes)
    return der === undefined ? undefined : { hash, key, signature: der }
  }
}

function pkcs1(hash: string): Scheme {
  return (key, signature) => (isAsLongAsModulus(key, signature) ? { hash, key, signature } : undefined)
}

/** RFC 7518 §3.5: the salt is as long as the hash. */
function pss(hash: string): Scheme {
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  return (key, signature) =>
    isAsLongAsModulus(key, signature) ? { hash, key: { key, ...padding }, signature } : undefined
}

/** RFC 8017 §8.1.2 and §8.2.2, step 1. OpenSSL takes one whose leading zeros were left out: a second text for one token. */
function isAsLongAsModulus(key: KeyObject, signature: Uint8Array): boolean {
  return signature.length === Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

const ed25519: Scheme = (key, signature) => ({ hash: null, key, signature })

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

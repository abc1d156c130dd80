import { constants, createPublicKey, KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
// Imported, so that nobody's fake timers hold a verification up.
import { setImmediate } from 'node:timers'
import type { Algorithm } from '../../options/algorithms.ts'
import { toDerSignature } from './der.ts'
import type { ImportKey, VerifySignature } from './signature.ts'

/** On Node: at once. One key object serves every algorithm of its type. */
export const importKey: ImportKey = (jwk) => createPublicKey({ key: { ...jwk }, format: 'jwk' })

/** On Node: on the bare key object, which costs less than WebCrypto's detour. See `schedule` for when and where. */
export const verifySignature: VerifySignature = ({ algorithm, key, signingInput, signature }) => {
  if (!(key instanceof KeyObject)) return false
  const job = schemes[algorithm](key, signature)
  if (job === undefined) return false
  return schedule({ ...job, data: Buffer.from(signingInput, 'latin1') })
}

/** What to verify, and with what. */
interface Job {
  readonly hash: string | null
  readonly key: KeyObject | VerifyKeyObjectInput
  readonly signature: Uint8Array
  readonly data: Buffer
}

interface Waiting {
  readonly job: Job
  readonly resolve: (isGood: boolean) => void
}

let held: Waiting | undefined
let underWay = 0

// Where there is one processor, the thread pool has none for itself.
const mayWait = availableParallelism() > 1

/**
 * A verification that is alone is done at once, which is the quickest; those of one turn of the event loop, or that come
 * while others are under way, go to the thread pool, so that the loop goes on with other requests meanwhile. Whether one is
 * alone shows at the end of the turn.
 */
function schedule(job: Job): boolean | Promise<boolean> {
  if (!mayWait) return verifyNow(job)
  return new Promise((resolve) => {
    const waiting = { job, resolve }
    if (held === undefined && underWay === 0) {
      held = waiting
      setImmediate(endTurn)
      return
    }
    if (held !== undefined) verifyLater(takeHeld(held))
    verifyLater(waiting)
  })
}

function takeHeld(waiting: Waiting): Waiting {
  held = undefined
  return waiting
}

function endTurn(): void {
  if (held === undefined) return
  const { job, resolve } = takeHeld(held)
  resolve(verifyNow(job))
}

function verifyNow({ hash, key, signature, data }: Job): boolean {
  try {
    return verify(hash, data, key, signature)
  } catch {
    return false
  }
}

function verifyLater({ job, resolve }: Waiting): void {
  const { hash, key, signature, data } = job
  try {
    verify(hash, data, key, signature, (error, isGood) => {
      underWay -= 1
      resolve(!error && isGood === true)
    })
    underWay += 1
  } catch {
    // Not every runtime that goes by Node's name can do it later.
    resolve(verifyNow(job))
  }
}

/** Undefined where the signature is not of the form that the algorithm has. */
type Scheme = (key: KeyObject, signature: Uint8Array) => Omit<Job, 'data'> | undefined

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
  return signature.length === (modulusBytes.get(key) ?? measureModulus(key))
}

// Asking a key for its details takes as long as parsing a token's claims.
const modulusBytes = new WeakMap<KeyObject, number>()

function measureModulus(key: KeyObject): number {
  const bytes = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
  modulusBytes.set(key, bytes)
  return bytes
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

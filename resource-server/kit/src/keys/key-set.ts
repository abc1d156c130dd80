import { type MaybePromise, whenReady } from '@postern/core'
import { importKey } from '#signature'
import { limits } from '../limits.ts'
import type { Algorithm } from '../options/algorithms.ts'
import { isRecord } from '../options/fields.ts'
import type { KeyHandle } from '../tokens/signature/signature.ts'
import { type InspectedJwk, inspectJwk } from './inspect-jwk.ts'

type UsableJwk = Extract<InspectedJwk, { usable: true }>

/** A public key of an issuer. */
export interface VerificationKey {
  readonly kid: string | undefined
  readonly algorithms: readonly Algorithm[]
  /** The same key has the same identity in every version of the key set. */
  readonly identity: string
  /** The platform's form of it for one of its algorithms. */
  handle(algorithm: Algorithm): MaybePromise<KeyHandle>
}

/** One version of an issuer's keys. */
export interface KeySet {
  readonly keys: readonly VerificationKey[]
  /** Key ids of keys that are too weak to be used. */
  readonly weak: ReadonlySet<string>
  /** Entries that a well-kept key set would not have: malformed, private or weak ones. */
  readonly ignored: number
}

/**
 * Reads a JWK set (RFC 7517 §5). What cannot verify is passed over, so that one exotic or broken entry never costs the
 * good ones. A key that `previous` has already is taken over from there. Undefined where it is no JWK set.
 */
export async function readKeySet(value: unknown, previous?: KeySet): Promise<KeySet | undefined> {
  if (!isRecord(value) || !Array.isArray(value['keys'])) return undefined
  const entries = value['keys'].slice(0, limits.keysPerSet).map(inspectJwk)
  const found = await Promise.all(entries.filter((entry) => entry.usable).map(tryImport))
  const keys = new Map<string, VerificationKey>()
  for (const key of found) {
    if (key === undefined) continue
    keys.set(key.identity, previous?.keys.find(({ identity }) => identity === key.identity) ?? key)
  }
  const unusable = entries.filter((entry) => !entry.usable)
  const mistakes = unusable.filter(({ why }) => why !== 'foreign')
  const weak = unusable.filter(({ why }) => why === 'weak').flatMap(({ kid }) => (kid === undefined ? [] : [kid]))
  const off = found.filter((key) => key === undefined)
  return { keys: [...keys.values()], weak: new Set(weak), ignored: mistakes.length + off.length }
}

/** Imports a key once to see whether it is one; undefined where it is not, say because its point is off the curve. */
async function tryImport(entry: UsableJwk): Promise<VerificationKey | undefined> {
  const key = createKey(entry)
  const [first] = entry.algorithms
  if (first === undefined) return undefined
  try {
    await key.handle(first)
    return key
  } catch {
    return undefined
  }
}

function createKey({ kid, algorithms, jwk }: UsableJwk): VerificationKey {
  const handles = new Map<Algorithm, MaybePromise<KeyHandle>>()
  const importFor = (algorithm: Algorithm) => {
    const handle = importKey(jwk, algorithm)
    handles.set(algorithm, handle)
    return whenReady(handle, (ready) => {
      handles.set(algorithm, ready)
      return ready
    })
  }
  return {
    kid,
    algorithms,
    identity: JSON.stringify([kid, algorithms, Object.entries(jwk)]),
    handle: (algorithm) => handles.get(algorithm) ?? importFor(algorithm),
  }
}

import { apiKeyHint, createId, generateApiKey, hashApiKey } from '@postern/core'
import { limits } from '../limits.ts'
import { isSame } from './canonical.ts'
import { at } from './catalog-error.ts'
import type { Draft } from './draft.ts'
import { conflict, keyNotFound, refuseFaults } from './refusals.ts'
import { checkKeyCount, requireService } from './rules.ts'
import type { ApiKey, CreatedKey, KeyInput, KeyRotation } from './types.ts'

/** Makes a key with a value of ours, in the draft. */
export async function addKey(draft: Draft, serviceId: string, input: KeyInput, now: number): Promise<CreatedKey> {
  const service = requireService(draft, serviceId)
  if (!service.authorizers.some((one) => one.type === 'ApiKey')) {
    const message = 'the service takes no API keys; add {"type": "ApiKey"} to its authorizers first'
    throw conflict('conflict', '', message)
  }
  if (input.expiresAt !== undefined && input.expiresAt <= now) {
    refuseFaults([{ field: 'expiresAt', code: 'invalid', message: 'has passed; choose a later time, or leave it out' }])
  }
  const keys = draft.keysOf(serviceId)
  checkKeyCount(keys.length + 1, '')
  if (keys.some((key) => key.name === input.name)) {
    throw conflict('duplicate', 'name', 'the service has a key of this name; choose another, or delete that key')
  }
  const key = generateApiKey()
  const value = { hash: await hashApiKey(key), hint: apiKeyHint(key), expiresAt: input.expiresAt }
  const made = keyOf(input, value, { serviceId, createdAt: draft.stamp(now), seedHash: value.hash })
  const apiKey = input.keep === undefined ? made : { ...made, kept: input.keep(key) }
  draft.putKey(apiKey)
  return { apiKey, key }
}

/** Gives a key a new value of ours, in the draft. The one of now is the previous one then, and good for the grace period. */
export async function rotateKey(
  draft: Draft,
  serviceId: string,
  keyId: string,
  { grace, expiresAt }: KeyRotation,
  now: number,
): Promise<CreatedKey> {
  requireService(draft, serviceId)
  const before = draft.keysOf(serviceId).find((key) => key.id === keyId)
  if (!before) throw keyNotFound()
  refuseThird(before, grace, now)
  const end = expiresAt === undefined ? before.expiresAt : (expiresAt ?? undefined)
  if (end !== undefined && end <= now) {
    const message = 'the key has expired, and a new value would have too; give a later time, or null for none'
    refuseFaults([{ field: 'expiresAt', code: 'invalid', message }])
  }
  const key = generateApiKey()
  const { kept: _, expiresAt: __, previous: ___, ...rest } = before
  const apiKey: ApiKey = {
    ...rest,
    hash: await hashApiKey(key),
    hint: apiKeyHint(key),
    rotated: [...(before.rotated ?? []), before.hash].slice(-limits.rotatedHashes),
    ...(end === undefined ? {} : { expiresAt: end }),
    previous: {
      hash: before.hash,
      hint: before.hint,
      // A value never outlives what it was made for.
      expiresAt: Math.min(now + grace, before.expiresAt ?? Number.POSITIVE_INFINITY),
      ...(before.lastUsedAt === undefined ? {} : { lastUsedAt: before.lastUsedAt }),
    },
  }
  draft.putKey(apiKey)
  return { apiKey, key }
}

/** Two values are live at most. Without grace all that were before end, so that a leak can be stopped at any time. */
function refuseThird({ previous }: ApiKey, grace: number, now: number): void {
  if (previous === undefined || previous.expiresAt <= now || grace === 0) return
  const until = new Date(previous.expiresAt).toISOString()
  const message = `two values of this key are good until ${until}; wait for that, or give grace 0, which ends both`
  throw conflict('limit', 'grace', message)
}

/** Removes a key in the draft. */
export function removeKey(draft: Draft, serviceId: string, keyId: string): void {
  requireService(draft, serviceId)
  if (!draft.keysOf(serviceId).some((key) => key.id === keyId)) throw keyNotFound()
  draft.removeKey(serviceId, keyId)
}

/** Brings the keys of a seed, which come with their hashes, into the draft by name; with `prune`, the others go. */
export function seedKeys(
  draft: Draft,
  serviceId: string,
  inputs: readonly KeyInput[],
  prune: boolean,
  now: number,
): void {
  const known = draft.keysOf(serviceId)
  const surplus = prune ? known.filter((key) => !inputs.some((input) => input.name === key.name)) : []
  for (const key of surplus) draft.removeKey(serviceId, key.id)
  for (const [index, input] of inputs.entries()) {
    const { hash: seedHash, hint: seedHint = 'pst_…', expiresAt } = input
    if (seedHash === undefined) throw new TypeError('a seeded key brings its hash')
    const before = known.find((key) => key.name === input.name)
    const hint = before?.hash === seedHash ? before.hint : seedHint
    const value = before && isRotatedAway(before, seedHash) ? before : { hash: seedHash, hint, expiresAt }
    const after = keyOf(input, value, { serviceId, createdAt: before?.createdAt ?? draft.stamp(now), seedHash, before })
    at(`[${index}]`, () => refuseSameValue(draft, after))
    if (!isSame(before, after)) draft.putKey(after)
  }
  checkKeyCount(draft.keysOf(serviceId).length, '')
}

/**
 * A value that was rotated away stays away, however often that was and whatever its end, and so does what the seed has
 * said all along. Where nobody knows what it said, it says nothing new.
 */
function isRotatedAway({ hash, seedHash, rotated = [] }: ApiKey, seeded: string): boolean {
  return hash !== seeded && (seedHash === undefined || seedHash === seeded || rotated.includes(seeded))
}

function refuseSameValue(draft: Draft, key: ApiKey): void {
  const twin = draft
    .keysOf(key.serviceId)
    .find((other) => other.id !== key.id && [other.hash, other.seedHash, ...(other.rotated ?? [])].includes(key.hash))
  if (!twin) return
  throw conflict('duplicate', '', `the key has the value of ${twin.name}; give each its own`)
}

/** A value as it is stored, and its end: those of the one who asks, or those that the key has. */
interface KeyValue {
  readonly hash: string
  readonly hint: string
  readonly expiresAt?: number | undefined
}

interface KeyPlace {
  readonly serviceId: string
  readonly createdAt: number
  readonly seedHash: string
  readonly before?: ApiKey | undefined
}

function keyOf(input: KeyInput, { hash, hint, expiresAt }: KeyValue, place: KeyPlace): ApiKey {
  const { serviceId, createdAt, seedHash, before } = place
  return {
    id: before?.id ?? createId('key'),
    serviceId,
    name: input.name,
    hash,
    hint,
    createdAt,
    ...(before?.kept === undefined || before.hash !== hash ? {} : { kept: before.kept }),
    ...(before?.previous === undefined || before.hash !== hash ? {} : { previous: before.previous }),
    seedHash,
    ...(before?.rotated === undefined ? {} : { rotated: before.rotated }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(before?.lastUsedAt === undefined ? {} : { lastUsedAt: before.lastUsedAt }),
    ...(input.tools === undefined ? {} : { tools: input.tools }),
    ...(input.scopes === undefined ? {} : { scopes: input.scopes }),
  }
}

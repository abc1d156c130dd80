import { limits } from '../limits.ts'
import type { StoredService } from './stored.ts'
import type { ApiKey } from './types.ts'

/** All that the catalogue knows, as plain maps; only a commit changes them. */
export interface State {
  readonly services: Map<string, StoredService>
  /** By service id, then by key id. */
  readonly keys: Map<string, Map<string, ApiKey>>
}

/** Changes that are not written yet, over a state that they leave untouched. */
export interface Draft {
  get(serviceId: string): StoredService | undefined
  all(): StoredService[]
  put(service: StoredService): void
  remove(serviceId: string): void
  keysOf(serviceId: string): ApiKey[]
  putKey(key: ApiKey): void
  removeKey(serviceId: string, keyId: string): void
  /** The time of making of one more record: now, or just after the newest, so that lists keep the order of making. */
  stamp(now: number): number
  readonly changes: Changes
}

/** By service id; `undefined` is a removal. */
export interface Changes {
  readonly services: ReadonlyMap<string, StoredService | undefined>
  /** By service id, then by key id. */
  readonly keys: ReadonlyMap<string, ReadonlyMap<string, ApiKey | undefined>>
}

export function createState(services: Iterable<StoredService>, keys: Iterable<ApiKey>): State {
  const state: State = { services: new Map(), keys: new Map() }
  for (const service of services) state.services.set(service.id, service)
  for (const key of keys) below(state.keys, key.serviceId).set(key.id, key)
  return state
}

export function createDraft(state: State): Draft {
  const services = new Map<string, StoredService | undefined>()
  const keys = new Map<string, Map<string, ApiKey | undefined>>()
  let newest: number | undefined
  return {
    stamp(now) {
      newest ??= newestOf(state)
      // A clock that was once far ahead must not be followed for ever.
      newest = now > newest || newest - now > limits.stampLead ? now : newest + 1
      return newest
    },
    get: (id) => (services.has(id) ? services.get(id) : state.services.get(id)),
    all: () => merged(state.services, services),
    put(service) {
      services.set(service.id, service)
    },
    remove(id) {
      services.set(id, undefined)
      for (const key of merged(state.keys.get(id), keys.get(id))) below(keys, id).set(key.id, undefined)
    },
    keysOf: (id) => merged(state.keys.get(id), keys.get(id)),
    putKey(key) {
      below(keys, key.serviceId).set(key.id, key)
    },
    removeKey(serviceId, keyId) {
      below(keys, serviceId).set(keyId, undefined)
    },
    changes: { services, keys },
  }
}

/** Takes the changes over into the state, once they are durable. */
export function adopt(state: State, changes: Changes): void {
  for (const [id, service] of changes.services) {
    if (service) state.services.set(id, service)
    else state.services.delete(id)
  }
  for (const [serviceId, changed] of changes.keys) {
    const keys = below(state.keys, serviceId)
    for (const [keyId, key] of changed) {
      if (key) keys.set(keyId, key)
      else keys.delete(keyId)
    }
    if (keys.size === 0) state.keys.delete(serviceId)
  }
}

function newestOf({ services, keys }: State): number {
  let newest = 0
  for (const { createdAt } of services.values()) newest = Math.max(newest, createdAt)
  for (const ofOne of keys.values()) for (const { createdAt } of ofOne.values()) newest = Math.max(newest, createdAt)
  return newest
}

function below<K, V>(map: Map<string, Map<K, V>>, name: string): Map<K, V> {
  const known = map.get(name)
  if (known) return known
  const made = new Map<K, V>()
  map.set(name, made)
  return made
}

function merged<V>(
  base: ReadonlyMap<string, V> | undefined,
  over: ReadonlyMap<string, V | undefined> | undefined,
): V[] {
  const all = new Map<string, V | undefined>(base)
  for (const [id, value] of over ?? []) all.set(id, value)
  return [...all.values()].filter((value): value is V => value !== undefined)
}

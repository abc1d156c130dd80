import { type Clock, systemClock } from './clock.ts'

export interface CacheOptions {
  /** Most entries that are kept; the one not used for longest goes first. At least 1. */
  readonly max: number
  readonly clock?: Clock
}

export interface Cache<V> {
  /** The value, unless it has expired. Counts as a use. */
  get(key: string): V | undefined
  /** Keeps the value until `expiresAtMs` (epoch milliseconds; from then on it is gone). Past or NaN: not kept at all. */
  set(key: string, value: V, expiresAtMs: number): void
  /** Forgets the entry; says whether there was one. */
  delete(key: string): boolean
  clear(): void
  /** Entries held, expired ones that nobody has asked for since included. Never above `max`. */
  readonly size: number
}

interface Entry<V> {
  readonly value: V
  readonly expiresAt: number
}

/** Makes a bounded cache: least recently used out first, nothing returned at or past its expiry. */
export function createCache<V>({ max, clock = systemClock }: CacheOptions): Cache<V> {
  if (!Number.isInteger(max) || max < 1)
    throw new RangeError('max: a cache holds a whole number of entries, at least 1')
  // A Map keeps insertion order, so with every use re-inserting its entry the first key is the least recently used.
  const entries = new Map<string, Entry<V>>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (clock.now() >= entry.expiresAt) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, expiresAt) {
      entries.delete(key)
      if (!(expiresAt > clock.now())) return
      entries.set(key, { value, expiresAt })
      if (entries.size > max) dropFirst(entries)
    },
    delete: (key) => entries.delete(key),
    clear: () => entries.clear(),
    get size() {
      return entries.size
    },
  }
}

function dropFirst(entries: Map<string, unknown>): void {
  for (const key of entries.keys()) {
    entries.delete(key)
    return
  }
}

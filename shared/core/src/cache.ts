import { type Clock, systemClock } from './clock.ts'

export interface CacheOptions {
  /** Most entries that are kept; the one not used for longest goes first. At least 1. */
  readonly max: number
  readonly clock?: Clock
}

export interface Cache<V> {
  /** The value, unless it has expired. Counts as a use. `nowMs`: for who has read the clock already. */
  get(key: string, nowMs?: number): V | undefined
  /** Keeps the value until `expiresAtMs` (epoch milliseconds; from then on it is gone). Past or NaN: not kept at all. */
  set(key: string, value: V, expiresAtMs: number): void
  /** Forgets the entry; says whether there was one. */
  delete(key: string): boolean
  clear(): void
  /** Entries held, expired ones that nobody has asked for since included. Never above `max`. */
  readonly size: number
}

interface Entry<V> {
  readonly key: string
  readonly value: V
  readonly expiresAt: number
  older: Entry<V> | undefined
  newer: Entry<V> | undefined
}

/** Makes a bounded cache: least recently used out first, nothing returned at or past its expiry. */
export function createCache<V>({ max, clock = systemClock }: CacheOptions): Cache<V> {
  if (!Number.isInteger(max) || max < 1)
    throw new RangeError('max: a cache holds a whole number of entries, at least 1')
  // The order of use is a list of its own: a use moves a few references, where re-inserting into the map would have it
  // rebuilt every so often.
  const entries = new Map<string, Entry<V>>()
  let oldest: Entry<V> | undefined
  let newest: Entry<V> | undefined

  const append = (entry: Entry<V>): void => {
    entry.older = newest
    if (newest === undefined) oldest = entry
    else newest.newer = entry
    newest = entry
  }
  const unlink = (entry: Entry<V>): void => {
    const { older, newer } = entry
    if (older === undefined) oldest = newer
    else older.newer = newer
    if (newer === undefined) newest = older
    else newer.older = older
    entry.older = undefined
    entry.newer = undefined
  }
  const remove = (entry: Entry<V>): void => {
    entries.delete(entry.key)
    unlink(entry)
  }

  return {
    get(key, nowMs) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      if ((nowMs ?? clock.now()) >= entry.expiresAt) {
        remove(entry)
        return undefined
      }
      if (entry !== newest) {
        unlink(entry)
        append(entry)
      }
      return entry.value
    },
    set(key, value, expiresAt) {
      const known = entries.get(key)
      if (known !== undefined) remove(known)
      if (!(expiresAt > clock.now())) return
      const entry: Entry<V> = { key, value, expiresAt, older: undefined, newer: undefined }
      entries.set(key, entry)
      append(entry)
      if (entries.size > max && oldest !== undefined) remove(oldest)
    },
    delete(key) {
      const entry = entries.get(key)
      if (entry === undefined) return false
      remove(entry)
      return true
    },
    clear() {
      entries.clear()
      oldest = undefined
      newest = undefined
    },
    get size() {
      return entries.size
    },
  }
}

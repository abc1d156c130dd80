import type { Clock, MaybePromise } from '@postern/core'
import { limits } from '../limits.ts'
import { readClock, readNumber, readRecord } from '../options/fields.ts'

/** Remembers which proofs were used. Instances that serve the same resource share one, or a proof is good once at each. */
export interface ReplayStore {
  /**
   * Notes `id` (43 characters) until `expiresAt` (seconds since the epoch): true if it was not there, false if it was.
   * Both in one step, as `SET <id> 1 NX EXAT <expiresAt>` of Redis. An error, anything else and a late answer refuse the
   * request with 503.
   */
  add(id: string, expiresAt: number): MaybePromise<boolean>
}

export interface ReplayStoreOptions {
  /** Ids that are kept. Where that many are alive the next is refused: to drop one would let its proof be used again. */
  readonly maxEntries?: number
  readonly clock?: Clock
}

/** Makes a store in memory, for one process. Its `add` throws a RangeError while it is full. Throws `ConfigError`. */
export function createReplayStore(options: ReplayStoreOptions = {}): ReplayStore {
  readRecord(options, '', ['maxEntries', 'clock'])
  const clock = readClock(options.clock, 'clock')
  const bounds = { min: 1, max: limits.dpopReplaysMax, fallback: limits.dpopReplays }
  const maxEntries = readNumber(options.maxEntries, 'maxEntries', bounds)
  const seen = new Map<string, number>()
  let sweptAt = Number.NEGATIVE_INFINITY

  const makeRoom = (now: number): void => {
    // Ids arrive in the order in which they expire, as a rule; after a step of the clock they do not.
    for (const [oldest, end] of seen) {
      if (end > now) break
      seen.delete(oldest)
    }
    if (seen.size < maxEntries || Math.abs(now - sweptAt) < 1) return
    sweptAt = now
    for (const [id, end] of seen) if (end <= now) seen.delete(id)
  }

  return {
    add(id, expiresAt) {
      const now = clock.now() / 1000
      if ((seen.get(id) ?? 0) > now) return false
      makeRoom(now)
      if (seen.size >= maxEntries) throw new RangeError('the replay store is full')
      seen.delete(id)
      seen.set(id, expiresAt)
      return true
    },
  }
}

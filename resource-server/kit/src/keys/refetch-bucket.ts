import { type Clock, createCache } from '@postern/core'
import { limits } from '../limits.ts'

/** Says when keys may be fetched out of turn, for key ids that are not among those that are known. */
export interface RefetchBucket {
  /** Was this one looked for less than a cool-down ago, and not there? */
  isInVain(id: string): boolean
  /** Milliseconds until the next fetch is due; 0: now. */
  wait(): number
  /** A fetch begins. */
  begin(): void
  /** It is over: it had those that were looked for, or one of them, or none. */
  end(missing: readonly string[], found: boolean): void
  /** These were sent away without a fetch. */
  refused(ids: readonly string[]): void
}

/**
 * Strangers can invent key ids, and what they cause at the issuer must be bounded; yet a key that was just rotated should
 * be found at its first token. So a fetch that finds what was looked for costs nothing. Each id that was not found, and
 * each that was sent away, is a knock: the pause between two fetches is a second, doubles from the second knock on up to
 * `cooldownMs`, and one knock is forgotten per cool-down. A single stranger delays a rotated key by a second; a thousand
 * ids cause one fetch or two, then one per cool-down.
 */
export function createRefetchBucket(cooldownMs: number, clock: Clock): RefetchBucket {
  const { keyRefetchPauseMs: first, keyRefetchFreeKnocks: free, keyIdsInVain: max } = limits
  // One more than makes the pause as long as the cool-down: one is forgotten by the time that this is over.
  const most = free + 1 + Math.ceil(Math.log2(Math.max(1, cooldownMs / first)))
  const inVain = createCache<true>({ max, clock })
  const sentAway = new Set<string>()
  let last = Number.NEGATIVE_INFINITY
  let knocks = 0
  let countedAt = clock.now()

  const count = (more: number): void => {
    const now = clock.now()
    const forgotten = Math.max(0, now - countedAt) / cooldownMs
    knocks = Math.min(most, Math.max(0, knocks - forgotten) + more)
    countedAt = now
  }

  return {
    isInVain: (id) => inVain.get(id) === true,
    wait() {
      count(0)
      const elapsed = clock.now() - last
      // A clock that was set back must not close the bucket for as long.
      if (elapsed < 0) return 0
      return Math.max(0, Math.min(cooldownMs, first * 2 ** Math.max(0, knocks - free)) - elapsed)
    },
    begin() {
      last = clock.now()
      sentAway.clear()
    },
    end(missing, found) {
      for (const id of missing) inVain.set(id, true, clock.now() + cooldownMs)
      if (found) knocks = 0
      else count(missing.length)
    },
    refused(ids) {
      for (const id of ids) {
        // A client that asks again and again with one token is one knock, not many.
        if (sentAway.has(id) || sentAway.size >= max) continue
        sentAway.add(id)
        // The first may be the rotated key itself: its own delay is not to be made longer by it.
        if (sentAway.size > 1) count(1)
      }
    },
  }
}

import { type Clock, createCache } from '@postern/core'

const windowMs = 60_000
// Sums of fractions of a minute come out a hair above it.
const tolerance = 1e-3

/**
 * How often each caller asks: `perMinute` requests at once, which come back evenly over a minute. Memory is bounded:
 * beyond `max` callers, whoever was quiet for longest is forgotten, and begins anew.
 */
export interface Rates {
  /** Takes `count` requests of a caller; 0, or the seconds after which they would pass, and nothing is taken. */
  take(caller: string, count: number, perMinute: number): number
  readonly size: number
}

export function createRates(clock: Clock, max: number): Rates {
  // For each caller the time at which all of their requests have come back (GCRA's theoretical arrival time).
  const full = createCache<number>({ max, clock })
  return {
    get size() {
      return full.size
    },
    take(caller, count, perMinute) {
      const now = clock.now()
      const known = full.get(caller, now) ?? now
      const from = Math.min(Math.max(known, now), now + windowMs)
      // A clock that was set back must not lock anybody out.
      if (known > from) full.set(caller, from, from)
      const after = from + (count * windowMs) / perMinute
      const excess = after - now - windowMs
      if (excess > tolerance) return Math.max(1, Math.ceil(excess / 1000))
      full.set(caller, after, after)
      return 0
    },
  }
}

import { type Clock, createCache } from '@postern/core'
import { limits } from '../../limits.ts'
import { networkOf } from '../address.ts'

export interface Rate {
  /** Counts one more from this address; undefined: go on, else how many milliseconds to wait. */
  take(scope: string, address: string): number | undefined
}

interface Window {
  readonly count: number
  /** Epoch milliseconds. */
  readonly endsAt: number
}

const minute = 60_000

/** Counts by address, an IPv6 address as its /64, within windows of a minute. Lives in this process alone, bounded. */
export function createRate(clock: Clock, perMinute: number): Rate {
  const windows = createCache<Window>({ max: limits.countedAddresses, clock })
  return {
    take(scope, address) {
      const key = `${scope}/${networkOf(address)}`
      const now = clock.now()
      const { count, endsAt } = windows.get(key) ?? { count: 0, endsAt: now + minute }
      if (count >= perMinute) return endsAt - now
      windows.set(key, { count: count + 1, endsAt }, endsAt)
      return undefined
    },
  }
}

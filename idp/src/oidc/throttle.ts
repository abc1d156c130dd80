import { type Cache, type Clock, createCache, isId } from '@postern/core'
import { limits } from '../limits.ts'
import { networkOf } from './address.ts'

/** Who tries to authenticate, and from where. */
export interface Attempt {
  readonly poolId: string
  /** As it was claimed; need not exist. */
  readonly clientId: string
  /** Remote address of the connection. */
  readonly address: string
}

/** Slows down who sends wrong client credentials. Lives in this process alone, bounded. */
export interface Throttle {
  /** How long the attempt has to wait, in milliseconds; 0: it may go on. */
  wait(attempt: Attempt): number
  failed(attempt: Attempt): void
  succeeded(attempt: Attempt): void
}

interface Failures {
  readonly count: number
  /** Epoch milliseconds. */
  readonly blockedUntil: number
}

const none: Failures = { count: 0, blockedUntil: 0 }

/**
 * Waits are counted for the pair of client and address, so that nobody who merely knows a client's id can lock it out
 * from elsewhere. Two coarser counts stop what pairs do not see: one address that tries many clients has to wait as a
 * whole, and a client that is tried from many addresses gives each new one a single try. Neither touches a pair that
 * has succeeded lately. A pair that has to wait is refused unseen, right secret or wrong.
 */
export function createThrottle(clock: Clock): Throttle {
  const table = <V>(): Cache<V> => createCache<V>({ max: limits.throttleEntries, clock })
  const pairs = table<Failures>()
  const addresses = table<Failures>()
  const clients = table<number>()
  const trusted = table<true>()

  return {
    wait(attempt) {
      const keys = keysOf(attempt)
      const blocks = [pairs.get(keys.pair)]
      if (!trusted.get(keys.pair)) blocks.push(addresses.get(keys.address))
      return Math.max(0, ...blocks.map((block) => (block ?? none).blockedUntil - clock.now()))
    },
    failed(attempt) {
      const keys = keysOf(attempt)
      const isTrusted = trusted.get(keys.pair) === true
      const ofClient = (clients.get(keys.client) ?? 0) + 1
      const isUnderAttack = ofClient > limits.failuresPerClient && !isTrusted
      count(pairs, keys.pair, isUnderAttack ? 1 : limits.failuresPerPair)
      if (isTrusted) return
      count(addresses, keys.address, limits.failuresPerAddress)
      clients.set(keys.client, ofClient, clock.now() + limits.throttleMemoryMs)
    },
    succeeded(attempt) {
      const keys = keysOf(attempt)
      pairs.delete(keys.pair)
      trusted.set(keys.pair, true, clock.now() + limits.throttleTrustMs)
    },
  }

  function count(failures: Cache<Failures>, key: string, allowed: number): void {
    const now = clock.now()
    const total = (failures.get(key) ?? none).count + 1
    const wait = Math.min(limits.throttleFirstMs * 2 ** Math.max(0, total - allowed), limits.throttleLongestMs)
    const blockedUntil = total < allowed ? 0 : now + wait
    failures.set(key, { count: total, blockedUntil }, now + limits.throttleMemoryMs)
  }
}

interface Keys {
  readonly pair: string
  readonly address: string
  readonly client: string
}

function keysOf({ poolId, clientId, address }: Attempt): Keys {
  const network = networkOf(address)
  // Texts that can be no client's id share one entry: they must not fill the tables.
  const client = `${poolId}/${isId(clientId) ? clientId : '?'}`
  return { pair: `${client}/${network}`, address: network, client }
}

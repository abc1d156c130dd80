import { type Clock, createCache, createSingleFlight } from '@postern/core'
import type { HotClient } from '../directory/types.ts'
import { limits } from '../limits.ts'
import type { OpenPool } from './open-pools.ts'
import { Refusal } from './refusal.ts'
import type { ResolveClient } from './resolve-client.ts'

export interface Clients {
  /** The client as kept, for nothing but a look into memory. */
  peek(pool: OpenPool, clientId: string): HotClient | undefined
  /** The client, read when it is not kept. Nothing is kept of clients that do not exist, or whose document is refused. */
  find(pool: OpenPool, clientId: string): Promise<HotClient | undefined>
  /** The same; throws Refusal where there would be a client, were its document not refused. */
  findOrRefuse(pool: OpenPool, clientId: string): Promise<HotClient | undefined>
  /** The client as stored at this moment. */
  reread(pool: OpenPool, clientId: string): Promise<HotClient | undefined>
}

interface Entry {
  readonly revision: number
  readonly client: HotClient
}

/**
 * Keeps the clients in use for a few seconds, over all pools. Every write to a pool or its clients gives the pool a new
 * revision, and with it what was kept of its clients is worth nothing.
 *
 * @param resolve finds one that is not kept
 */
export function createClients(resolve: ResolveClient, clock: Clock): Clients {
  const entries = createCache<Entry>({ max: limits.cachedClients, clock })
  const flight = createSingleFlight<HotClient | undefined>()
  return { peek, find, findOrRefuse, reread: load }

  function peek({ pool }: OpenPool, clientId: string): HotClient | undefined {
    const entry = entries.get(keyOf(pool.id, clientId))
    return entry?.revision === pool.revision && isLive(entry.client) ? entry.client : undefined
  }

  async function findOrRefuse(pool: OpenPool, clientId: string): Promise<HotClient | undefined> {
    return peek(pool, clientId) ?? load(pool, clientId)
  }

  async function find(pool: OpenPool, clientId: string): Promise<HotClient | undefined> {
    try {
      return await findOrRefuse(pool, clientId)
    } catch (error) {
      if (error instanceof Refusal) return undefined
      throw error
    }
  }

  /** Clients that registered themselves are forgotten after a while. */
  function isLive({ expiresAt }: HotClient): boolean {
    return expiresAt === null || clock.now() < expiresAt
  }

  function load({ pool }: OpenPool, clientId: string): Promise<HotClient | undefined> {
    const key = keyOf(pool.id, clientId)
    // The revision is part of the flight: who has seen a newer pool must not get a read that is older.
    return flight(`${key}/${pool.revision}`, async () => {
      const found = await resolve(pool, clientId)
      const client = found !== undefined && isLive(found) ? found : undefined
      if (client === undefined) entries.delete(key)
      else entries.set(key, { revision: pool.revision, client }, clock.now() + limits.clientCacheMs)
      return client
    })
  }
}

function keyOf(poolId: string, clientId: string): string {
  return `${poolId}/${clientId}`
}

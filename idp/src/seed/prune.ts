import { sameResource } from '@postern/core'
import type { SeedPool } from '@postern/server'
import type { Rooms } from '../directory/types.ts'
import type { SeedChange } from './summary.ts'
import type { Task } from './task.ts'
import { readAll } from './walk.ts'

async function pruneClients({ rooms }: Task, { id: poolId, clients = [] }: SeedPool): Promise<SeedChange[]> {
  const kept = new Set(clients.map(({ clientId }) => clientId))
  const all = await readAll((page) => rooms.clients.list(poolId, page))
  // Those that registered themselves are in no file, and expire.
  const own = all.filter(({ registration }) => registration === 'management')
  const surplus = own.filter(({ clientId }) => !kept.has(clientId))
  for (const { clientId } of surplus) await rooms.clients.delete(poolId, clientId)
  return surplus.map(({ clientId }) => ({ kind: 'client', id: `${poolId}/${clientId}`, action: 'pruned' }))
}

async function pruneResources({ rooms, absolute, services }: Task, pool: SeedPool): Promise<SeedChange[]> {
  // Those of the seed's services were registered by the gateway, which would not do so again by itself.
  const named = [...(pool.resources ?? []).map(({ identifier }) => identifier), ...services.map(({ path }) => path)]
  const kept = named.map(absolute)
  const all = await readAll((page) => rooms.resources.list(pool.id, page))
  const surplus = all.filter((resource) => !kept.some((identifier) => sameResource(identifier, resource.identifier)))
  for (const { id } of surplus) await rooms.resources.delete(pool.id, id)
  return surplus.map(({ identifier }) => ({ kind: 'resource', id: `${pool.id}/${identifier}`, action: 'pruned' }))
}

/** Deletes the pools that the seed does not have. */
export async function prunePools(rooms: Rooms, pools: readonly SeedPool[]): Promise<SeedChange[]> {
  const kept = new Set(pools.map(({ id }) => id))
  const all = await readAll((page) => rooms.pools.list(page))
  const surplus = all.filter(({ id }) => !kept.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1))
  for (const { id } of surplus) await rooms.pools.delete(id)
  return surplus.map(({ id }) => ({ kind: 'pool', id, action: 'pruned' }))
}

async function pruneGroups({ rooms }: Task, { id: poolId, groups = [] }: SeedPool): Promise<SeedChange[]> {
  const kept = new Set(groups.map(({ id }) => id))
  const all = await readAll((page) => rooms.groups.list(poolId, page))
  const surplus = all.filter(({ id }) => !kept.has(id))
  for (const { id } of surplus) await rooms.groups.delete(poolId, id)
  return surplus.map(({ id }) => ({ kind: 'group', id: `${poolId}/${id}`, action: 'pruned' }))
}

/** Deletes what a pool has and its entry does not, but for people: they sign up by themselves. */
export async function prunePool(task: Task, pool: SeedPool): Promise<SeedChange[]> {
  return [
    ...(await pruneClients(task, pool)),
    ...(await pruneGroups(task, pool)),
    ...(await pruneResources(task, pool)),
  ]
}

import { sameResource } from '@postern/core'
import type { SeedResource } from '@postern/server'
import type { Resource, Rooms, Scope } from '../directory/types.ts'
import type { ServiceResource } from './service-resources.ts'
import { actionOf, type SeedChange } from './summary.ts'
import type { Task } from './task.ts'
import { readAll } from './walk.ts'

async function findResource(rooms: Rooms, poolId: string, identifier: string): Promise<Resource | undefined> {
  const resources = await readAll((page) => rooms.resources.list(poolId, page))
  return resources.find((resource) => sameResource(resource.identifier, identifier))
}

/** @param needed what the seed's services need in this pool */
export async function applyResource(
  task: Task,
  poolId: string,
  seed: SeedResource,
  needed: readonly ServiceResource[],
): Promise<SeedChange> {
  const { rooms, absolute } = task
  const identifier = absolute(seed.identifier)
  const before = await findResource(rooms, poolId, identifier)
  const kind = 'resource'
  if (before === undefined) {
    const scopes = withNeeded(task, seed, needed)
    const made = await rooms.resources.create(poolId, { ...seed, identifier, scopes })
    return { kind, id: `${poolId}/${made.identifier}`, action: 'created' }
  }
  const scopes = seed.scopes && withNeeded(task, seed, needed)
  const after = await rooms.resources.update(poolId, before.id, { ...seed, identifier, scopes })
  return { kind, id: `${poolId}/${before.identifier}`, action: actionOf(before, after) }
}

/** The scopes of an entry and those that its service needs, which the gateway would otherwise add anew each time. */
function withNeeded({ absolute }: Task, seed: SeedResource, needed: readonly ServiceResource[]): Scope[] {
  const scopes = seed.scopes ?? []
  const own = needed.filter(({ identifier }) => sameResource(absolute(identifier), absolute(seed.identifier)))
  const names = new Set(scopes.map(({ name }) => name))
  const missing = new Set(own.flatMap((service) => service.scopes).filter((name) => !names.has(name)))
  return [...scopes, ...[...missing].map((name) => ({ name }))]
}

/** Made where it is missing; what is there belongs to the pool's own entry, or to the gateway. */
export async function addServiceResource(
  { rooms, absolute }: Task,
  poolId: string,
  { identifier, name, scopes }: ServiceResource,
): Promise<SeedChange | undefined> {
  if ((await findResource(rooms, poolId, absolute(identifier))) !== undefined) return undefined
  const input = { identifier: absolute(identifier), name, scopes: scopes.map((scope) => ({ name: scope })) }
  const made = await rooms.resources.create(poolId, input)
  return { kind: 'resource', id: `${poolId}/${made.identifier}`, action: 'created' }
}

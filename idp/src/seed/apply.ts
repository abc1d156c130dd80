import type { Seed, SeedPool } from '@postern/server'
import type { Directory, Origin } from '../directory/types.ts'
import { applyClient } from './clients.ts'
import { applyGroup } from './groups.ts'
import { at, found } from './places.ts'
import { prunePool, prunePools } from './prune.ts'
import { addServiceResource, applyResource } from './resources.ts'
import { serviceResources } from './service-resources.ts'
import { actionOf, type SeedChange, type SeedSummary, summarize } from './summary.ts'
import type { Task } from './task.ts'
import { refuseTwins } from './twins.ts'
import { applyUser } from './users.ts'

export interface ApplyOptions {
  readonly directory: Directory
  /** Public origin of the gateway: what a resource that is a path (`/mcp`) is below of. */
  readonly gatewayUrl: string
  /** Of its services and toolsets only the resources that they need are looked at. */
  readonly seed: Pick<Seed, 'pools'> & Partial<Pick<Seed, 'services' | 'toolsets'>>
  /** Deletes what the seed does not have: pools, and resources, clients and secrets of its pools. */
  readonly prune?: boolean
  readonly origin?: Origin
}

/**
 * Makes the directory what the seed says: creates what is missing, changes what differs, leaves the rest. One
 * transaction: a mistake anywhere leaves everything as it was.
 *
 * @throws DirectoryError whose fields begin at the top of the seed: `pools[0].clients[1].resources[0]`
 */
export async function applySeed(options: ApplyOptions): Promise<SeedSummary> {
  const { directory, gatewayUrl, seed, prune = false, origin = {} } = options
  const absolute = (resource: string) => (resource.startsWith('/') ? gatewayUrl + resource : resource)
  refuseTwins(seed.pools, absolute)
  const changes = await directory.change(async (rooms) => {
    const services = [...(seed.services ?? []), ...(seed.toolsets ?? [])]
    const task: Task = { rooms, prune, services, absolute }
    const made: SeedChange[] = []
    for (const [index, pool] of inLockOrder(seed.pools)) {
      made.push(...(await at(`pools[${index}]`, () => applyPool(task, pool))))
    }
    return [...made, ...(prune ? await prunePools(rooms, seed.pools) : [])]
  }, origin)
  return summarize(changes)
}

/** Two seeds applied at once take the pools in the same order, so neither waits for the other for ever. */
function inLockOrder(pools: readonly SeedPool[]): [number, SeedPool][] {
  return [...pools.entries()].sort(([, a], [, b]) => (a.id < b.id ? -1 : 1))
}

async function applyPool(task: Task, seed: SeedPool): Promise<SeedChange[]> {
  const { rooms, prune } = task
  const { id, resources = [], clients = [], users = [], groups = [], defaultResource, ...fields } = seed
  const before = await found(rooms.pools.get(id))
  const defaults = seededDefault(task, defaultResource)
  if (before === undefined) {
    // One to come is set before the first resource, which would become the default.
    await rooms.pools.create({ ...fields, ...(defaults.toCome ? defaults.patch : {}), id, name: fields.name ?? id })
  }
  const changes: SeedChange[] = []
  const needed = serviceResources({ services: task.services }, id)
  for (const [index, resource] of resources.entries()) {
    changes.push(await at(`resources[${index}]`, () => applyResource(task, id, resource, needed)))
  }
  for (const resource of needed) {
    const change = await at('resources', () => addServiceResource(task, id, resource))
    if (change !== undefined) changes.push(change)
  }
  for (const [index, group] of groups.entries()) {
    changes.push(await at(`groups[${index}]`, () => applyGroup(task, id, group)))
  }
  for (const [index, user] of users.entries()) {
    changes.push(await at(`users[${index}]`, () => applyUser(task, id, user)))
  }
  for (const [index, client] of clients.entries()) {
    changes.push(await at(`clients[${index}]`, () => applyClient(task, id, client)))
  }
  const pruned = prune ? await prunePool(task, seed) : []
  const patch = { ...(before === undefined ? {} : fields), ...defaults.patch }
  const after = await rooms.pools.update(id, patch, { defaultToCome: defaults.toCome })
  const action = before === undefined ? 'created' : actionOf(before, after)
  return [{ kind: 'pool', id, action }, ...changes, ...pruned]
}

/** What a seed says of a pool's default; `toCome` where the resource need not exist. */
function seededDefault({ absolute }: Task, wanted: SeedPool['defaultResource']) {
  if (wanted === undefined) return { patch: {}, toCome: false }
  if (wanted === null) return { patch: { defaultResource: null }, toCome: false }
  const toCome = typeof wanted !== 'string'
  return { patch: { defaultResource: absolute(toCome ? wanted.toCome : wanted) }, toCome }
}

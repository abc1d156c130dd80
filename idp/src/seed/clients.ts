import type { SeedClient } from '@postern/server'
import type { ClientPatch } from '../directory/types.ts'
import { found } from './places.ts'
import { seededSecrets } from './secrets.ts'
import { actionOf, type SeedChange } from './summary.ts'
import type { Task } from './task.ts'

export async function applyClient(task: Task, poolId: string, seed: SeedClient): Promise<SeedChange> {
  const { rooms, absolute } = task
  const { clientId, clientSecret, secretHash, resources, defaultResource, ...rest } = seed
  const fields: ClientPatch & Pick<SeedClient, 'clientType'> = {
    ...rest,
    ...(resources === undefined ? {} : { resources: resources.map(absolute) }),
    ...(defaultResource === undefined ? {} : { defaultResource: absolute(defaultResource) }),
  }
  const change = { kind: 'client', id: `${poolId}/${clientId}` } as const
  const before = await found(rooms.clients.get(poolId, clientId))
  if (before === undefined) {
    const hashedSecrets = seededSecrets(seed) ?? []
    await rooms.clients.create(poolId, { ...fields, clientId, name: seed.name ?? clientId, hashedSecrets })
    return { ...change, action: 'created' }
  }
  const newSecret = await putSecrets(task, poolId, seed)
  const after = await rooms.clients.update(poolId, clientId, fields)
  return { ...change, action: newSecret ? 'updated' : actionOf(before, after) }
}

async function putSecrets({ rooms, prune }: Task, poolId: string, seed: SeedClient): Promise<boolean> {
  const secrets = seededSecrets(seed)
  return secrets !== undefined && (await rooms.secrets.put(poolId, seed.clientId, secrets, { exact: prune }))
}

import type { SeedGroup } from '@postern/server'
import { found } from './places.ts'
import { actionOf, type SeedChange } from './summary.ts'
import type { Task } from './task.ts'

export async function applyGroup({ rooms }: Task, poolId: string, seed: SeedGroup): Promise<SeedChange> {
  const { id, ...fields } = seed
  const change = { kind: 'group', id: `${poolId}/${id}` } as const
  const before = await found(rooms.groups.get(poolId, id))
  if (before === undefined) {
    await rooms.groups.create(poolId, { ...fields, id, name: fields.name ?? id })
    return { ...change, action: 'created' }
  }
  return { ...change, action: actionOf(before, await rooms.groups.update(poolId, id, fields)) }
}

import type { SeedUser } from '@postern/server'
import type { Rooms, User } from '../directory/types.ts'
import { found } from './places.ts'
import { actionOf, type SeedChange } from './summary.ts'
import type { Task } from './task.ts'

/** By its id or, where the seed does not say one, by any of its names. */
async function findUser(rooms: Rooms, poolId: string, seed: SeedUser): Promise<User | undefined> {
  if (seed.id !== undefined) return await found(rooms.users.get(poolId, seed.id))
  for (const name of [seed.preferredUsername, seed.email, seed.phoneNumber]) {
    if (name === undefined) continue
    const { items } = await rooms.users.list(poolId, { limit: 1 }, { name })
    if (items[0] !== undefined) return items[0]
  }
  return undefined
}

/**
 * Whoever is there keeps the password, which may have been changed since, and the status, but for DISABLED: applying a
 * file again must not open what was closed, nor undo what a person did.
 */
export async function applyUser({ rooms }: Task, poolId: string, seed: SeedUser): Promise<SeedChange> {
  const before = await findUser(rooms, poolId, seed)
  if (before === undefined) {
    const user = await rooms.users.create(poolId, { ...seed, status: seed.status ?? 'CONFIRMED' })
    return { kind: 'user', id: `${poolId}/${user.id}`, action: 'created' }
  }
  const { id: _, password, passwordHash, signedUp, status, ...fields } = seed
  const patch = status === 'DISABLED' ? { ...fields, status } : fields
  const after = await rooms.users.update(poolId, before.id, patch)
  return { kind: 'user', id: `${poolId}/${before.id}`, action: actionOf(before, after) }
}

import type { FieldError } from '@postern/server'
import { limits } from '../../limits.ts'
import { conflict, refuseFaults } from '../refusals.ts'
import type { Unit } from '../unit.ts'

async function knownGroups({ db }: Unit, poolId: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db
    .selectFrom('user_group')
    .select('id')
    .where('pool_id', '=', poolId)
    .where('id', 'in', ids)
    .execute()
  return new Set(rows.map(({ id }) => id))
}

export async function groupsOfUser({ db }: Unit, poolId: string, userId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('group_member')
    .select('group_id')
    .where('pool_id', '=', poolId)
    .where('user_id', '=', userId)
    .execute()
  return rows.map(({ group_id }) => group_id)
}

/** Makes these the groups of the user; says whether anything changed. The pool is locked. */
export async function putGroups(
  unit: Unit,
  poolId: string,
  userId: string,
  wanted: readonly string[],
): Promise<boolean> {
  const known = await knownGroups(unit, poolId, wanted)
  refuseFaults(
    wanted.flatMap((id, index): FieldError[] => {
      const message = 'the pool has no such group; create it first'
      return known.has(id) ? [] : [{ field: `groups[${index}]`, code: 'not_found', message }]
    }),
  )
  const present = await groupsOfUser(unit, poolId, userId)
  const gone = present.filter((id) => !known.has(id))
  const added = [...known].filter((id) => !present.includes(id))
  for (const groupId of gone) await removeMembership(unit, poolId, groupId, userId)
  for (const groupId of added) await addMembership(unit, poolId, groupId, userId)
  return gone.length + added.length > 0
}

/** Does nothing where it is there. */
export async function addMembership(unit: Unit, poolId: string, groupId: string, userId: string): Promise<boolean> {
  const present = await groupsOfUser(unit, poolId, userId)
  if (present.includes(groupId)) return false
  if (present.length >= limits.groupsPerUser) {
    throw conflict('limit', `A user is in at most ${limits.groupsPerUser} groups; take this one out of another first.`)
  }
  await unit.db
    .insertInto('group_member')
    .values({ pool_id: poolId, group_id: groupId, user_id: userId, created_at: unit.now })
    .execute()
  return true
}

export async function removeMembership(
  { db }: Unit,
  poolId: string,
  groupId: string,
  userId: string,
): Promise<boolean> {
  const gone = await db
    .deleteFrom('group_member')
    .where('pool_id', '=', poolId)
    .where('group_id', '=', groupId)
    .where('user_id', '=', userId)
    .returning('user_id')
    .executeTakeFirst()
  return gone !== undefined
}

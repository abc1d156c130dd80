import { createId } from '@postern/core'
import { limits } from '../../limits.ts'
import { merged, sameColumns } from '../merge.ts'
import { cutPage, isOnPage } from '../pages.ts'
import { lockPool } from '../pool-lock.ts'
import { conflict, duplicate } from '../refusals.ts'
import type { Page, PageRequest } from '../types.ts'
import type { Ground, Unit } from '../unit.ts'
import { nameKey } from './name-key.ts'
import { userNotFound } from './refusals.ts'
import type { Group, GroupInput, GroupPatch, User } from './types.ts'
import { addMembership, removeMembership } from './user-groups.ts'
import { groupFromRow, requireGroup, requireUserRow, withGroups } from './user-row.ts'
import { userEvent } from './user-writes.ts'

type GroupFields = Pick<Group, 'name' | 'description' | 'precedence'>

function groupColumns({ name, description, precedence }: GroupFields) {
  return { name, name_key: nameKey(name), description, precedence }
}

function mergeGroup(present: GroupFields, patch: GroupPatch): GroupFields {
  return {
    name: patch.name ?? present.name,
    description: merged(patch.description, present.description, null),
    precedence: merged(patch.precedence, present.precedence, null),
  }
}

async function refuseTooMany({ db }: Ground, poolId: string): Promise<void> {
  const { groups } = await db
    .selectFrom('user_group')
    .select((eb) => eb.fn.countAll<number>().as('groups'))
    .where('pool_id', '=', poolId)
    .executeTakeFirstOrThrow()
  if (groups < limits.groupsPerPool) return
  throw conflict('limit', `A pool has at most ${limits.groupsPerPool} groups; delete one first.`)
}

async function refuseTakenName({ db }: Ground, poolId: string, groupId: string, name: string): Promise<void> {
  const holder = await db
    .selectFrom('user_group')
    .select('id')
    .where('pool_id', '=', poolId)
    .where('name_key', '=', nameKey(name))
    .executeTakeFirst()
  if (holder === undefined || holder.id === groupId) return
  throw duplicate('name', 'The pool has a group with this name; choose another.')
}

function groupEvent(unit: Unit, poolId: string, reason: 'created' | 'updated' | 'deleted'): void {
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason, poolId })
}

export async function createGroup(unit: Unit, poolId: string, input: GroupInput): Promise<Group> {
  await lockPool(unit, poolId)
  await refuseTooMany(unit, poolId)
  const id = input.id ?? createId()
  await refuseTakenName(unit, poolId, id, input.name)
  const fields = mergeGroup({ name: input.name, description: null, precedence: null }, input)
  const row = { pool_id: poolId, id, ...groupColumns(fields), created_at: unit.now, updated_at: unit.now }
  await unit.db.insertInto('user_group').values(row).execute()
  groupEvent(unit, poolId, 'created')
  return groupFromRow(row)
}

export async function updateGroup(unit: Unit, poolId: string, groupId: string, patch: GroupPatch): Promise<Group> {
  await lockPool(unit, poolId)
  const group = await requireGroup(unit, poolId, groupId)
  const fields = mergeGroup(group, patch)
  const columns = groupColumns(fields)
  if (sameColumns(columns, groupColumns(group))) return group
  await refuseTakenName(unit, poolId, groupId, fields.name)
  await unit.db
    .updateTable('user_group')
    .set({ ...columns, updated_at: unit.now })
    .where('pool_id', '=', poolId)
    .where('id', '=', groupId)
    .execute()
  groupEvent(unit, poolId, 'updated')
  return { ...group, ...fields, updatedAt: unit.now }
}

export async function deleteGroup(unit: Unit, poolId: string, groupId: string): Promise<void> {
  await lockPool(unit, poolId)
  await requireGroup(unit, poolId, groupId)
  await unit.db.deleteFrom('user_group').where('pool_id', '=', poolId).where('id', '=', groupId).execute()
  groupEvent(unit, poolId, 'deleted')
}

export async function listGroups({ db }: Ground, poolId: string, page: PageRequest): Promise<Page<Group>> {
  const rows = await db
    .selectFrom('user_group')
    .selectAll()
    .where('pool_id', '=', poolId)
    .where(isOnPage(page))
    .orderBy('created_at')
    .orderBy('id')
    .limit(page.limit + 1)
    .execute()
  return cutPage(rows.map(groupFromRow), page, (group) => ({ at: group.createdAt, id: group.id }))
}

export async function addMember(unit: Unit, poolId: string, groupId: string, userId: string): Promise<void> {
  await lockPool(unit, poolId)
  await requireGroup(unit, poolId, groupId)
  await requireUserRow(unit, poolId, userId)
  if (await addMembership(unit, poolId, groupId, userId)) userEvent(unit, poolId, userId, 'updated')
}

export async function removeMember(unit: Unit, poolId: string, groupId: string, userId: string): Promise<void> {
  await lockPool(unit, poolId)
  await requireGroup(unit, poolId, groupId)
  if (!(await removeMembership(unit, poolId, groupId, userId))) throw userNotFound()
  userEvent(unit, poolId, userId, 'updated')
}

/** In the order in which they came. */
export async function listMembers(
  ground: Ground,
  poolId: string,
  groupId: string,
  page: PageRequest,
): Promise<Page<User>> {
  await requireGroup(ground, poolId, groupId)
  const rows = await ground.db
    .selectFrom('group_member')
    .innerJoin('user_account', (join) =>
      join
        .onRef('user_account.pool_id', '=', 'group_member.pool_id')
        .onRef('user_account.id', '=', 'group_member.user_id'),
    )
    .selectAll('user_account')
    .select('group_member.created_at as joined_at')
    .where('group_member.pool_id', '=', poolId)
    .where('group_member.group_id', '=', groupId)
    .where(isOnPage(page, ['group_member.created_at', 'group_member.user_id']))
    .orderBy('group_member.created_at')
    .orderBy('group_member.user_id')
    .limit(page.limit + 1)
    .execute()
  const { items, next } = cutPage(rows, page, (row) => ({ at: row.joined_at, id: row.id }))
  return { items: await withGroups(ground, poolId, items), next }
}

import { isId } from '@postern/core'
import { profileNames } from '@postern/server'
import type { Selectable } from 'kysely'
import type { UserGroupTable, UserTable } from '../../schema/people.ts'
import { poolNotFound } from '../refusals.ts'
import { flag, fromJson, jsonOrNull, poolFromRow } from '../rows.ts'
import type { Pool } from '../types.ts'
import type { Ground } from '../unit.ts'
import { groupNotFound, userNotFound } from './refusals.ts'
import type { Group, GroupOfUser, Profile, User } from './types.ts'

export type UserRow = Selectable<UserTable>

export function userFromRow(row: UserRow, groups: readonly GroupOfUser[]): User {
  return {
    poolId: row.pool_id,
    id: row.id,
    status: row.status as User['status'],
    preferredUsername: row.preferred_username,
    email: row.email,
    emailVerified: row.email_verified !== 0,
    phoneNumber: row.phone_number,
    phoneNumberVerified: row.phone_number_verified !== 0,
    profile: fromJson(row.profile),
    metadata: row.metadata === null ? null : fromJson(row.metadata),
    groups,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastSignInAt: row.last_sign_in_at,
  }
}

export type UserFields = Omit<User, 'poolId' | 'id' | 'groups' | 'createdAt' | 'updatedAt' | 'lastSignInAt'>

/** The columns that a person may set. */
export function userColumns(user: UserFields) {
  return {
    status: user.status,
    preferred_username: user.preferredUsername,
    email: user.email,
    email_verified: flag(user.emailVerified),
    phone_number: user.phoneNumber,
    phone_number_verified: flag(user.phoneNumberVerified),
    profile: JSON.stringify(inOrder(user.profile)),
    metadata: jsonOrNull(user.metadata),
  }
}

/** The same claims are the same text, in whatever order they were given. */
function inOrder(profile: Profile): Profile {
  return Object.fromEntries(
    profileNames.flatMap((claim) => (profile[claim] === undefined ? [] : [[claim, profile[claim]]])),
  )
}

/** @throws DirectoryError `not_found` */
export async function readPool({ db }: Ground, poolId: string): Promise<Pool> {
  const pool = await findPoolRow({ db }, poolId)
  if (pool === undefined) throw poolNotFound()
  return pool
}

export async function findPoolRow({ db }: Pick<Ground, 'db'>, poolId: string): Promise<Pool | undefined> {
  if (!isId(poolId)) return undefined
  const row = await db.selectFrom('pool').selectAll().where('id', '=', poolId).executeTakeFirst()
  return row && poolFromRow(row)
}

export async function findUserRow({ db }: Ground, poolId: string, userId: string): Promise<UserRow | undefined> {
  if (!isId(poolId) || !isId(userId)) return undefined
  return await db
    .selectFrom('user_account')
    .selectAll()
    .where('pool_id', '=', poolId)
    .where('id', '=', userId)
    .executeTakeFirst()
}

/** @throws DirectoryError `not_found` */
export async function requireUserRow(ground: Ground, poolId: string, userId: string): Promise<UserRow> {
  const row = await findUserRow(ground, poolId, userId)
  if (row !== undefined) return row
  await readPool(ground, poolId)
  throw userNotFound()
}

/** @param key see `nameKey` */
export async function findRowByName({ db }: Ground, poolId: string, key: string): Promise<UserRow | undefined> {
  return await db
    .selectFrom('user_name')
    .innerJoin('user_account', (join) =>
      join.onRef('user_account.pool_id', '=', 'user_name.pool_id').onRef('user_account.id', '=', 'user_name.user_id'),
    )
    .selectAll('user_account')
    .where('user_name.pool_id', '=', poolId)
    .where('user_name.name_key', '=', key)
    .executeTakeFirst()
}

/** Users with their groups: one more statement, however many they are. */
export async function withGroups(ground: Ground, poolId: string, rows: readonly UserRow[]): Promise<User[]> {
  const ids = rows.map(({ id }) => id)
  const members =
    ids.length === 0
      ? []
      : await selectMemberships(ground)
          .where('group_member.pool_id', '=', poolId)
          .where('group_member.user_id', 'in', ids)
          .execute()
  const groups = Map.groupBy(members, ({ user_id }) => user_id)
  return rows.map((row) => userFromRow(row, groupsOf(groups.get(row.id))))
}

export async function withItsGroups(ground: Ground, row: UserRow): Promise<User> {
  const [user] = await withGroups(ground, row.pool_id, [row])
  return user ?? userFromRow(row, [])
}

export function selectMemberships({ db }: Ground) {
  return db
    .selectFrom('group_member')
    .innerJoin('user_group', (join) =>
      join
        .onRef('user_group.pool_id', '=', 'group_member.pool_id')
        .onRef('user_group.id', '=', 'group_member.group_id'),
    )
    .select([
      'group_member.pool_id',
      'group_member.user_id',
      'user_group.id',
      'user_group.name',
      'user_group.precedence',
    ])
}

export type Membership = Pick<Selectable<UserGroupTable>, 'id' | 'name' | 'precedence'>

/** The lowest precedence first, those without one last, then by name. */
export function groupsOf(members: readonly Membership[] = []): GroupOfUser[] {
  const rank = ({ precedence }: Membership) => precedence ?? Number.POSITIVE_INFINITY
  const compare = (a: Membership, b: Membership) =>
    rank(a) === rank(b) ? (a.name < b.name ? -1 : 1) : rank(a) - rank(b)
  return [...members].sort(compare).map(({ id, name }) => ({ id, name }))
}

export function groupFromRow(row: Selectable<UserGroupTable>): Group {
  return {
    poolId: row.pool_id,
    id: row.id,
    name: row.name,
    description: row.description,
    precedence: row.precedence,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** @throws DirectoryError `not_found` */
export async function requireGroup({ db }: Ground, poolId: string, groupId: string): Promise<Group> {
  const isPossible = isId(poolId) && isId(groupId)
  const row = isPossible
    ? await db
        .selectFrom('user_group')
        .selectAll()
        .where('pool_id', '=', poolId)
        .where('id', '=', groupId)
        .executeTakeFirst()
    : undefined
  if (row !== undefined) return groupFromRow(row)
  if ((await findPoolRow({ db }, poolId)) === undefined) throw poolNotFound()
  throw groupNotFound()
}

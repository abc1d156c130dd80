import { cutPage, isOnPage } from '../pages.ts'
import { endSessions, lockPool } from '../pool-lock.ts'
import { refuseFaults } from '../refusals.ts'
import { noteBack } from '../revocations/endings.ts'
import type { Page, PageRequest } from '../types.ts'
import type { Ground, Unit } from '../unit.ts'
import { nameKey } from './name-key.ts'
import type { User, UserFilter, UserInput, UserPatch } from './types.ts'
import { emptyUser, mergeUser, userFaults } from './user-fields.ts'
import { putGroups } from './user-groups.ts'
import { findUserRow, requireUserRow, userFromRow, withGroups, withItsGroups } from './user-row.ts'
import { endsSessions, firstStatus, refuseStatus } from './user-status.ts'
import { changeFields, insertUser, removeUser, setUser, signUpOf, userEvent } from './user-writes.ts'

export async function createUser(unit: Unit, poolId: string, input: UserInput): Promise<User> {
  const pool = await lockPool(unit, poolId)
  const hasPassword = input.password !== undefined || input.passwordHash !== undefined
  const fields = mergeUser({ ...emptyUser, status: firstStatus(hasPassword) }, input)
  refuseFaults(userFaults(pool, fields, input))
  refuseStatus(undefined, { status: fields.status, hasPassword })
  const { password, groups } = input
  const passwordHash = password === undefined ? (input.passwordHash ?? null) : unit.passwords.take(password)
  const signedUp = input.signedUp === true ? signUpOf(unit, pool, fields) : undefined
  const user = await insertUser(unit, pool, { fields, passwordHash, id: input.id, signedUp })
  if (groups === undefined || groups === null || groups.length === 0) return user
  await putGroups(unit, poolId, user.id, groups)
  return await getUser(unit, poolId, user.id)
}

export async function getUser(ground: Ground, poolId: string, userId: string): Promise<User> {
  return await withItsGroups(ground, await requireUserRow(ground, poolId, userId))
}

export async function findUser(ground: Ground, poolId: string, userId: string): Promise<User | undefined> {
  const row = await findUserRow(ground, poolId, userId)
  return row && (await withItsGroups(ground, row))
}

export async function updateUser(unit: Unit, poolId: string, userId: string, patch: UserPatch): Promise<User> {
  const pool = await lockPool(unit, poolId)
  const row = await requireUserRow(unit, poolId, userId)
  const present = userFromRow(row, [])
  const { password, groups } = patch
  // A password that somebody else chose is changed at the next sign-in, as with a new user.
  const status =
    patch.status ?? (password === undefined || present.status === 'DISABLED' ? undefined : firstStatus(true))
  const fields = mergeUser(present, { ...patch, status })
  refuseFaults(userFaults(pool, fields, { password }))
  refuseStatus(row.status as User['status'], {
    status: fields.status,
    hasPassword: password !== undefined || row.password_hash !== null,
  })
  const hash = password === undefined ? undefined : unit.passwords.take(password)
  const changed = [
    await changeFields(unit, pool, row, fields),
    groups !== undefined && (await putGroups(unit, poolId, userId, groups ?? [])),
  ]
  if (hash !== undefined) await setUser(unit, row, { password_hash: hash })
  if (hash !== undefined || endsSessions(present.status, fields.status)) await endSessions(unit, poolId, userId)
  if (present.status === 'DISABLED' && fields.status !== 'DISABLED') await noteBack(unit, poolId, 'subject', userId)
  if (hash !== undefined || changed.includes(true)) userEvent(unit, poolId, userId, 'updated')
  return await getUser(unit, poolId, userId)
}

export async function setPassword(
  unit: Unit,
  poolId: string,
  userId: string,
  password: string,
  permanent: boolean,
): Promise<User> {
  return await updateUser(unit, poolId, userId, permanent ? { password, status: 'CONFIRMED' } : { password })
}

export async function deleteUser(unit: Unit, poolId: string, userId: string): Promise<void> {
  await lockPool(unit, poolId)
  const row = await requireUserRow(unit, poolId, userId)
  await removeUser(unit, row)
  await endSessions(unit, poolId, userId)
}

export async function listUsers(
  ground: Ground,
  poolId: string,
  page: PageRequest,
  { name, status, group }: UserFilter,
): Promise<Page<User>> {
  const rows = await ground.db
    .selectFrom('user_account')
    .selectAll()
    .where('pool_id', '=', poolId)
    .$if(status !== undefined, (query) => query.where('status', '=', status ?? ''))
    .$if(name !== undefined, (query) =>
      query.where('id', 'in', (eb) =>
        eb
          .selectFrom('user_name')
          .select('user_id')
          .where('pool_id', '=', poolId)
          .where('name_key', '=', nameKey(name ?? '')),
      ),
    )
    .$if(group !== undefined, (query) =>
      query.where('id', 'in', (eb) =>
        eb
          .selectFrom('group_member')
          .select('user_id')
          .where('pool_id', '=', poolId)
          .where('group_id', '=', group ?? ''),
      ),
    )
    .where(isOnPage(page))
    .orderBy('created_at')
    .orderBy('id')
    .limit(page.limit + 1)
    .execute()
  const users = await withGroups(ground, poolId, rows)
  return cutPage(users, page, (user) => ({ at: user.createdAt, id: user.id }))
}

import { createId } from '@postern/core'
import { hashSecret } from '@postern/server'
import { limits } from '../../limits.ts'
import { sameColumns } from '../merge.ts'
import { noteBack } from '../revocations/endings.ts'
import { flag } from '../rows.ts'
import type { Pool } from '../types.ts'
import type { Ground, Unit } from '../unit.ts'
import { attributeOf, destinationOf } from './messages.ts'
import type { User } from './types.ts'
import { namesOf, putNames, refuseTaken } from './user-names.ts'
import { type UserFields, type UserRow, userColumns, userFromRow } from './user-row.ts'

/** Events name people by a hash of their ids. */
export function userEvent(unit: Unit, poolId: string, userId: string, reason: 'created' | 'updated' | 'deleted'): void {
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason, poolId, subjectHash: hashSecret(userId) })
}

export interface NewUser {
  readonly fields: UserFields
  readonly passwordHash: string | null
  readonly id?: string | undefined
  /** Of a sign-up; where the code goes, and until when its names are kept. */
  readonly signedUp?:
    | { readonly pending: 'email' | 'phone_number' | undefined; readonly until: number | null }
    | undefined
}

/** @throws DirectoryError `duplicate` where a name is taken */
export async function insertUser(
  unit: Unit,
  pool: Pool,
  { fields, passwordHash, signedUp, ...given }: NewUser,
): Promise<User> {
  const id = given.id ?? createId()
  const names = namesOf(pool, fields, { signedUp: signedUp !== undefined, pending: signedUp?.pending })
  await refuseTaken(unit, pool.id, id, names)
  const row: UserRow = {
    pool_id: pool.id,
    id,
    ...userColumns(fields),
    password_hash: passwordHash,
    signed_up: signedUp === undefined ? 0 : 1,
    pending_until: signedUp?.until ?? null,
    created_at: unit.now,
    updated_at: unit.now,
    last_sign_in_at: null,
  }
  await unit.db.insertInto('user_account').values(row).execute()
  await noteBack(unit, pool.id, 'subject', id)
  await putNames(unit, pool.id, id, names)
  userEvent(unit, pool.id, id, 'created')
  return userFromRow(row, [])
}

/** Where the code went, and until when the names of an unconfirmed sign-up are kept. */
export function signUpOf({ now }: Ground, pool: Pool, fields: UserFields): NonNullable<NewUser['signedUp']> {
  if (fields.status !== 'UNCONFIRMED') return { pending: undefined, until: null }
  const to = destinationOf(userColumns(fields), pool.signInAttributes)
  return { pending: to && attributeOf(to), until: now + limits.pendingSignUpMs }
}

/** Where the code went that an unconfirmed sign-up waits for; it stays a name until then. */
async function pendingOf({ db }: Ground, row: UserRow): Promise<'email' | 'phone_number' | undefined> {
  if (row.status !== 'UNCONFIRMED') return undefined
  const names = await db
    .selectFrom('user_name')
    .select('attribute')
    .where('pool_id', '=', row.pool_id)
    .where('user_id', '=', row.id)
    .where('attribute', 'in', ['email', 'phone_number'])
    .execute()
  const isOpen = ({ attribute }: { attribute: string }) =>
    attribute === 'email' ? row.email_verified === 0 : row.phone_number_verified === 0
  return names.filter(isOpen).map(({ attribute }) => attribute as 'email' | 'phone_number')[0]
}

function movesAddress(row: UserRow, fields: UserFields): boolean {
  return row.email !== fields.email || row.phone_number !== fields.phoneNumber
}

async function renameUser(unit: Unit, pool: Pool, row: UserRow, fields: UserFields, signedUp: boolean): Promise<void> {
  const names = namesOf(pool, fields, { signedUp, pending: await pendingOf(unit, row) })
  await refuseTaken(unit, pool.id, row.id, names)
  await putNames(unit, pool.id, row.id, names)
}

export async function setUser(
  { db, now }: Unit,
  { pool_id, id }: Pick<UserRow, 'pool_id' | 'id'>,
  columns: Partial<Omit<UserRow, 'pool_id' | 'id'>>,
): Promise<void> {
  await db
    .updateTable('user_account')
    .set({ ...columns, updated_at: now })
    .where('pool_id', '=', pool_id)
    .where('id', '=', id)
    .execute()
}

/** Takes a change of fields to the row; says whether there was one. */
export async function changeFields(unit: Unit, pool: Pool, row: UserRow, fields: UserFields): Promise<boolean> {
  const before = userColumns(userFromRow(row, []))
  const columns = userColumns(fields)
  if (sameColumns(before, columns)) return false
  const moved = movesAddress(row, fields)
  // A code shows that the person reads what comes to the address of before. Codes always go first: see `settle`.
  if (moved) await dropCodes(unit, row)
  // Whoever sets an address or a status for somebody answers for the addresses.
  const signedUp = row.signed_up !== 0 && !moved && row.status === fields.status
  await renameUser(unit, pool, row, fields, signedUp)
  const settled = fields.status === 'UNCONFIRMED' ? {} : { pending_until: null }
  await setUser(unit, row, { ...columns, ...settled, signed_up: flag(signedUp) })
  return true
}

export async function removeUser(unit: Unit, { pool_id, id }: Pick<UserRow, 'pool_id' | 'id'>): Promise<void> {
  await dropCodes(unit, { pool_id, id })
  await unit.db.deleteFrom('user_account').where('pool_id', '=', pool_id).where('id', '=', id).execute()
  userEvent(unit, pool_id, id, 'deleted')
}

async function dropCodes({ db }: Unit, { pool_id, id }: Pick<UserRow, 'pool_id' | 'id'>): Promise<void> {
  await db.deleteFrom('user_code').where('pool_id', '=', pool_id).where('subject', '=', id).execute()
}

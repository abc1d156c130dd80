import { offersOf } from '../development-only.ts'
import { endSessions } from '../pool-lock.ts'
import type { Pool } from '../types.ts'
import type { Unit } from '../unit.ts'
import { type AccountsContext, noteRefusal, waitOutcome } from './accounts-context.ts'
import type { Accounts, ConfirmOutcome, FinishOutcome, RecoveryOutcome, SendOutcome } from './accounts-types.ts'
import { noteFailure, noteSending, noteSuccess, waitFor, waitToSend } from './attempts.ts'
import { type Destination, dropCode, tryCode } from './codes.ts'
import { sendCode, standIn } from './messages.ts'
import { nameKey } from './name-key.ts'
import { passwordFaults } from './password-policy.ts'
import type { CodeKind, User } from './types.ts'
import { ownNames } from './user-fields.ts'
import { findHolders, namesOf, putNames } from './user-names.ts'
import { findPoolRow, findRowByName, readPool, type UserRow, userFromRow, withItsGroups } from './user-row.ts'
import { userEvent } from './user-writes.ts'

type Named = Parameters<Accounts['startRecovery']>[1]
type Coded = Parameters<Accounts['confirm']>[1]
type Recovered = Parameters<Accounts['finishRecovery']>[1]

/** Whom a code of this kind is for. */
function isFor(kind: CodeKind, row: UserRow | undefined): row is UserRow {
  if (row === undefined) return false
  return kind === 'confirmation' ? row.status === 'UNCONFIRMED' : row.status !== 'DISABLED'
}

async function send(context: AccountsContext, kind: CodeKind, pool: Pool, request: Named): Promise<SendOutcome> {
  const { name, address, requestId } = request
  const poolId = pool.id
  const sending = { poolId, names: [name], address }
  const wait = await context.read((ground) => waitToSend(ground, sending))
  if (wait > 0) {
    noteRefusal(context, { poolId, reason: 'throttled', requestId })
    return waitOutcome(wait)
  }
  return await context.write({ requestId })(async (unit) => {
    await noteSending(unit, sending)
    const row = await findRowByName(unit, poolId, nameKey(name))
    await sendCode(unit, context, kind, { pool, name, row: isFor(kind, row) ? row : undefined })
    return { outcome: 'ok' }
  })
}

/** A new confirmation code for who waits for one; the same answer for whoever else is named. */
export async function sendConfirmation(context: AccountsContext, poolId: string, request: Named): Promise<SendOutcome> {
  const pool = await context.read((ground) => findPoolRow(ground, poolId))
  if (pool === undefined || !pool.enabled) return { outcome: 'ok' }
  return await send(context, 'confirmation', pool, request)
}

export async function startRecovery(
  context: AccountsContext,
  poolId: string,
  request: Named,
): Promise<RecoveryOutcome> {
  const pool = await context.read((ground) => findPoolRow(ground, poolId))
  if (pool === undefined || !pool.enabled || !offersOf(pool, context.mode).recovery) return { outcome: 'off' }
  return await send(context, 'recovery', pool, request)
}

interface Right {
  readonly row: UserRow
  readonly sent: Destination
}

/** One try of a code: counted for the code, and, where it is wrong, for name and address, whoever is named. */
async function tryFor(
  context: AccountsContext,
  unit: Unit,
  kind: CodeKind,
  request: Coded & { readonly poolId: string },
): Promise<Right | undefined> {
  const { poolId, name, code, requestId } = request
  const row = await findRowByName(unit, poolId, nameKey(name))
  const subject = isFor(kind, row) ? row.id : standIn(name)
  const sent = await tryCode(unit, context.sealer, { poolId, subject, kind }, code)
  if (isFor(kind, row) && sent !== undefined) return { row, sent }
  await noteFailure(unit, 'code', request)
  noteRefusal(context, { poolId, reason: 'wrong_code', userId: row?.id, requestId })
  return undefined
}

/** The address that the code went to is the user's own, if it still is an address of the user. */
function verifiedBy(row: UserRow, { channel, to }: Destination): Partial<UserRow> {
  if (channel === 'email') return row.email === to ? { email_verified: 1 } : {}
  return row.phone_number === to ? { phone_number_verified: 1 } : {}
}

/** What was found when the code was tried is no longer so. Nothing is written; to the person the code is wrong. */
class Overtaken extends Error {
  override readonly name = 'Overtaken'
}

/**
 * Confirms the user, with what the code has shown. Locks are taken in the order code, names, user, as by every write
 * to a user, so that none waits for the other.
 */
async function settle(unit: Unit, { row, sent }: Right, more: Partial<UserRow>): Promise<User> {
  const pool = await readPool(unit, row.pool_id)
  const columns = { ...verifiedBy(row, sent), status: 'CONFIRMED', pending_until: null, ...more, updated_at: unit.now }
  const after = { ...row, ...columns }
  const names = namesOf(pool, userFromRow(after, []), { signedUp: row.signed_up !== 0 })
  const holders = await findHolders(unit, row.pool_id, names)
  // An address that is verified only now may be the name of somebody else, who keeps it.
  const others = new Set(holders.filter(({ user_id }) => user_id !== row.id).map(({ name_key }) => name_key))
  const own = names.filter(({ key }) => !others.has(key))
  await putNames(unit, row.pool_id, row.id, own)
  const same = await unit.db
    .updateTable('user_account')
    .set(columns)
    .where('pool_id', '=', row.pool_id)
    .where('id', '=', row.id)
    .where('status', '=', row.status)
    .where((eb) => (row.email === null ? eb('email', 'is', null) : eb('email', '=', row.email)))
    .returning('id')
    .executeTakeFirst()
  if (same === undefined) throw new Overtaken('the user was changed meanwhile')
  userEvent(unit, row.pool_id, row.id, 'updated')
  return await withItsGroups(unit, after)
}

/** Runs the write of who has the right code. */
async function settling<T>(work: Promise<T>): Promise<T | { readonly outcome: 'wrong' }> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Overtaken) return { outcome: 'wrong' }
    throw error
  }
}

export async function confirm(context: AccountsContext, poolId: string, request: Coded): Promise<ConfirmOutcome> {
  const attempt = { poolId, ...request }
  const pool = await context.read((ground) => findPoolRow(ground, poolId))
  if (pool === undefined || !pool.enabled) return { outcome: 'wrong' }
  const wait = await context.read((ground) => waitFor(ground, 'code', attempt))
  if (wait > 0) return throttled(context, poolId, request, wait)
  const work = context.write({ requestId: request.requestId })(async (unit): Promise<ConfirmOutcome> => {
    const right = await tryFor(context, unit, 'confirmation', attempt)
    if (right === undefined) return { outcome: 'wrong' }
    await dropCode(unit, { poolId, subject: right.row.id, kind: 'confirmation' })
    return { outcome: 'ok', user: await settle(unit, right, {}) }
  })
  return await settling(work)
}

function throttled(context: AccountsContext, poolId: string, { requestId }: Named, wait: number) {
  noteRefusal(context, { poolId, reason: 'throttled', requestId })
  return waitOutcome(wait)
}

/** The password is looked at first, without regard to who is named; it is hashed only for who has the code. */
export async function finishRecovery(
  context: AccountsContext,
  poolId: string,
  request: Recovered,
): Promise<FinishOutcome> {
  const { name, password, requestId } = request
  const attempt = { poolId, ...request }
  const pool = await context.read((ground) => findPoolRow(ground, poolId))
  if (pool === undefined || !pool.enabled || !offersOf(pool, context.mode).recovery) return { outcome: 'wrong' }
  const errors = passwordFaults(pool.passwordPolicy, password, [name])
  if (errors.length > 0) return { outcome: 'invalid', errors }
  const wait = await context.read((ground) => waitFor(ground, 'code', attempt))
  if (wait > 0) return throttled(context, poolId, request, wait)
  const right = await context.write({ requestId })((unit) => consume(context, unit, attempt))
  if (right === undefined) return { outcome: 'wrong' }
  if ('errors' in right) return { outcome: 'invalid', errors: right.errors }
  const password_hash = await context.passwords.hash(password)
  const work = context.write({ requestId })(async (unit): Promise<FinishOutcome> => {
    const user = await settle(unit, right, { password_hash })
    await endSessions(unit, poolId, user.id)
    await noteSuccess(unit, 'password', attempt)
    return { outcome: 'ok', user }
  })
  return await settling(work)
}

/** Who has the right code is told as well what only concerns her own names; the code stays good for another try then. */
async function consume(context: AccountsContext, unit: Unit, attempt: Recovered & { readonly poolId: string }) {
  const { poolId, password } = attempt
  const right = await tryFor(context, unit, 'recovery', attempt)
  if (right === undefined) return undefined
  const pool = await readPool(unit, poolId)
  const errors = passwordFaults(pool.passwordPolicy, password, ownNames(userFromRow(right.row, [])))
  if (errors.length > 0) return { errors }
  await dropCode(unit, { poolId, subject: right.row.id, kind: 'recovery' })
  return right
}

import { createHash } from 'node:crypto'
import type { Reason } from '@postern/core'
import { hashSecret } from '@postern/server'
import { limits } from '../../limits.ts'
import type { Ground, Unit } from '../unit.ts'
import { type AccountsContext, noteRefusal, waitOutcome } from './accounts-context.ts'
import type { Accounts, SignInOutcome } from './accounts-types.ts'
import { noteFailure, noteSuccess, waitFor } from './attempts.ts'
import { nameKey } from './name-key.ts'
import { findPoolRow, findRowByName, type UserRow, withItsGroups } from './user-row.ts'

type Request = Parameters<Accounts['signIn']>[1]

interface Compared {
  readonly row: UserRow | undefined
  readonly isRight: boolean
  /** The same password, hashed at the present cost, where it was hashed at less. */
  readonly better: string | undefined
}

/**
 * One name and password. Whether the name exists, has a password, is disabled or none of it: the same statements run,
 * one hash is computed, one failure is counted, and one answer is given. Those being checked at once are few, so no
 * burst of guesses gets past the counts.
 */
export async function signIn(context: AccountsContext, poolId: string, request: Request): Promise<SignInOutcome> {
  const { line, read } = context
  const pool = await read((ground) => findPoolRow(ground, poolId))
  if (pool === undefined || !pool.enabled) return { outcome: 'wrong' }
  const attempt = { poolId, name: request.name, address: request.address }
  const refuse = (ms: number): SignInOutcome => {
    noteRefusal(context, { poolId, reason: 'throttled', requestId: request.requestId })
    return waitOutcome(ms)
  }
  const before = await read((ground) => waitFor(ground, 'password', attempt))
  if (before > 0) return refuse(before)
  if (line.isFull) return refuse(limits.passwordsBusy * 1000)
  return await line.run(async () => {
    const wait = await read((ground) => waitFor(ground, 'password', attempt))
    return wait > 0 ? refuse(wait) : await check(context, poolId, request)
  })
}

async function check(context: AccountsContext, poolId: string, request: Request): Promise<SignInOutcome> {
  const { requestId } = request
  const compared = await compare(context, poolId, request)
  const { row } = compared
  const reason = refusalOf(compared)
  return await context.write({ requestId })(async (unit): Promise<SignInOutcome> => {
    if (row === undefined || reason !== undefined) {
      await noteFailure(unit, 'password', { poolId, ...request })
      noteRefusal(context, { poolId, reason: reason ?? 'unknown_user', userId: row?.id, requestId })
      return { outcome: 'wrong' }
    }
    await noteSuccess(unit, 'password', { poolId, ...request })
    return await admit(unit, row, compared.better)
  })
}

async function compare({ read, passwords }: AccountsContext, poolId: string, request: Request): Promise<Compared> {
  const { row, decoy } = await read((ground) => look(ground, poolId, nameKey(request.name)))
  const hash = row?.password_hash ?? undefined
  const fits = await passwords.verify(request.password, hash ?? decoy ?? passwords.nobody())
  const isRight = fits && hash !== undefined
  const better = isRight && passwords.isOutdated(hash) ? await passwords.hash(request.password) : undefined
  return { row, isRight, better }
}

function refusalOf({ row, isRight }: Compared): Reason | undefined {
  if (row === undefined) return 'unknown_user'
  if (!isRight) return 'wrong_password'
  return row.status === 'DISABLED' ? 'user_disabled' : undefined
}

/** The user of that name, and the hash of some other user, always the same one for the name. */
async function look(ground: Ground, poolId: string, key: string) {
  const row = await findRowByName(ground, poolId, key)
  const other = await ground.db
    .selectFrom('user_account')
    .select('password_hash')
    .where('pool_id', '=', poolId)
    .where('id', '>=', placeOf(poolId, key))
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return { row, decoy: other?.password_hash ?? undefined }
}

const idAlphabet = '0123456789abcdefghijklmnopqrstuv'

/**
 * Somewhere among the ids of users. Hashes that came from elsewhere cost more or less than ours: a name that nobody
 * has costs what one of the users' does, so that its time is like somebody's too.
 */
function placeOf(poolId: string, key: string): string {
  const bytes = createHash('sha256').update(`${poolId}\n${key}`).digest()
  return [...bytes.subarray(0, 24)].map((byte) => idAlphabet.charAt(byte & 31)).join('')
}

async function admit(unit: Unit, row: UserRow, better: string | undefined): Promise<SignInOutcome> {
  const isIn = row.status === 'CONFIRMED'
  const same = await unit.db
    .updateTable('user_account')
    .set({
      ...(isIn ? { last_sign_in_at: unit.now } : {}),
      ...(better === undefined ? {} : { password_hash: better }),
      status: row.status,
    })
    .where('pool_id', '=', row.pool_id)
    .where('id', '=', row.id)
    // Was it changed since it was compared, then what was compared does not hold.
    .where('password_hash', '=', row.password_hash)
    .where('status', '=', row.status)
    .returning('id')
    .executeTakeFirst()
  if (same === undefined) return { outcome: 'wrong' }
  const user = await withItsGroups(unit, { ...row, last_sign_in_at: isIn ? unit.now : row.last_sign_in_at })
  if (row.status === 'UNCONFIRMED') return { outcome: 'unconfirmed', user }
  if (row.status === 'FORCE_CHANGE_PASSWORD') return { outcome: 'new_password', user }
  const subjectHash = hashSecret(row.id)
  unit.event({ kind: 'access.verified', outcome: 'ok', reason: 'ok', poolId: row.pool_id, subjectHash })
  return { outcome: 'ok', user }
}

import { DirectoryError } from '../directory-error.ts'
import type { AccountsContext } from './accounts-context.ts'
import type { Accounts, NewPasswordOutcome } from './accounts-types.ts'
import { passwordFaults } from './password-policy.ts'
import { userNotFound } from './refusals.ts'
import { ownNames } from './user-fields.ts'
import { readPool, requireUserRow, userFromRow, withItsGroups } from './user-row.ts'
import { setUser, userEvent } from './user-writes.ts'

type Request = Parameters<Accounts['setNewPassword']>[2]

/** For who has just signed in with a password that must be changed. What she signed in to before is ended already. */
export async function setNewPassword(
  context: AccountsContext,
  poolId: string,
  userId: string,
  { password, requestId }: Request,
): Promise<NewPasswordOutcome> {
  const { pool, row } = await context.read(async (ground) => {
    const found = await requireUserRow(ground, poolId, userId)
    return { pool: await readPool(ground, poolId), row: found }
  })
  if (row.status === 'DISABLED') throw userNotFound()
  const errors = passwordFaults(pool.passwordPolicy, password, ownNames(userFromRow(row, [])))
  if (errors.length > 0) return { outcome: 'invalid', errors }
  if (row.password_hash !== null && (await context.passwords.verify(password, row.password_hash))) {
    const message = 'is the one that has to be changed; choose another'
    return { outcome: 'invalid', errors: [{ field: 'password', code: 'invalid', message }] }
  }
  const password_hash = await context.passwords.hash(password)
  return await context.write({ requestId })(async (unit): Promise<NewPasswordOutcome> => {
    const now = await requireUserRow(unit, poolId, userId)
    // Somebody changed it meanwhile: what was proven no longer holds.
    if (now.password_hash !== row.password_hash || now.status === 'DISABLED') throw changedMeanwhile()
    const status = now.status === 'FORCE_CHANGE_PASSWORD' ? 'CONFIRMED' : now.status
    const signedIn = status === 'CONFIRMED' ? { last_sign_in_at: unit.now } : {}
    await setUser(unit, now, { password_hash, status, ...signedIn })
    userEvent(unit, poolId, userId, 'updated')
    const user = await withItsGroups(unit, { ...now, status, ...signedIn, updated_at: unit.now })
    return { outcome: 'ok', user }
  })
}

function changedMeanwhile(): DirectoryError {
  return new DirectoryError('conflict', 'conflict', 'The password was changed meanwhile; sign in again.')
}

import type { Clock } from '@postern/core'
import { limits } from '../../limits.ts'
import { offersOf } from '../development-only.ts'
import type { AccountsContext } from './accounts-context.ts'
import type { Accounts } from './accounts-types.ts'
import { confirm, finishRecovery, sendConfirmation, startRecovery } from './confirm.ts'
import { createLine } from './line.ts'
import { nameKey } from './name-key.ts'
import { setNewPassword } from './new-password.ts'
import { signIn } from './sign-in.ts'
import { signUp } from './sign-up.ts'
import { sweepPeople } from './sweep.ts'
import { findPoolRow, findRowByName, withItsGroups } from './user-row.ts'
import { findUser } from './users.ts'

export interface AccountsOptions extends Omit<AccountsContext, 'line'> {
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

/** Runs what is due now and then, along with what people do: no timer is needed. */
function createSweeper({ clock, read, onError }: AccountsOptions): () => Promise<void> {
  let due = clock.now() + limits.peopleSweepMs
  return async () => {
    const now = clock.now()
    if (now < due) return
    due = now + limits.peopleSweepMs
    await read(sweepPeople).catch(onError)
  }
}

/** What pages and flows use for people. */
export function createAccounts(options: AccountsOptions): Accounts {
  const line = createLine({ width: limits.passwordsAtOnce, waiting: limits.passwordsWaiting })
  const context: AccountsContext = { ...options, line }
  const sweep = createSweeper(options)
  /** The same for every call, so that it tells nothing about any. */
  const swept = <A extends unknown[], T>(work: (context: AccountsContext, ...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      await sweep()
      return await work(context, ...args)
    }
  }
  return {
    find: (poolId, userId) => options.read((ground) => findUser(ground, poolId, userId)),
    findByName: (poolId, name) =>
      options.read(async (ground) => {
        if ((await findPoolRow(ground, poolId)) === undefined) return undefined
        const row = await findRowByName(ground, poolId, nameKey(name))
        return row === undefined ? await findUser(ground, poolId, name) : await withItsGroups(ground, row)
      }),
    offers: (pool) => offersOf(pool, options.mode),
    signIn: swept(signIn),
    signUp: swept(signUp),
    confirm: swept(confirm),
    sendConfirmation: swept(sendConfirmation),
    startRecovery: swept(startRecovery),
    finishRecovery: swept(finishRecovery),
    setNewPassword: swept(setNewPassword),
  }
}

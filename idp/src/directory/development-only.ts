import { type FieldError, type Mode, StartError, type Store } from '@postern/server'
import type { IdpDatabase } from '../schema.ts'
import { refuseFaults } from './refusals.ts'
import type { Client, ClientPatch, Pool, PoolPatch } from './types.ts'

/** Whether clients may register themselves in the pool: never in production, in development unless it is switched off. */
export function registersDynamically(pool: Pick<Pool, 'dynamicRegistrationEnabled'>, mode: Mode): boolean {
  return mode === 'development' && pool.dynamicRegistrationEnabled !== false
}

/**
 * The user for whom everything is approved without a person: the client's, else the pool's; an id or a name to sign in
 * with. Never in production, whatever is stored.
 */
export function unattendedUserOf(
  pool: Pick<Pool, 'unattendedUser'>,
  client: Pick<Client, 'unattendedUser'>,
  mode: Mode,
): string | undefined {
  return mode === 'development' ? (client.unattendedUser ?? pool.unattendedUser ?? undefined) : undefined
}

/** What people may do by themselves. Codes go to the outbox, which is for development: elsewhere, nothing is begun that needs one. */
export interface Offers {
  readonly signUp: boolean
  readonly recovery: boolean
}

export function offersOf(
  pool: Pick<Pool, 'selfSignUpEnabled' | 'signUpAutoVerificationEnabled' | 'selfAccountRecoveryEnabled'>,
  mode: Mode,
): Offers {
  const sendsCodes = mode === 'development'
  return {
    signUp: pool.selfSignUpEnabled && (sendsCodes || pool.signUpAutoVerificationEnabled),
    recovery: pool.selfAccountRecoveryEnabled && sendsCodes,
  }
}

const noUnattended: FieldError = {
  field: 'unattendedUser',
  code: 'invalid',
  message: 'approves without a person, which is for tests and refused in production; remove it',
}

const noRegistration: FieldError = {
  field: 'dynamicRegistrationEnabled',
  code: 'invalid',
  message:
    'lets anybody register a client, which is refused in production; remove it: clients are registered by the management API or by a metadata document',
}

/** Refuses what production does not take, of what is being set. */
export function refuseInProduction(mode: Mode, patch: PoolPatch | ClientPatch): void {
  if (mode !== 'production') return
  const isUnattended = patch.unattendedUser !== undefined && patch.unattendedUser !== null
  const registers = 'dynamicRegistrationEnabled' in patch && patch.dynamicRegistrationEnabled === true
  refuseFaults([...(isUnattended ? [noUnattended] : []), ...(registers ? [noRegistration] : [])])
}

/**
 * Looks for what development left in the database.
 *
 * @throws StartError which names the pool, and the mend
 */
export async function refuseDevelopmentPools({ db }: Pick<Store<IdpDatabase>, 'db'>, mode: Mode): Promise<void> {
  if (mode !== 'production') return
  const pool = await db
    .selectFrom('pool')
    .select(['id', 'unattended_user'])
    .where((eb) => eb.or([eb('unattended_user', 'is not', null), eb('dynamic_registration_enabled', '=', 1)]))
    .limit(1)
    .executeTakeFirst()
  if (pool !== undefined) {
    const field = pool.unattended_user === null ? 'dynamicRegistrationEnabled' : 'unattendedUser'
    throw left(`user pool ${pool.id} has ${field}`)
  }
  const client = await db
    .selectFrom('client')
    .select(['pool_id', 'client_id'])
    .where('unattended_user', 'is not', null)
    .limit(1)
    .executeTakeFirst()
  if (client !== undefined) throw left(`client ${client.client_id} of user pool ${client.pool_id} has unattendedUser`)
}

function left(what: string): StartError {
  return new StartError(
    'setting',
    `POSTERN_MODE=production does not start with this database: ${what}, which is for development; ` +
      'start once with POSTERN_MODE=development and set it to null',
  )
}

import type { Clock } from '@postern/core'
import type { Kysely } from 'kysely'
import { limits } from '../limits.ts'
import type { IdpDatabase } from '../schema.ts'
import { createClient } from './clients.ts'
import type { KeyRing } from './key-ring.ts'
import { lockPool } from './pool-lock.ts'
import { conflict } from './refusals.ts'
import type { Client, ClientInput, CreatedClient, Origin } from './types.ts'
import type { Unit, Write } from './unit.ts'

/** What a client that registers itself may say of itself: grants of scopes and resources are not among it. */
export type RegistrationInput = Pick<
  ClientInput,
  | 'name'
  | 'clientType'
  | 'tokenEndpointAuthMethod'
  | 'grantTypes'
  | 'redirectUris'
  | 'postLogoutRedirectUris'
  | 'jwks'
  | 'jwksUri'
  | 'logoUri'
  | 'clientUri'
>

/** Clients that register themselves (RFC 7591). They are clients like all others, but for their end. */
export interface Registrations {
  /**
   * Makes a client that is forgotten when it gets no token soon. It may ask for all resources and scopes of the pool,
   * for it is a person who grants them.
   *
   * @throws DirectoryError `conflict`, code `limit`: the pool has as many as it may
   */
  register(poolId: string, input: RegistrationInput, origin?: Origin): Promise<CreatedClient>
  /** Notes that the client got a token, so that it is kept. Writes once a day at most. */
  used(client: Pick<Client, 'poolId' | 'clientId' | 'registration' | 'expiresAt'>): Promise<void>
  /** Deletes those whose time is over, and says how many. */
  deleteExpired(): Promise<number>
}

interface RegistrationsOptions {
  readonly db: Kysely<IdpDatabase>
  readonly clock: Clock
  readonly writer: (origin: Origin) => Write
  readonly ring: KeyRing
}

export function createRegistrations({ db, clock, writer, ring }: RegistrationsOptions): Registrations {
  return {
    register: (poolId, input, origin = {}) => writer(origin)((unit) => register(unit, ring, poolId, input)),
    async used({ poolId, clientId, registration, expiresAt }) {
      const now = clock.now()
      const until = now + limits.usedRegistrationMs
      if (registration !== 'dynamic' || expiresAt === null || until - expiresAt < limits.registrationRenewalMs) return
      await db
        .updateTable('client')
        .set({ expires_at: until })
        .where('pool_id', '=', poolId)
        .where('client_id', '=', clientId)
        .where('registration', '=', 'dynamic')
        .where('expires_at', '<', until)
        .execute()
    },
    async deleteExpired() {
      let total = 0
      for (;;) {
        const deleted = await deleteSome(db, clock.now())
        total += deleted
        if (deleted < limits.expiredRows) return total
      }
    },
  }
}

async function register(unit: Unit, ring: KeyRing, poolId: string, input: RegistrationInput): Promise<CreatedClient> {
  await lockPool(unit, poolId)
  if ((await liveIn(unit, poolId)) >= limits.dynamicClients) {
    throw conflict('limit', `The pool has ${limits.dynamicClients} clients that registered themselves; delete some.`)
  }
  const expiresAt = unit.now + limits.unusedRegistrationMs
  return await createClient(unit, ring, poolId, { ...input, registration: 'dynamic', expiresAt })
}

async function liveIn({ db, now }: Unit, poolId: string): Promise<number> {
  const { live } = await db
    .selectFrom('client')
    .select(({ fn }) => fn.countAll<number>().as('live'))
    .where('pool_id', '=', poolId)
    .where('registration', '=', 'dynamic')
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow()
  return Number(live)
}

/** No access token is left of one whose time is over, so nothing has to be revoked; its look-ups ended with its time. */
async function deleteSome(db: Kysely<IdpDatabase>, now: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('client')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('pool_id', 'client_id'),
        'in',
        selectFrom('client')
          .select(['pool_id', 'client_id'])
          .where('expires_at', '<=', now)
          .where('registration', '=', 'dynamic')
          .orderBy('expires_at')
          .limit(limits.expiredRows)
          .$asTuple('pool_id', 'client_id'),
      ),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}

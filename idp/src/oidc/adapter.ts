import { type Clock, sha256Base64url } from '@postern/core'
import type { Sealer, Store } from '@postern/server'
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider'
import type { IdpDatabase, OidcModelTable } from '../schema.ts'
import { endGrant } from './endings.ts'

export interface AdapterOptions {
  readonly store: Store<IdpDatabase>
  readonly sealer: Sealer
  readonly clock: Clock
  readonly poolId: string
  /** The library's name for what is stored, e.g. `Session`. */
  readonly model: string
  /** For how long after its first use a refresh token may come again, in seconds; 0: never. */
  readonly refreshTokenGrace: number
}

type StoredRow = Pick<OidcModelTable, 'id' | 'payload' | 'consumed_at'>

/**
 * Stores one model of oidc-provider in a table that all models and pools share. Ids are bearer values (codes, sessions,
 * refresh tokens): the table knows their hashes, and the payload, which repeats them, is sealed.
 */
export function createAdapter(options: AdapterOptions): Adapter {
  const { store, sealer, clock, poolId, model } = options
  const { db } = store
  const graceMs = model === 'RefreshToken' ? options.refreshTokenGrace * 1000 : 0
  return {
    async upsert(id, payload, expiresIn) {
      const hash = await sha256Base64url(id)
      const row = {
        payload: sealer.seal(JSON.stringify(payload), contextOf(hash)),
        grant_id: await hashOf(payload.grantId),
        user_code: await hashOf(payload.userCode),
        uid: await hashOf(payload.uid),
        account: await hashOf(payload.accountId),
        consumed_at: typeof payload.consumed === 'number' ? payload.consumed * 1000 : null,
        expires_at: expiresIn === undefined ? null : clock.now() + expiresIn * 1000,
      }
      await db
        .insertInto('oidc_model')
        .values({ pool_id: poolId, model, id: hash, ...row })
        .onConflict((conflict) => conflict.columns(['pool_id', 'model', 'id']).doUpdateSet(row))
        .execute()
    },
    find: (id) => findBy('id', id),
    findByUid: (uid) => findBy('uid', uid),
    findByUserCode: (userCode) => findBy('user_code', userCode),
    async consume(id) {
      const hash = await sha256Base64url(id)
      const { numUpdatedRows } = await db
        .updateTable('oidc_model')
        .set({ consumed_at: clock.now() })
        .where('pool_id', '=', poolId)
        .where('model', '=', model)
        .where('id', '=', hash)
        .where('consumed_at', 'is', null)
        .executeTakeFirst()
      // Of two requests with one code, the library lets both come this far; one of them gets no further.
      if (numUpdatedRows === 0n) await refuseReplay(hash)
    },
    async destroy(id) {
      await db
        .deleteFrom('oidc_model')
        .where('pool_id', '=', poolId)
        .where('model', '=', model)
        .where('id', '=', await sha256Base64url(id))
        .execute()
    },
    async revokeByGrantId(grantId) {
      await db
        .deleteFrom('oidc_model')
        .where('pool_id', '=', poolId)
        .where('model', '=', model)
        .where('grant_id', '=', await sha256Base64url(grantId))
        .execute()
    },
  }

  async function refuseReplay(hash: string): Promise<void> {
    const row = await db
      .selectFrom('oidc_model')
      .select(['grant_id', 'consumed_at'])
      .where('pool_id', '=', poolId)
      .where('model', '=', model)
      .where('id', '=', hash)
      .executeTakeFirst()
    if (row !== undefined && isInGrace(row.consumed_at)) return
    // Used twice at once: one of the two is not the client, and nobody can say which (RFC 6749 §4.1.2).
    const grant = row?.grant_id
    if (grant) await endGrant({ store, clock }, poolId, grant)
    throw new errors.InvalidGrant('already consumed')
  }

  function isInGrace(consumedAt: number | null): boolean {
    return consumedAt !== null && clock.now() - consumedAt < graceMs
  }

  async function findBy(column: 'id' | 'uid' | 'user_code', value: string): Promise<AdapterPayload | undefined> {
    const row = await db
      .selectFrom('oidc_model')
      .select(['id', 'payload', 'consumed_at'])
      .where('pool_id', '=', poolId)
      .where('model', '=', model)
      .where(column, '=', await sha256Base64url(value))
      .executeTakeFirst()
    return row && open(row)
  }

  function open({ id, payload, consumed_at: consumedAt }: StoredRow): AdapterPayload {
    const stored: AdapterPayload = JSON.parse(sealer.open(payload, contextOf(id)))
    // Hosts that share a refresh token use it at the same moment; each gets an answer, and neither is a thief.
    if (consumedAt === null || isInGrace(consumedAt)) return stored
    return { ...stored, consumed: Math.floor(consumedAt / 1000) }
  }

  function contextOf(hash: string): string {
    return `oidc_model/${poolId}/${model}/${hash}`
  }
}

async function hashOf(value: string | undefined): Promise<string | null> {
  return value === undefined ? null : await sha256Base64url(value)
}

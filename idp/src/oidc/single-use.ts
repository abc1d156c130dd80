import { type Clock, sha256Base64url } from '@postern/core'
import type { Store } from '@postern/server'
import { limits } from '../limits.ts'
import type { IdpDatabase } from '../schema.ts'

const model = 'ReplayDetection'

/**
 * Says whether the `jti` of an issuer is used for the first time, by one insert: of any number of uses at once, in any
 * number of processes, one is the first. (The library looks first and writes then, with a gap between.)
 *
 * @param expiresAt epoch seconds; from then on the value is no good for other reasons
 */
export async function isFirstUse(
  store: Store<IdpDatabase>,
  poolId: string,
  issuer: string,
  jti: string,
  expiresAt: number,
): Promise<boolean> {
  const id = await sha256Base64url(JSON.stringify([issuer, jti]))
  const { numInsertedOrUpdatedRows } = await store.db
    .insertInto('oidc_model')
    .values({ pool_id: poolId, model, id, payload: '', expires_at: expiresAt * 1000 })
    .onConflict((conflict) => conflict.columns(['pool_id', 'model', 'id']).doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** Deletes what has expired, a bounded number of rows in each statement. Returns how many were deleted. */
export async function deleteExpired(store: Store<IdpDatabase>, clock: Clock): Promise<number> {
  let total = 0
  for (;;) {
    const { numDeletedRows } = await store.db
      .deleteFrom('oidc_model')
      .where(({ eb, refTuple, selectFrom }) =>
        eb(
          refTuple('pool_id', 'model', 'id'),
          'in',
          selectFrom('oidc_model')
            .select(['pool_id', 'model', 'id'])
            .where('expires_at', '<', clock.now())
            .orderBy('expires_at')
            .limit(limits.expiredRows)
            .$asTuple('pool_id', 'model', 'id'),
        ),
      )
      .executeTakeFirst()
    total += Number(numDeletedRows)
    if (numDeletedRows < BigInt(limits.expiredRows)) return total
  }
}

import { type ExpressionBuilder, sql } from 'kysely'
import type { IdpDatabase } from '../../schema.ts'
import type { Ground } from '../unit.ts'

/** What an entry is about. */
export type RevocationKind = 'token' | 'grant' | 'client' | 'subject' | 'pool'

/** The one entry of kind `pool` is about everything. */
export const wholePool = ''

export interface NewRevocation {
  readonly kind: RevocationKind
  readonly valueHash: string
  readonly clientHash?: string | null
  /** Epoch seconds; null: nothing of it is good, whenever it was issued. */
  readonly issuedBefore: number | null
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/**
 * The next place among the changes of a pool. Two transactions that ask at once take their turns, so that nothing ever
 * appears before a place that somebody has read already. It follows the time: a database that was put back from a backup
 * is soon ahead again of what was told before.
 */
export async function nextSeq({ db, now }: Ground, poolId: string): Promise<number> {
  const later = sql<number>`case when revocation_feed.seq < ${now} then ${now} else revocation_feed.seq + 1 end`
  const { seq } = await db
    .insertInto('revocation_feed')
    .values({ pool_id: poolId, seq: now })
    .onConflict((conflict) => conflict.column('pool_id').doUpdateSet({ seq: later }))
    .returning('seq')
    .executeTakeFirstOrThrow()
  return seq
}

/** Writes an entry, or makes it what it is from now on. */
export async function putRevocation(ground: Ground, poolId: string, entry: NewRevocation): Promise<void> {
  const { kind, valueHash, clientHash = null, issuedBefore, expiresAt } = entry
  const columns = {
    client_hash: clientHash,
    issued_before: issuedBefore,
    ended_at: ground.now,
    expires_at: expiresAt,
    seq: await nextSeq(ground, poolId),
  }
  await ground.db
    .insertInto('revocation')
    .values({ pool_id: poolId, kind, value_hash: valueHash, ...columns })
    .onConflict((conflict) => conflict.columns(['pool_id', 'kind', 'value_hash']).doUpdateSet(columns))
    .execute()
}

type RevocationQuery = ExpressionBuilder<IdpDatabase, 'revocation'>

/** Picks entries that have not expired. */
export const isLive =
  ({ now }: Ground) =>
  (eb: RevocationQuery) =>
    eb('expires_at', '>', now)

import { sha256Base64url } from '@postern/core'
import type { Ground } from '../unit.ts'
import { isLive, type RevocationKind, wholePool } from './rows.ts'

/** What followers get to know of one entry. */
export interface FeedEntry {
  readonly kind: Exclude<RevocationKind, 'pool'>
  readonly valueHash: string
  readonly issuedBefore: number | null
  readonly expiresAt: number
  readonly seq: number
}

/** What of the pool as a whole is over. */
export interface PoolEnd {
  readonly issuedBefore: number | null
}

export interface FeedPage {
  /** How far the page leads. */
  readonly seq: number
  readonly entries: readonly FeedEntry[]
  readonly hasMore: boolean
  readonly poolEnd: PoolEnd | undefined
}

/** How far the changes of these pools have come; of those that never had any, nothing. */
export async function readSeqs({ db }: Ground, poolIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('revocation_feed')
    .select(['pool_id', 'seq'])
    .where('pool_id', 'in', [...poolIds])
    .execute()
  return new Map(rows.map(({ pool_id, seq }) => [pool_id, seq]))
}

/** Where the changes of a pool have come to. */
export interface FeedPlace {
  /** 0: nothing ever changed. */
  readonly seq: number
  /** The pool was deleted. */
  readonly isOver: boolean
  /** The last statement of a deleted pool, while anybody may hold a token of it. */
  readonly tombstone: string | undefined
}

export async function readPlace({ db, now }: Ground, poolId: string): Promise<FeedPlace> {
  const row = await db
    .selectFrom('revocation_feed')
    .select(['seq', 'ended_at', 'tombstone', 'expires_at'])
    .where('pool_id', '=', poolId)
    .executeTakeFirst()
  const isServed = row?.expires_at != null && now < row.expires_at
  return {
    seq: row?.seq ?? 0,
    isOver: row?.ended_at != null,
    tombstone: isServed ? (row.tombstone ?? undefined) : undefined,
  }
}

/** What changed between two places, a page of it. What changes meanwhile is on the next page, never on none. */
export async function readFeed(
  ground: Ground,
  poolId: string,
  { after, last }: { readonly after: number; readonly last: number },
  max: number,
): Promise<FeedPage> {
  const { db } = ground
  const rows = await db
    .selectFrom('revocation')
    .select(['kind', 'value_hash', 'issued_before', 'expires_at', 'seq'])
    .where('pool_id', '=', poolId)
    .where('kind', '!=', 'pool')
    .where('seq', '>', after)
    .where('seq', '<=', last)
    .where(isLive(ground))
    .orderBy('seq')
    .limit(max + 1)
    .execute()
  const entries = rows.slice(0, max).map((row) => ({
    kind: row.kind as FeedEntry['kind'],
    valueHash: row.value_hash,
    issuedBefore: row.issued_before,
    expiresAt: row.expires_at,
    seq: row.seq,
  }))
  const hasMore = rows.length > max
  const poolEnd = await readPoolEnd(ground, poolId)
  return { seq: hasMore ? (entries.at(-1)?.seq ?? last) : last, entries, hasMore, poolEnd }
}

async function readPoolEnd(ground: Ground, poolId: string): Promise<PoolEnd | undefined> {
  const row = await ground.db
    .selectFrom('revocation')
    .select('issued_before')
    .where('pool_id', '=', poolId)
    .where('kind', '=', 'pool')
    .where(isLive(ground))
    .executeTakeFirst()
  return row && { issuedBefore: row.issued_before }
}

/** What a token says of itself, as far as something may have ended it. */
export interface TokenFacts {
  readonly jti?: string | undefined
  readonly grantId?: string | undefined
  readonly clientId: string
  readonly subject?: string | undefined
  /** Epoch seconds. */
  readonly issuedAt: number
}

/** Says whether something has ended the token. */
export async function isEnded(ground: Ground, poolId: string, token: TokenFacts): Promise<boolean> {
  const wanted: [RevocationKind, string][] = [['pool', wholePool]]
  const values = { token: token.jti, grant: token.grantId, client: token.clientId, subject: token.subject } as const
  for (const kind of ['token', 'grant', 'client', 'subject'] as const) {
    const value = values[kind]
    if (value !== undefined) wanted.push([kind, await sha256Base64url(value)])
  }
  const row = await ground.db
    .selectFrom('revocation')
    .select('kind')
    .where('pool_id', '=', poolId)
    .where((eb) => eb.or(wanted.map(([kind, hash]) => eb.and([eb('kind', '=', kind), eb('value_hash', '=', hash)]))))
    .where((eb) => eb.or([eb('issued_before', 'is', null), eb('issued_before', '>', token.issuedAt)]))
    .where(isLive(ground))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Deletes what has expired, at most `max` entries. Returns how many. */
export async function deleteExpiredRevocations({ db, now }: Ground, max: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('revocation')
    .where(({ eb, refTuple, selectFrom }) =>
      eb(
        refTuple('pool_id', 'kind', 'value_hash'),
        'in',
        selectFrom('revocation')
          .select(['pool_id', 'kind', 'value_hash'])
          .where('expires_at', '<=', now)
          .orderBy('expires_at')
          .limit(max)
          .$asTuple('pool_id', 'kind', 'value_hash'),
      ),
    )
    .executeTakeFirst()
  await db.deleteFrom('revocation_feed').where('expires_at', '<=', now).execute()
  return Number(numDeletedRows)
}

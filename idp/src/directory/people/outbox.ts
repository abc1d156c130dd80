import type { Sealer } from '@postern/server'
import { cutPage } from '../pages.ts'
import type { Page, PageRequest } from '../types.ts'
import type { Ground } from '../unit.ts'
import type { OutboxFilter, OutboxMessage } from './types.ts'

/** The newest first. */
export async function listOutbox(
  { db, now }: Ground,
  sealer: Sealer,
  page: PageRequest,
  { poolId, userId, kind }: OutboxFilter,
): Promise<Page<OutboxMessage>> {
  const { after } = page
  const rows = await db
    .selectFrom('outbox')
    .selectAll()
    .where('expires_at', '>', now)
    .$if(poolId !== undefined, (query) => query.where('pool_id', '=', poolId ?? ''))
    .$if(userId !== undefined, (query) => query.where('user_id', '=', userId ?? ''))
    .$if(kind !== undefined, (query) => query.where('kind', '=', kind ?? ''))
    .$if(after !== undefined, (query) =>
      query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(after?.at ?? 0, after?.id ?? ''))),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  const messages = rows.map((row): OutboxMessage => {
    return {
      id: row.id,
      poolId: row.pool_id,
      userId: row.user_id,
      channel: row.channel as OutboxMessage['channel'],
      to: row.sent_to,
      kind: row.kind as OutboxMessage['kind'],
      code: sealer.open(row.sealed_code, `outbox/${row.id}`),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }
  })
  return cutPage(messages, page, ({ createdAt, id }) => ({ at: createdAt, id }))
}

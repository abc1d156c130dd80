import { limits } from '../../limits.ts'
import type { Ground } from '../unit.ts'

type Expiring = 'attempt' | 'user_code' | 'outbox'

async function sweepTable({ db, now }: Ground, table: Expiring): Promise<void> {
  const rows = db.selectFrom(table).select('expires_at').where('expires_at', '<=', now).orderBy('expires_at')
  const last = await rows.offset(limits.expiredRows).limit(1).executeTakeFirst()
  const until = Math.min(now, last?.expires_at ?? now)
  await db.deleteFrom(table).where('expires_at', '<=', until).execute()
}

/** Deletes what has expired, a bounded piece of each table; the rest comes next time. */
export async function sweepPeople(ground: Ground): Promise<void> {
  for (const table of ['attempt', 'user_code', 'outbox'] as const) await sweepTable(ground, table)
}

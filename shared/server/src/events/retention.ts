import type { Clock } from '@postern/core'
import type { Kysely } from 'kysely'
import { limits } from '../limits.ts'
import type { ServerTables } from '../store/server-tables.ts'
import { firstIdAt } from './event-id.ts'

export interface Retention {
  /** How many events are kept. */
  rows: number
  /** How long, in milliseconds. */
  ageMs: number
}

/** Deletes what is too old or too much, a batch at a time, so that nobody waits long. Returns how many. */
export async function pruneEvents(db: Kysely<ServerTables>, clock: Clock, keep: Retention): Promise<number> {
  const tooOld = firstIdAt(clock.now() - keep.ageMs)
  const surplus = await db
    .selectFrom('event')
    .select('id')
    .orderBy('id', 'desc')
    .offset(keep.rows)
    .limit(1)
    .executeTakeFirst()
  // `surplus` itself is one too many, so everything up to and including it goes.
  const bound = surplus === undefined ? tooOld : surplus.id >= tooOld ? `${surplus.id}~` : tooOld
  let total = 0
  for (;;) {
    const batch = db
      .selectFrom('event')
      .select('id')
      .where('id', '<', bound)
      .orderBy('id', 'asc')
      .limit(limits.eventPruneBatch)
    const result = await db.deleteFrom('event').where('id', 'in', batch).executeTakeFirst()
    const deleted = Number(result.numDeletedRows)
    total += deleted
    if (deleted < limits.eventPruneBatch) return total
  }
}

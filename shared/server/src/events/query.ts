import type { PosternEvent } from '@postern/core'
import type { Kysely } from 'kysely'
import type { EventQuery } from '../contract/event.ts'
import { decodeCursor, encodeCursor } from '../http/cursor.ts'
import { problem } from '../http/problem.ts'
import type { ServerTables } from '../store/server-tables.ts'
import { firstIdAt, isEventId } from './event-id.ts'
import { readEvent } from './event-rows.ts'

/** Which events are wanted. */
export type EventFilter = Omit<EventQuery, 'limit' | 'cursor'>

/**
 * A page of events, newest first.
 *
 * @throws HttpProblem 400 `invalid_cursor`
 */
export async function listEvents(
  db: Kysely<ServerTables>,
  { limit, cursor, ...filter }: EventQuery,
): Promise<{ items: PosternEvent[]; nextCursor: string | null }> {
  const [before] = cursor === undefined ? [] : decodeCursor(cursor, ['string'])
  if (before !== undefined && !isEventId(before)) {
    problem(400, 'invalid_cursor', 'cursor: is none of ours; use nextCursor of the page before')
  }
  const rows = await filtered(db, filter)
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  const items = rows.slice(0, limit).map(readEvent)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor([last.id]) : null }
}

/** The events after an id and up to another (exclusive), oldest first. */
export async function eventsBetween(
  db: Kysely<ServerTables>,
  filter: EventFilter,
  after: string,
  before: string | undefined,
  limit: number,
): Promise<PosternEvent[]> {
  const rows = await filtered(db, filter)
    .where('id', '>', after)
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
    .orderBy('id', 'asc')
    .limit(limit)
    .execute()
  return rows.map(readEvent)
}

function filtered(db: Kysely<ServerTables>, filter: EventFilter) {
  let query = db.selectFrom('event').selectAll()
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
  if (filter.outcome !== undefined) query = query.where('outcome', '=', filter.outcome)
  if (filter.reason !== undefined) query = query.where('reason', '=', filter.reason)
  if (filter.clientId !== undefined) query = query.where('client_id', '=', filter.clientId)
  if (filter.serviceId !== undefined) query = query.where('service_id', '=', filter.serviceId)
  // Ids begin with the time, and the primary key is there for them.
  if (filter.since !== undefined) query = query.where('id', '>=', firstIdAt(Date.parse(filter.since)))
  return query
}

import { type RawBuilder, sql } from 'kysely'
import type { Page, PageKey, PageRequest } from './types.ts'

/** Cuts a page from rows of which one more than the limit was read. */
export function cutPage<T>(rows: readonly T[], { limit }: PageRequest, keyOf: (row: T) => PageKey): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? keyOf(last) : null }
}

/** The rows of a page in order of making: behind the last of the page before. The second column tells twins apart. */
export function isOnPage(
  { after }: PageRequest,
  [madeAt, id]: readonly [string, string] = ['created_at', 'id'],
): RawBuilder<boolean> {
  if (after === undefined) return sql<boolean>`1 = 1`
  return sql<boolean>`(${sql.ref(madeAt)}, ${sql.ref(id)}) > (${after.at}, ${after.id})`
}

import type { Page, PageKey, PageRequest } from './types.ts'

/** Cuts a page from rows of which one more than the limit was read. */
export function cutPage<T>(rows: readonly T[], { limit }: PageRequest, keyOf: (row: T) => PageKey): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? keyOf(last) : null }
}

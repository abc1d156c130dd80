import type { Page, PageKey } from './types.ts'

interface Aged {
  readonly id: string
  readonly createdAt: number
}

/** Oldest first; ids decide between those made in the same millisecond. */
export function byAge(a: Aged, b: Aged): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1
}

/** A page of records, oldest first, after a place in the list. */
export function pageOf<T extends Aged>(records: Iterable<T>, limit: number, after: PageKey | undefined): Page<T> {
  const rest = [...records].filter((record) => !after || byAge(record, { id: after.id, createdAt: after.at }) > 0)
  rest.sort(byAge)
  const items = rest.slice(0, limit)
  const last = items.at(-1)
  return { items, next: last && rest.length > items.length ? { at: last.createdAt, id: last.id } : null }
}

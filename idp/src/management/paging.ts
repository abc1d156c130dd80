import { isId } from '@postern/core'
import { decodeCursor, encodeCursor, type ListQuery, page, problem } from '@postern/server'
import type { Page, PageRequest } from '../directory/types.ts'

const foreignCursor = 'cursor: is none of ours; use nextCursor of the page before'

/** A page of a list that was read as a whole, for it is short. @throws HttpProblem 400 `invalid_cursor` */
export function pageOfAll<T, R>(all: readonly T[], query: ListQuery, idOf: (item: T) => string, reply: (item: T) => R) {
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ['string'])[0]
  const start = after === undefined ? 0 : all.findIndex((item) => idOf(item) === after) + 1
  if (after !== undefined && start === 0) problem(400, 'invalid_cursor', foreignCursor)
  const items = all.slice(start, start + query.limit)
  const last = items.at(-1)
  const hasMore = start + query.limit < all.length && last !== undefined
  return { body: page(items.map(reply), hasMore ? encodeCursor([idOf(last)]) : null) }
}

/** @throws HttpProblem 400 `invalid_cursor` */
export function pageRequest({ limit, cursor }: ListQuery): PageRequest {
  if (cursor === undefined) return { limit }
  const [at, id] = decodeCursor(cursor, ['number', 'string'])
  if (!isId(id)) problem(400, 'invalid_cursor', foreignCursor)
  return { limit, after: { at, id } }
}

export function pageReply<T, R>({ items, next }: Page<T>, reply: (item: T) => R) {
  return { body: page(items.map(reply), next === null ? null : encodeCursor([next.at, next.id])) }
}

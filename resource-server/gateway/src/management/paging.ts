import { isId } from '@postern/core'
import { decodeCursor, encodeCursor, type ListQuery, page, problem } from '@postern/server'
import type { Page, PageKey } from '../catalog/types.ts'

/** @throws HttpProblem 400 `invalid_cursor` */
export function placeAfter({ cursor }: ListQuery): PageKey | undefined {
  if (cursor === undefined) return undefined
  const [at, id] = decodeCursor(cursor, ['number', 'string'])
  if (!isId(id)) problem(400, 'invalid_cursor', 'cursor: is none of ours; use nextCursor of the page before')
  return { at, id }
}

export function pageReply<T, R>({ items, next }: Page<T>, reply: (item: T) => R) {
  return { body: page(items.map(reply), next === null ? null : encodeCursor([next.at, next.id])) }
}

import { CompiledQuery, type Kysely } from 'kysely'
import type { Dialect } from '../store/store.ts'
import { bindEvent, eventColumns, type Pending } from './event-rows.ts'

/** Rows of one statement. A few fixed sizes, so that each is built and prepared once. */
const sizes = [256, 8, 1] as const

const statements = new Map<string, string>()

/** Writes events by as few statements as possible. */
export async function insertEvents<T>(db: Kysely<T>, dialect: Dialect, events: readonly Pending[]): Promise<void> {
  let start = 0
  for (const size of sizes) {
    while (events.length - start >= size) {
      const values = events.slice(start, start + size).flatMap(bindEvent)
      await db.executeQuery(CompiledQuery.raw(statement(dialect, size), values))
      start += size
    }
  }
}

function statement(dialect: Dialect, rows: number): string {
  const key = `${dialect} ${rows}`
  const known = statements.get(key)
  if (known !== undefined) return known
  const width = eventColumns.length
  const mark = (index: number): string => (dialect === 'postgres' ? `$${index + 1}` : '?')
  const tuples = Array.from({ length: rows }, (_, row) => {
    return `(${eventColumns.map((_column, column) => mark(row * width + column)).join(',')})`
  })
  const text = `insert into "event" (${eventColumns.map((column) => `"${column}"`).join(',')}) values ${tuples.join(',')}`
  statements.set(key, text)
  return text
}

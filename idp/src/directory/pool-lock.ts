import { isId } from '@postern/core'
import { sql } from 'kysely'
import { poolNotFound } from './refusals.ts'
import { noteSignInsEnded } from './revocations/endings.ts'
import { poolFromRow } from './rows.ts'
import type { Pool } from './types.ts'
import type { Unit } from './unit.ts'

/**
 * Reads the pool and holds it until the transaction ends: every write to a pool begins here, so two of them are
 * never interleaved. An update that changes nothing takes the lock on SQLite and Postgres alike.
 */
export async function lockPool({ db }: Unit, poolId: string): Promise<Pool> {
  if (!isId(poolId)) throw poolNotFound()
  const row = await db
    .updateTable('pool')
    .set({ revision: sql`revision` })
    .where('id', '=', poolId)
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) throw poolNotFound()
  return poolFromRow(row)
}

/** Notes that something in the pool changed: its revision grows, once a transaction. */
export async function touchPool({ db, touched }: Unit, poolId: string): Promise<void> {
  if (touched.has(poolId)) return
  const row = await db
    .updateTable('pool')
    .set({ revision: sql`revision + 1` })
    .where('id', '=', poolId)
    .returning('revision')
    .executeTakeFirstOrThrow()
  touched.set(poolId, row.revision)
}

/** Notes that what a user signed in to must end: sessions, grants and their tokens. To be called when the row is as it will be. */
export async function endSessions(unit: Unit, poolId: string, userId: string): Promise<void> {
  await touchPool(unit, poolId)
  await noteSignInsEnded(unit, poolId, userId)
  const users = unit.ended.get(poolId) ?? new Set<string>()
  unit.ended.set(poolId, users.add(userId))
}

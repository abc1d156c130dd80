import type { Kysely } from 'kysely'
import type { ServerTables } from './server-tables.ts'

export type Dialect = 'sqlite' | 'postgres'

/** One schema change. It runs once, in a transaction, in the order of the names. Portable SQL only. */
export interface Migration {
  up(db: Kysely<unknown>): Promise<void>
}

/** Migrations by name: `001_pools`, `002_…`. A name, once released, never changes. */
export type Migrations = Readonly<Record<string, Migration>>

/** The part of a store that needs no knowledge of its server's tables. */
export interface StoreBase {
  readonly dialect: Dialect
  /** The same database, seen with the tables that every store has. */
  readonly own: Kysely<ServerTables>
  /** Fails when the database does not answer. */
  ping(): Promise<void>
  /** Waits for what runs, then closes every connection. A second call does nothing. */
  close(): Promise<void>
}

/**
 * A database with `DB` as its tables.
 *
 * SQLite has one connection: within `db.transaction().execute(async (trx) => …)` use `trx` alone, for a query on `db`
 * would wait there for the transaction to end. SQLite binds no booleans: write 0 and 1.
 */
export interface Store<DB> extends StoreBase {
  readonly db: Kysely<DB>
}

import { type Kysely, sql } from 'kysely'
import { limits } from '../limits.ts'
import { StartError } from '../start-error.ts'
import { retryRaces } from './postgres.ts'
import type { ServerTables } from './server-tables.ts'
import type { Dialect, Migration, Migrations } from './store.ts'

interface Part {
  part: string
  migrations: Migrations
}

/**
 * Brings the schema up to date in one transaction: all of it, or nothing. Several processes may do so at once; the
 * later ones wait on a row, which (unlike an advisory lock) every Postgres-like database has.
 *
 * @throws StartError `database_newer` when the database knows migrations that this program does not,
 *   `database_foreign` when it belongs to another server
 */
export async function migrate(db: Kysely<ServerTables>, dialect: Dialect, owner: string, parts: Part[]): Promise<void> {
  await makeBookkeeping(db)
  await db.transaction().execute(async (trx) => {
    if (dialect === 'postgres') await sql.raw(`set local lock_timeout = ${limits.postgresLockTimeout}`).execute(trx)
    await trx
      .insertInto('postern_meta')
      .values({ name: 'owner', value: owner })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ name: 'owner' }))
      .execute()
    await refuseForeign(trx, owner)
    const applied = await trx.selectFrom('postern_migration').select(['part', 'name']).execute()
    refuseNewer(applied, parts)
    const done = new Set(applied.map((row) => `${row.part}/${row.name}`))
    for (const { part, migrations } of parts) {
      for (const [name, migration] of sorted(migrations)) {
        if (!done.has(`${part}/${name}`)) await apply(trx, part, name, migration)
      }
    }
  })
}

async function makeBookkeeping({ schema }: Kysely<ServerTables>): Promise<void> {
  const meta = schema
    .createTable('postern_meta')
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
  const migration = schema
    .createTable('postern_migration')
    .ifNotExists()
    .addColumn('part', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('postern_migration_key', ['part', 'name'])
  for (const table of [meta, migration]) await retryRaces(() => table.execute())
}

async function refuseForeign(db: Kysely<ServerTables>, owner: string): Promise<void> {
  const row = await db.selectFrom('postern_meta').select('value').where('name', '=', 'owner').executeTakeFirstOrThrow()
  if (row.value === owner) return
  throw new StartError(
    'database_foreign',
    `the database belongs to postern-${row.value}; give postern-${owner} one of its own in POSTERN_DATABASE_URL, or leave ` +
      'the variable out for a file each under the data folder',
  )
}

function refuseNewer(applied: { part: string; name: string }[], parts: Part[]): void {
  const known = new Set(
    parts.flatMap(({ part, migrations }) => Object.keys(migrations).map((name) => `${part}/${name}`)),
  )
  const unknown = applied.map(({ part, name }) => `${part}/${name}`).find((name) => !known.has(name))
  if (unknown === undefined) return
  throw new StartError(
    'database_newer',
    `the database is of a newer version than this program (it has ${unknown}); start the newer program, or put back the ` +
      'backup made before it',
  )
}

function sorted(migrations: Migrations): [string, Migration][] {
  return Object.entries(migrations).sort(([a], [b]) => (a < b ? -1 : 1))
}

async function apply(db: Kysely<ServerTables>, part: string, name: string, migration: Migration): Promise<void> {
  await migration.up(db as Kysely<unknown>)
  await db.insertInto('postern_migration').values({ part, name, applied_at: Date.now() }).execute()
}

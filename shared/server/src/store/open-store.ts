import { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { StartError } from '../start-error.ts'
import { migrate } from './migrate.ts'
import { openPostgres } from './postgres.ts'
import { serverMigrations } from './server-migrations.ts'
import type { ServerTables } from './server-tables.ts'
import { openSqlite } from './sqlite.ts'
import type { Migrations, Store } from './store.ts'

export interface StoreOptions {
  /** `sqlite:<file>`, `sqlite::memory:` or `postgres://…` */
  url: string
  migrations: Migrations
  log: Logger
  /** Whose database it is: `idp`, `gateway`. It names the schema on Postgres. */
  name?: string
}

/**
 * Opens the database and brings its schema up to date.
 *
 * @throws StartError with a sentence for every way in which a database can be unusable
 */
export async function openStore<DB>(options: StoreOptions): Promise<Store<DB>> {
  const { url, migrations, log, name = 'server' } = options
  const file = /^sqlite:(.+)$/s.exec(url)?.[1]
  if (file !== undefined) {
    const sqlite = openSqlite(file)
    return connect<DB>(new Kysely({ dialect: sqlite.dialect }), 'sqlite', name, migrations, sqlite.assertDurable)
  }
  if (/^postgres(ql)?:\/\//.test(url)) {
    const dialect = await openPostgres(url, name, log)
    return connect<DB>(new Kysely({ dialect }), 'postgres', name, migrations, () => {})
  }
  throw new StartError(
    'database_url',
    'POSTERN_DATABASE_URL must begin with sqlite: or postgres://, e.g. sqlite:./data/idp.db',
  )
}

async function connect<DB>(
  own: Kysely<ServerTables>,
  dialect: Store<DB>['dialect'],
  name: string,
  migrations: Migrations,
  assertDurable: () => void,
): Promise<Store<DB>> {
  const parts = [
    { part: 'server', migrations: serverMigrations },
    { part: name, migrations },
  ]
  try {
    await migrate(own, dialect, name, parts)
    assertDurable()
  } catch (error) {
    await own.destroy()
    throw error
  }
  let closing: Promise<void> | undefined
  return {
    db: own as Kysely<unknown> as Kysely<DB>,
    own,
    dialect,
    async ping() {
      await own.selectFrom('postern_meta').select('name').limit(1).execute()
    },
    close() {
      closing ??= own.destroy()
      return closing
    },
  }
}

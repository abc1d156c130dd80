import { PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Logger } from 'pino'
import { limits } from '../limits.ts'
import { errorCode, errorText, StartError } from '../start-error.ts'

/** int8 and numeric come as text by default; what we store there (times, counts) fits a number. */
const asNumber: ReadonlySet<number> = new Set([20, 1700])

/**
 * Opens a pool on Postgres. Each server has a schema of its own (`postern_idp`), so that both can share a database.
 *
 * @throws StartError `database_url` or `database_unreachable`
 */
export async function openPostgres(url: string, name: string, log: Logger): Promise<PostgresDialect> {
  const schema = `postern_${name.replace(/[^a-z0-9]/g, '_')}`
  const place = placeOf(url)
  const pool = new pg.Pool({
    connectionString: url,
    application_name: `postern-${name}`,
    options: `-c search_path=${schema}`,
    max: limits.postgresConnections,
    connectionTimeoutMillis: limits.postgresConnectTimeout,
    idleTimeoutMillis: limits.postgresIdleTimeout,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        asNumber.has(oid) && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
    },
  })
  // Without a listener, a connection that the server ends (57P01) would end this process.
  pool.on('error', (error) => {
    log.warn({ code: errorCode(error) }, 'Postgres ended an idle connection')
  })
  try {
    await makeSchema(pool, schema)
  } catch (error) {
    await pool.end()
    throw asStartError(error, place)
  }
  return new PostgresDialect({ pool })
}

/** Host, port and database of the URL: what may be printed of it. */
function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url)
    return `${host || 'the local socket'}${pathname}`
  } catch (error) {
    throw new StartError(
      'database_url',
      'POSTERN_DATABASE_URL is no URL; write postgres://user:password@host:5432/database',
      {
        cause: error,
      },
    )
  }
}

async function makeSchema(pool: pg.Pool, schema: string): Promise<void> {
  const found = await pool.query('select 1 from information_schema.schemata where schema_name = $1', [schema])
  if (found.rowCount !== 0) return
  await retryRaces(() => pool.query(`create schema if not exists "${schema}"`))
}

/**
 * Of two processes that create the same thing at once one fails, `if not exists` or not; its second try finds the thing
 * made.
 */
export async function retryRaces<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (!['23505', '42P06', '42P07', '42710', 'XX000'].includes(errorCode(error))) throw error
    return await attempt()
  }
}

function asStartError(error: unknown, place: string): StartError {
  const code = errorCode(error)
  const mend: Record<string, string> = {
    '28P01': 'it refuses the user name or password; correct POSTERN_DATABASE_URL',
    '28000': 'it refuses the user name or password; correct POSTERN_DATABASE_URL',
    '3D000': 'the database does not exist; create it, or correct POSTERN_DATABASE_URL',
    '42501': 'the user may not create a schema; grant CREATE on the database to it',
  }
  return new StartError(
    'database_unreachable',
    `Postgres at ${place} cannot be used: ${mend[code] ?? `${code || errorText(error)}; start it, or correct POSTERN_DATABASE_URL`}`,
    { cause: error },
  )
}

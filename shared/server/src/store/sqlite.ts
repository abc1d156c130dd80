import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'
import { limits } from '../limits.ts'
import { errorCode, errorText, StartError } from '../start-error.ts'

export interface SqliteFile {
  dialect: SqliteDialect
  /** @throws StartError `database_unsafe` unless a commit waits for the disk; call it after a write */
  assertDurable(): void
}

/**
 * Opens (or makes) an SQLite file with what an acknowledged write needs: a write-ahead log that is flushed at every
 * commit, foreign keys on.
 *
 * @param file path, or `:memory:`
 * @param busyTimeoutMs how long a lock of another process is waited for, synchronously
 * @throws StartError `data_folder`, `database_corrupt` or `database_locked`
 */
export function openSqlite(file: string, busyTimeoutMs: number = limits.sqliteBusyTimeout): SqliteFile {
  const isNew = file === ':memory:' || !existsSync(file)
  if (file !== ':memory:') prepareFolder(file)
  const raw = openRaw(file, busyTimeoutMs)
  try {
    setPragmas(raw, busyTimeoutMs)
    if (!isNew) checkIntegrity(raw, file)
  } catch (error) {
    raw.close()
    throw asStartError(error, file)
  }
  return {
    dialect: new SqliteDialect({ database: withStatementCache(raw) }),
    assertDurable: () => assertDurable(raw, file),
  }
}

function prepareFolder(file: string): void {
  const folder = dirname(file)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK | constants.X_OK)
    if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK)
  } catch (error) {
    throw notWritable(folder, error)
  }
  if (existsSync(file) && statSync(file).isDirectory()) {
    throw new StartError('database_url', `the database ${file} is a folder; name a file in POSTERN_DATABASE_URL`)
  }
}

function openRaw(file: string, timeout: number): Database.Database {
  try {
    return new Database(file, { timeout })
  } catch (error) {
    throw asStartError(error, file)
  }
}

function setPragmas(raw: Database.Database, busyTimeoutMs: number): void {
  switchToWal(raw, performance.now() + busyTimeoutMs)
  // better-sqlite3 is compiled to fall to NORMAL in WAL mode, where a power cut may take the last commits along.
  raw.pragma('synchronous = FULL')
  raw.pragma('foreign_keys = ON')
}

const betweenTriesMs = 10

/** SQLite itself does not wait here for another process which is making the same new file. */
function switchToWal(raw: Database.Database, until: number): void {
  for (;;) {
    try {
      raw.pragma('journal_mode = WAL')
      return
    } catch (error) {
      if (!errorCode(error).startsWith('SQLITE_BUSY') || performance.now() >= until) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, betweenTriesMs)
    }
  }
}

function checkIntegrity(raw: Database.Database, file: string): void {
  const result = raw.pragma('quick_check(1)', { simple: true })
  if (result !== 'ok') throw corrupt(file)
}

function assertDurable(raw: Database.Database, file: string): void {
  const synchronous = raw.pragma('synchronous', { simple: true })
  const journal = raw.pragma('journal_mode', { simple: true })
  if (synchronous !== 2 || (journal !== 'wal' && file !== ':memory:')) {
    throw new StartError(
      'database_unsafe',
      `the database ${file} would lose writes in a power cut (synchronous=${synchronous}, journal_mode=${journal}); ` +
        'move it to a local disk that supports SQLite write-ahead logs',
    )
  }
}

function asStartError(error: unknown, file: string): unknown {
  const code = errorCode(error)
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return corrupt(file, error)
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new StartError(
      'database_locked',
      `the database ${file} is locked by another process; stop that process, or set POSTERN_DATABASE_URL to another file`,
      { cause: error },
    )
  }
  if (code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_IOERR')) {
    return notWritable(dirname(file), error)
  }
  return error
}

function corrupt(file: string, cause?: unknown): StartError {
  return new StartError(
    'database_corrupt',
    `the file ${file} is corrupt or is no SQLite database; put a backup in its place, or move it away to start empty`,
    { cause },
  )
}

function notWritable(folder: string, cause: unknown): StartError {
  return new StartError(
    'data_folder',
    `the data folder ${folder} cannot be written (${errorCode(cause) || errorText(cause)}); ` +
      'give this user write permission there, or set POSTERN_DATA_DIR to another folder',
    { cause },
  )
}

const changesSchema = /^\s*(create|alter|drop|vacuum|pragma|reindex)\b/i

/**
 * What kysely needs of better-sqlite3, with prepared statements kept: kysely itself prepares anew at each call.
 * A transaction takes the write lock at once, for a reader that turns writer half-way fails when another process
 * wrote meanwhile, and no time-out helps it.
 */
function withStatementCache(raw: Database.Database): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>()
  const prepare = (sql: string): SqliteStatement => asStatement(raw.prepare(sql))
  return {
    close: () => {
      raw.close()
    },
    prepare(sql) {
      if (sql === 'begin') return prepareCached('begin immediate')
      if (!changesSchema.test(sql)) return prepareCached(sql)
      statements.clear()
      return prepare(sql)
    },
  }

  function prepareCached(sql: string): SqliteStatement {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = prepare(sql)
    if (statements.size >= limits.sqliteStatements) {
      const oldest = statements.keys().next()
      if (!oldest.done) statements.delete(oldest.value)
    }
    statements.set(sql, statement)
    return statement
  }
}

function asStatement(statement: Database.Statement): SqliteStatement {
  return {
    reader: statement.reader,
    all: (parameters) => statement.all(parameters),
    run: (parameters) => statement.run(parameters),
    iterate: (parameters) => statement.iterate(parameters),
  }
}

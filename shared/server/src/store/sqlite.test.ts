import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getuid } from 'node:process'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import Database from 'better-sqlite3'
import { CompiledQuery, sql } from 'kysely'
import { StartError } from '../start-error.ts'
import { captureLog } from '../testing/captured-log.ts'
import { type TemporaryFolder, temporaryFolder } from '../testing/temporary-folder.ts'
import { openStore } from './open-store.ts'
import { openSqlite } from './sqlite.ts'

let folder: TemporaryFolder
before(async () => {
  folder = await temporaryFolder()
})
after(() => folder.remove())

const { log } = captureLog()
const open = (file: string) => openStore({ url: `sqlite:${file}`, migrations: {}, log })

async function refusal(file: string): Promise<StartError> {
  const error = await open(file).then(
    async (store) => {
      await store.close()
      return undefined
    },
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof StartError, `opened, or failed otherwise: ${error}`)
  return error
}

test('every connection waits for the disk, keeps foreign keys and writes ahead', async () => {
  const store = await open(join(folder.path, 'new', 'deep', 'a.db'))
  try {
    const pragma = async (name: string) =>
      Object.values((await sql.raw(`pragma ${name}`).execute(store.own)).rows[0] ?? {})[0]
    assert.equal(await pragma('synchronous'), 2)
    assert.equal(await pragma('journal_mode'), 'wal')
    assert.equal(await pragma('foreign_keys'), 1)
    assert.equal(await pragma('busy_timeout'), 5000)
  } finally {
    await store.close()
  }
})

test('a database in memory works, for tests', async () => {
  const store = await open(':memory:')
  await store.ping()
  await store.close()
})

test('a connection that does not wait for the disk is refused', async () => {
  const database = openSqlite(join(folder.path, 'unsafe.db'))
  const { dialect } = database
  const driver = dialect.createDriver()
  await driver.init()
  const connection = await driver.acquireConnection()
  await connection.executeQuery(CompiledQuery.raw('pragma synchronous = NORMAL'))
  assert.throws(
    () => database.assertDurable(),
    (error) => {
      assert.ok(error instanceof StartError)
      assert.equal(error.code, 'database_unsafe')
      assert.match(error.message, /would lose writes.*synchronous=1.*local disk/)
      return true
    },
  )
  await driver.destroy()
})

test('a file that is no database is corrupt', async () => {
  const file = join(folder.path, 'text.db')
  await writeFile(file, 'this is not a database, but long enough to have a header of a page '.repeat(40))
  const error = await refusal(file)
  assert.equal(error.code, 'database_corrupt')
  assert.match(
    error.message,
    /text\.db is corrupt or is no SQLite database; put a backup in its place, or move it away/,
  )
})

test('a database with a broken page is corrupt', async () => {
  const file = join(folder.path, 'broken.db')
  const database = new Database(file)
  database.exec('create table t (a text); create index i on t (a)')
  const insert = database.prepare('insert into t values (?)')
  const fill = database.transaction(() => {
    for (let index = 0; index < 2_000; index += 1) insert.run(`row ${index}`.padEnd(40))
  })
  fill()
  database.close()
  const bytes = await readFile(file)
  bytes.fill(0x5a, 4096, 8192)
  await writeFile(file, bytes)
  const error = await refusal(file)
  assert.equal(error.code, 'database_corrupt')
})

test('a folder in the place of the file, or a file in the place of the folder', async () => {
  await mkdir(join(folder.path, 'folder.db'))
  const inFile = await refusal(join(folder.path, 'folder.db'))
  assert.equal(inFile.code, 'database_url')
  assert.match(inFile.message, /is a folder; name a file/)

  await writeFile(join(folder.path, 'file'), '')
  const inFolder = await refusal(join(folder.path, 'file', 'a.db'))
  assert.equal(inFolder.code, 'data_folder')
  assert.match(
    inFolder.message,
    /cannot be written \(E[A-Z]+\); give this user write permission there, or set POSTERN_DATA_DIR/,
  )
})

test('a folder without write permission', async () => {
  const closed = join(folder.path, 'closed')
  await mkdir(closed)
  await chmod(folder.path, 0o755)
  await chmod(closed, 0o555)
  // Root may write everywhere, so the attempt is made by nobody.
  const user = getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  const script = `
    import { openSqlite } from ${JSON.stringify(join(import.meta.dirname, 'sqlite.ts'))}
    try { openSqlite(${JSON.stringify(join(closed, 'a.db'))}) } catch (error) { console.log(error.code + ': ' + error.message) }
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    ...user,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  assert.match(output, /^data_folder: the data folder .*closed cannot be written \(EACCES\)/)
})

test('a database that another process holds', async () => {
  const file = join(folder.path, 'held.db')
  await (await open(file)).close()
  const holder = new Database(file)
  holder.pragma('locking_mode = EXCLUSIVE')
  holder.exec('begin exclusive')
  try {
    assert.throws(
      () => openSqlite(file, 10),
      (error) => {
        assert.ok(error instanceof StartError)
        assert.equal(error.code, 'database_locked')
        assert.match(error.message, /is locked by another process; stop that process/)
        return true
      },
    )
  } finally {
    holder.close()
  }
})

test('a wrong scheme', async () => {
  for (const url of ['mysql://localhost/x', './data.db', 'sqlite:', '']) {
    await assert.rejects(openStore({ url, migrations: {}, log }), (error) => {
      assert.ok(error instanceof StartError)
      assert.equal(error.code, 'database_url')
      assert.match(error.message, /must begin with sqlite: or postgres:\/\//)
      return true
    })
  }
})

test('a transaction takes its lock at once, so two processes wait for each other rather than fail', async () => {
  const file = join(folder.path, 'two.db')
  const first = await open(file)
  const second = await open(file)
  try {
    await first.own.insertInto('postern_meta').values({ name: 'n', value: '0' }).execute()
    const add = (store: typeof first) =>
      store.own.transaction().execute(async (trx) => {
        const row = await trx
          .selectFrom('postern_meta')
          .select('value')
          .where('name', '=', 'n')
          .executeTakeFirstOrThrow()
        await trx
          .updateTable('postern_meta')
          .set({ value: String(Number(row.value) + 1) })
          .where('name', '=', 'n')
          .execute()
      })
    await add(first)
    await add(second)
    await add(first)
    const row = await second.own.selectFrom('postern_meta').select('value').where('name', '=', 'n').executeTakeFirst()
    assert.equal(row?.value, '3')
  } finally {
    await first.close()
    await second.close()
  }
})

test('processes that start at once on one new file all start', async () => {
  const file = join(folder.path, 'at-once.db')
  const script = `
    import { openStore } from ${JSON.stringify(join(import.meta.dirname, 'open-store.ts'))}
    import { captureLog } from ${JSON.stringify(join(import.meta.dirname, '..', 'testing', 'captured-log.ts'))}
    process.stdin.once('data', async () => {
      const store = await openStore({ url: ${JSON.stringify(`sqlite:${file}`)}, migrations: {}, log: captureLog().log })
      await store.ping()
      await store.close()
      process.stdout.write('open')
      process.stdin.destroy()
    })
    process.stderr.write('ready')
  `
  const children = Array.from({ length: 4 }, () => spawn(process.execPath, ['--input-type=module', '-e', script]))
  await Promise.all(children.map((child) => once(child.stderr, 'data')))
  for (const child of children) {
    child.stderr.pipe(process.stderr)
    child.stdin.write('go')
  }
  assert.deepEqual(await Promise.all(children.map(({ stdout }) => text(stdout))), ['open', 'open', 'open', 'open'])
})

test("a file that is the other server's", async () => {
  const url = `sqlite:${join(folder.path, 'shared.db')}`
  await (await openStore({ url, migrations: {}, log, name: 'idp' })).close()
  await assert.rejects(openStore({ url, migrations: {}, log, name: 'gateway' }), (error) => {
    assert.ok(error instanceof StartError)
    assert.equal(error.code, 'database_foreign')
    assert.match(error.message, /belongs to postern-idp; give postern-gateway one of its own in POSTERN_DATABASE_URL/)
    return true
  })
  await (await openStore({ url, migrations: {}, log, name: 'idp' })).close()
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import { StartError } from '../start-error.ts'
import { captureLog } from '../testing/captured-log.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../testing/postgres.ts'
import { openStore } from './open-store.ts'

const captured = captureLog()
const open = (url: string, name: string) =>
  openStore({ url, migrations: { '001_x': { up: async () => {} } }, log: captured.log, name })

async function refusal(url: string): Promise<StartError> {
  const error = await open(url, 'idp').then(
    (store) => store.close(),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof StartError, String(error))
  return error
}

test('Postgres that is not there', async () => {
  const error = await refusal('postgres://someone:top-secret@127.0.0.1:1/db')
  assert.equal(error.code, 'database_unreachable')
  assert.match(
    error.message,
    /Postgres at 127\.0\.0\.1:1\/db cannot be used: ECONNREFUSED; start it, or correct POSTERN_DATABASE_URL/,
  )
  assert.doesNotMatch(error.message, /top-secret/)
})

test('a URL that is none', async () => {
  const error = await refusal('postgres://[half')
  assert.equal(error.code, 'database_url')
  assert.match(error.message, /write postgres:\/\/user:password@host/)
})

describe('with Postgres', { skip: noPostgres() }, () => {
  let postgres: TestPostgres
  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres.close())

  test('both servers can share one database', async () => {
    const url = await postgres.url()
    const idp = await open(url, 'idp')
    const gateway = await open(url, 'gateway')
    await idp.own.insertInto('postern_meta').values({ name: 'x', value: 'idp' }).execute()
    assert.deepEqual(await gateway.own.selectFrom('postern_meta').selectAll().where('name', '=', 'x').execute(), [])
    await idp.close()
    await gateway.close()
  })

  test('a connection that the server ends does not end the process, and the next query works', async () => {
    const store = await open(await postgres.url(), 'idp')
    await Promise.all([store.ping(), store.ping(), store.ping()])
    const killer = await open(await postgres.url(), 'idp')
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and application_name = 'postern-idp'`.execute(
      killer.own,
    )
    await killer.close()
    const ended = () => captured.lines().filter(({ msg }) => msg === 'Postgres ended an idle connection')
    while (ended().length < 3) await setImmediate()
    await store.ping()
    await store.close()
  })

  test('a database that does not exist', async () => {
    const url = new URL(await postgres.url())
    url.pathname = '/nowhere'
    const error = await refusal(url.href)
    assert.equal(error.code, 'database_unreachable')
    assert.match(error.message, /the database does not exist; create it, or correct POSTERN_DATABASE_URL/)
  })

  test('a user without the right to make a schema', async () => {
    const url = await postgres.url()
    const admin = await open(url, 'idp')
    const role = `r${Date.now()}`
    await sql.raw(`create role ${role} login password 'x'`).execute(admin.own)
    const asRole = new URL(url)
    asRole.username = role
    asRole.password = 'x'
    const error = await openStore({ url: asRole.href, migrations: {}, log: captured.log, name: 'gateway' }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    await sql.raw(`drop role ${role}`).execute(admin.own)
    await admin.close()
    assert.ok(error instanceof StartError)
    assert.match(error.message, /may not create a schema; grant CREATE/)
  })
})

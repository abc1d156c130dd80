import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { sql } from 'kysely'
import { StartError } from '../start-error.ts'
import { captureLog } from '../testing/captured-log.ts'
import { describeStores } from '../testing/stores.ts'
import { isForeignKeyViolation, isUniqueViolation } from './conflict.ts'
import { lease } from './lease.ts'
import { openStore } from './open-store.ts'
import type { Migrations, Store } from './store.ts'

interface Tables {
  item: { id: string; parent: string | null; made_at: number }
}

const items: Migrations = {
  '001_item': {
    async up(db) {
      await db.schema
        .createTable('item')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('parent', 'text', (column) => column.references('item.id'))
        .addColumn('made_at', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
}

const { log } = captureLog()

describeStores('store', (nextUrl) => {
  const open = (url: string, migrations = items, name = 'idp') => openStore<Tables>({ url, migrations, log, name })

  async function using(run: (store: Store<Tables>, url: string) => Promise<void>): Promise<void> {
    const url = await nextUrl()
    const store = await open(url)
    try {
      await run(store, url)
    } finally {
      await store.close()
    }
  }

  test('what is written is there after closing and opening again', () =>
    using(async (store, url) => {
      const row = { id: 'a', parent: null, made_at: Date.now() }
      await store.db.insertInto('item').values(row).execute()
      await store.close()
      const again = await open(url)
      assert.deepEqual(await again.db.selectFrom('item').selectAll().execute(), [row])
      await again.ping()
      await again.close()
      await again.close()
    }))

  test('times and counts are numbers on both', () =>
    using(async ({ db }) => {
      await db.insertInto('item').values({ id: 'a', parent: null, made_at: Number.MAX_SAFE_INTEGER }).execute()
      const row = await db
        .selectFrom('item')
        .select(({ fn }) => [
          fn.countAll<number>().as('count'),
          fn.max('made_at').as('max'),
          fn.sum<number>('made_at').as('sum'),
        ])
        .executeTakeFirstOrThrow()
      assert.deepEqual(row, { count: 1, max: Number.MAX_SAFE_INTEGER, sum: Number.MAX_SAFE_INTEGER })
    }))

  test('conflicts are told apart', () =>
    using(async ({ db }) => {
      const insert = (id: string, parent: string | null) =>
        db.insertInto('item').values({ id, parent, made_at: 1 }).execute()
      await insert('a', null)
      await assert.rejects(insert('a', null), (error) => isUniqueViolation(error) && !isForeignKeyViolation(error))
      await assert.rejects(insert('b', 'nobody'), (error) => isForeignKeyViolation(error) && !isUniqueViolation(error))
    }))

  test('a transaction that fails leaves nothing', () =>
    using(async ({ db }) => {
      await assert.rejects(
        db.transaction().execute(async (trx) => {
          await trx.insertInto('item').values({ id: 'a', parent: null, made_at: 1 }).execute()
          throw new Error('no')
        }),
      )
      assert.deepEqual(await db.selectFrom('item').selectAll().execute(), [])
    }))

  test('a migration that fails half-way leaves the schema as it was, and can be mended', async () => {
    const url = await nextUrl()
    await (await open(url)).close()
    const broken: Migrations = {
      ...items,
      '002_more': {
        async up(db) {
          await db.schema.createTable('more').addColumn('id', 'text').execute()
          await sql`insert into nowhere values (1)`.execute(db)
        },
      },
    }
    await assert.rejects(open(url, broken))
    const mended: Migrations = {
      ...items,
      '002_more': {
        async up(db) {
          await db.schema.createTable('more').addColumn('id', 'text').execute()
        },
      },
    }
    const store = await open(url, mended)
    assert.deepEqual((await sql`select * from more`.execute(store.db)).rows, [])
    await store.close()
  })

  test('a migration that was added since runs, the others do not run again', async () => {
    const url = await nextUrl()
    const ran: string[] = []
    const note = (name: string): Migrations => ({ [name]: { up: async () => void ran.push(name) } })
    await (await open(url, note('002_b'))).close()
    await (await open(url, { ...note('002_b'), ...note('001_a'), ...note('010_c') })).close()
    await (await open(url, { ...note('002_b'), ...note('001_a'), ...note('010_c') })).close()
    assert.deepEqual(ran, ['002_b', '001_a', '010_c'])
  })

  test('a database of a newer version is refused and left alone', async () => {
    const url = await nextUrl()
    await (await open(url, { ...items, '002_future': { up: async () => {} } })).close()
    const older: Migrations = { ...items, '0015_other': { up: async () => assert.fail('it ran') } }
    await assert.rejects(open(url, older), (error) => {
      assert.ok(error instanceof StartError)
      assert.equal(error.code, 'database_newer')
      assert.match(error.message, /newer version than this program \(it has idp\/002_future\); start the newer program/)
      return true
    })
  })

  test('processes that start at once share the work', async () => {
    const url = await nextUrl()
    const ran: string[] = []
    const slow: Migrations = {
      '001_item': {
        async up(db) {
          await items['001_item']?.up(db)
          await new Promise((resolve) => setImmediate(resolve))
          ran.push('001_item')
        },
      },
    }
    // One after another on SQLite, where a lock is waited for synchronously; see kill.test.ts for separate processes.
    const opening = url.startsWith('sqlite:')
      ? [await open(url, slow), await open(url, slow)]
      : await Promise.all([open(url, slow), open(url, slow), open(url, slow), open(url, slow)])
    assert.deepEqual(ran, ['001_item'])
    for (const store of opening) await store.close()
  })

  test('a lease has one holder at a time, and is free again when its time is over', () =>
    using(async (store) => {
      const clock = createTestClock()
      const a = lease(store, 'job', 1_000, clock)
      const b = lease(store, 'job', 1_000, clock)
      assert.deepEqual([await a.acquire(), await b.acquire()], [true, false])
      clock.advance(900)
      assert.equal(await a.acquire(), true, 'its holder prolongs it')
      clock.advance(900)
      assert.equal(await b.acquire(), false)
      clock.advance(100)
      assert.equal(await b.acquire(), true)
      await a.release()
      assert.equal(await a.acquire(), false, 'who lost it cannot give it up')
      await b.release()
      assert.deepEqual(await a.run(async () => b.run(async () => 1)), { ran: true, value: { ran: false } })
      await assert.rejects(
        a.run(async () => {
          throw new Error('no')
        }),
      )
      assert.equal(await b.acquire(), true, 'a job that fails gives the lease up')
      assert.equal(await lease(store, 'other', 1_000, clock).acquire(), true)
      const many = Array.from({ length: 8 }, () => lease(store, 'wanted', 1_000, clock).acquire())
      assert.equal((await Promise.all(many)).filter(Boolean).length, 1, 'of all who ask at once')
    }))
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { EventInput, PosternEvent } from '@postern/core'
import { createTestClock, type TestClock } from '@postern/core/testing'
import { HttpProblem } from '../http/problem.ts'
import { limits } from '../limits.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { captureLog } from '../testing/captured-log.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../testing/postgres.ts'
import { describeStores } from '../testing/stores.ts'
import { createRecorder, type Recorder, type RecorderOptions } from './recorder.ts'

const issued: EventInput = {
  kind: 'token.issued',
  outcome: 'ok',
  reason: 'ok',
  poolId: 'p',
  clientId: 'c',
  status: 200,
  durationMs: 1.23456,
}
const refused: EventInput = { kind: 'token.refused', outcome: 'refused', reason: 'wrong_secret', clientId: 'c' }
const captured = captureLog()

interface Rig {
  recorder: Recorder
  clock: TestClock
  store: Store<object>
}

/** Moves the clock on until the promise is settled: a stream over Postgres stays behind the present. */
async function moving<T>(clock: TestClock, store: Store<object>, promise: Promise<T>): Promise<T> {
  let settled = false
  const done = promise.finally(() => {
    settled = true
  })
  while (!settled && store.dialect === 'postgres') {
    clock.advance(limits.eventSettle)
    await Promise.race([done.catch(() => {}), setImmediate()])
  }
  return done
}

async function take(source: AsyncIterable<PosternEvent>, count: number): Promise<PosternEvent[]> {
  const events: PosternEvent[] = []
  for await (const event of source) {
    events.push(event)
    if (events.length === count) break
  }
  return events
}

describeStores('events', (nextUrl) => {
  async function using(run: (rig: Rig) => Promise<void>, options: Partial<RecorderOptions> = {}): Promise<void> {
    const clock = createTestClock()
    const store = await openStore<object>({ url: await nextUrl(), migrations: {}, log: captured.log })
    const recorder = createRecorder({ store, clock, log: captured.log, role: 'idp', ...options })
    try {
      await run({ recorder, clock, store })
    } finally {
      await recorder.close()
      await store.close()
    }
  }

  const countOf = async (recorder: Recorder, name: string) => {
    const metric = await recorder.metrics.registry.getSingleMetric(name)?.get()
    return metric?.values.reduce((sum, { value }) => sum + value, 0)
  }

  test('an event reads back as it was recorded, with id and time', () =>
    using(async ({ recorder, clock }) => {
      const whole: EventInput = {
        kind: 'access.refused',
        outcome: 'refused',
        reason: 'audience_mismatch',
        requestId: 'r',
        poolId: 'p',
        clientId: 'c',
        subjectHash: 's',
        resource: 'urn:ex:r',
        serviceId: 'v',
        tokenHash: 't',
        tool: 'whoami',
        apiKeyName: 'ci',
        arguments: '{"a":1}',
        status: 401,
        durationMs: 0.5,
      }
      recorder.record(whole)
      recorder.record(issued)
      const { items, nextCursor } = await recorder.list({ limit: 10 })
      assert.equal(nextCursor, null)
      const time = new Date(clock.now()).toISOString()
      assert.deepEqual(
        items.map(({ id: _, ...event }) => event),
        [
          { ...issued, durationMs: 1.235, time },
          { ...whole, time },
        ],
      )
    }))

  test('pages, newest first, that neither repeat nor miss while more comes in', () =>
    using(async ({ recorder, clock }) => {
      const record = (count: number) => {
        for (let index = 0; index < count; index += 1) {
          recorder.record({ ...issued, requestId: String(index) })
          if (index % 3 === 0) clock.advance(1)
        }
      }
      record(25)
      const all: PosternEvent[] = []
      let cursor: string | null = null
      do {
        const page: { items: PosternEvent[]; nextCursor: string | null } = await recorder.list({
          limit: 10,
          ...(cursor === null ? {} : { cursor }),
        })
        all.push(...page.items)
        cursor = page.nextCursor
        record(1)
      } while (cursor !== null)
      assert.deepEqual(
        all.map(({ requestId }) => Number(requestId)),
        Array.from({ length: 25 }, (_, index) => 24 - index),
      )
    }))

  test('filters, and all of them together', () =>
    using(async ({ recorder, clock }) => {
      recorder.record(issued)
      recorder.record({ ...issued, clientId: 'other' })
      clock.advance(10_000)
      const since = new Date(clock.now()).toISOString()
      recorder.record(refused)
      recorder.record({ kind: 'access.verified', outcome: 'ok', reason: 'ok', serviceId: 'v', clientId: 'c' })
      const count = async (filter: object) => (await recorder.list({ limit: 10, ...filter })).items.length
      assert.equal(await count({}), 4)
      assert.equal(await count({ kind: 'token.issued' }), 2)
      assert.equal(await count({ outcome: 'refused' }), 1)
      assert.equal(await count({ reason: 'wrong_secret' }), 1)
      assert.equal(await count({ clientId: 'c' }), 3)
      assert.equal(await count({ serviceId: 'v' }), 1)
      assert.equal(await count({ since }), 2)
      assert.equal(
        await count({ since, clientId: 'c', kind: 'token.refused', outcome: 'refused', reason: 'wrong_secret' }),
        1,
      )
      assert.equal(await count({ since, kind: 'token.issued' }), 0)
      assert.equal(await count({ clientId: "c' or '1'='1" }), 0)
    }))

  test('a bad cursor', () =>
    using(async ({ recorder }) => {
      for (const cursor of ['x', 'WyJ4Il0', 'WzFd', Buffer.from('["%"]').toString('base64url')]) {
        await assert.rejects(recorder.list({ limit: 10, cursor }), (error) => {
          assert.ok(error instanceof HttpProblem)
          assert.deepEqual([error.status, error.code], [400, 'invalid_cursor'])
          return true
        })
      }
    }))

  test('batches of every size are whole', () =>
    using(async ({ recorder, store }) => {
      let total = 0
      for (const size of [1, 15, 16, 17, 255, 256, 257, 700]) {
        for (let index = 0; index < size; index += 1) recorder.record(index % 2 === 0 ? issued : refused)
        await recorder.flush()
        total += size
        const { count } = await store.own
          .selectFrom('event')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow()
        assert.equal(count, total)
      }
    }))

  test('nothing is written before its time, and then all at once', (context) =>
    using(async ({ recorder, store }) => {
      context.mock.timers.enable({ apis: ['setTimeout'] })
      recorder.record(issued)
      recorder.record(issued)
      const count = async () => (await store.own.selectFrom('event').select('id').execute()).length
      context.mock.timers.tick(limits.eventFlush - 1)
      assert.equal(await count(), 0)
      context.mock.timers.tick(1)
      context.mock.timers.reset()
      await recorder.flush()
      assert.equal(await count(), 2)
    }))

  test('a full buffer drops what went well, and counts it', () =>
    using(async ({ recorder }) => {
      for (let index = 0; index < limits.eventBuffer; index += 1) recorder.record(issued)
      recorder.record(issued)
      for (let index = 0; index < 5; index += 1) recorder.record(refused)
      assert.equal(await countOf(recorder, 'postern_events_dropped_total'), 6)
      assert.equal(await countOf(recorder, 'postern_events_total'), limits.eventBuffer + 6)
      const { items } = await recorder.list({ limit: 100, outcome: 'refused' })
      assert.equal(items.length, 5)
    }))

  test('a database that fails loses events, says so, and nobody else notices', () =>
    using(async ({ recorder, store }) => {
      await store.own.schema.dropTable('event').execute()
      recorder.record(refused)
      await recorder.flush()
      assert.equal(await countOf(recorder, 'postern_events_dropped_total'), 1)
      assert.match(captured.text(), /events could not be stored/)
      recorder.record(issued)
    }))

  test('what is recorded after closing is dropped and counted', () =>
    using(async ({ recorder }) => {
      await recorder.close()
      recorder.record(issued)
      assert.equal(await countOf(recorder, 'postern_events_dropped_total'), 1)
    }))

  test('closing writes what waits', async () => {
    const url = await nextUrl()
    const store = await openStore<object>({ url, migrations: {}, log: captured.log })
    const recorder = createRecorder({ store, clock: createTestClock(), log: captured.log, role: 'idp' })
    recorder.record(issued)
    await recorder.close()
    assert.equal((await store.own.selectFrom('event').select('id').execute()).length, 1)
    await store.close()
  })

  test('too many and too old events are deleted', () =>
    using(
      async ({ recorder, clock, store }) => {
        const fill = async (count: number) => {
          for (let index = 0; index < count; index += 1) recorder.record({ ...issued, requestId: String(index) })
          await recorder.flush()
        }
        const left = async () =>
          (await store.own.selectFrom('event').select('request_id').orderBy('id').execute()).map((row) =>
            Number(row.request_id),
          )
        await fill(limits.eventPruneEvery)
        assert.deepEqual((await left()).length, 1_500)
        assert.equal((await left()).at(0), limits.eventPruneEvery - 1_500)
        clock.advance(60_001)
        await fill(10)
        assert.equal((await left()).length, 1_510, 'not looked at yet')
        clock.advance(limits.eventPruneInterval)
        await fill(1)
        assert.deepEqual(await left(), [0])
      },
      { retention: { rows: 1_500, ageMs: 60_000 } },
    ))

  test('text of callers is bounded and storable', () =>
    using(async ({ recorder }) => {
      recorder.record({
        ...refused,
        clientId: 'x'.repeat(5_000),
        tool: 'a\0b\ud800',
        resource: "'; drop table event; --",
      })
      const [event] = (await recorder.list({ limit: 1 })).items
      assert.equal(event?.clientId, 'x'.repeat(limits.eventText))
      assert.equal(event?.tool, 'a\ufffdb\ufffd')
      assert.equal(event?.resource, "'; drop table event; --")
    }))

  test('a stream begins now, follows, and goes on where it broke off', () =>
    using(async ({ recorder, clock, store }) => {
      recorder.record({ ...issued, requestId: 'before' })
      await recorder.flush()
      const abort = new AbortController()
      const stream = recorder.stream({}, undefined, abort.signal)
      const first = take(stream, 3)
      await recorder.flush()
      for (const requestId of ['1', '2', '3', '4', '5']) recorder.record({ ...issued, requestId })
      const events = await moving(clock, store, first)
      assert.deepEqual(
        events.map(({ requestId }) => requestId),
        ['1', '2', '3'],
      )

      const again = recorder.stream({}, events[1]?.id, abort.signal)
      assert.deepEqual(
        (await moving(clock, store, take(again, 3))).map(({ requestId }) => requestId),
        ['3', '4', '5'],
      )
      abort.abort()
    }))

  test('a stream with filters, from a time on', () =>
    using(async ({ recorder, clock, store }) => {
      recorder.record(refused)
      clock.advance(5_000)
      const since = new Date(clock.now()).toISOString()
      for (let index = 0; index < 250; index += 1) recorder.record(index % 2 === 0 ? refused : issued)
      const stream = recorder.stream({ since, outcome: 'refused' }, undefined, new AbortController().signal)
      const events = await moving(clock, store, take(stream, 125))
      assert.ok(events.every(({ outcome, time }) => outcome === 'refused' && time >= since))
      assert.deepEqual(
        events.map(({ id }) => id),
        events.map(({ id }) => id).toSorted(),
      )
    }))

  test('a stream ends with its signal, or with the recorder', () =>
    using(async ({ recorder }) => {
      const abort = new AbortController()
      const byCaller = take(recorder.stream({}, undefined, abort.signal), 1)
      const byRecorder = take(recorder.stream({}, undefined, new AbortController().signal), 1)
      await recorder.flush()
      abort.abort()
      assert.deepEqual(await byCaller, [])
      await recorder.close()
      assert.deepEqual(await byRecorder, [])
      assert.deepEqual(await take(recorder.stream({}, undefined, AbortSignal.abort()), 1), [])
    }))
})

describe('with Postgres', { skip: noPostgres() }, () => {
  let postgres: TestPostgres
  before(async () => {
    postgres = await startPostgres()
  })
  after(() => postgres.close())

  test('what another process writes to the same database is in the stream', async () => {
    const url = await postgres.url()
    const clock = createTestClock()
    const stores = await Promise.all([1, 2].map(() => openStore<object>({ url, migrations: {}, log: captured.log })))
    const [here, there] = stores.map((store) => createRecorder({ store, clock, log: captured.log, role: 'idp' }))
    const [store] = stores
    assert.ok(here && there && store)
    const first = take(here.stream({}, undefined, new AbortController().signal), 1)
    await here.flush()
    clock.advance(1)
    there.record({ ...issued, requestId: 'there' })
    await there.flush()
    assert.deepEqual(
      (await moving(clock, store, first)).map(({ requestId }) => requestId),
      ['there'],
    )
    for (const recorder of [here, there]) await recorder.close()
    for (const one of stores) await one.close()
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { EventInput, PosternEvent } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import { limits } from '../limits.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { captureLog } from '../testing/captured-log.ts'
import { startHttp, type TestHttp } from '../testing/http-server.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { eventRoutes } from './routes.ts'

const issued: EventInput = { kind: 'token.issued', outcome: 'ok', reason: 'ok', clientId: 'c' }
const refused: EventInput = { kind: 'token.refused', outcome: 'refused', reason: 'unknown_client', clientId: 'd' }

describe('GET /events', () => {
  let store: Store<object>
  let recorder: Recorder
  let server: TestHttp
  before(async () => {
    const { log } = captureLog()
    store = await openStore<object>({ url: 'sqlite::memory:', migrations: {}, log })
    recorder = createRecorder({ store, clock: createTestClock(), log, role: 'idp' })
    server = await startHttp({ routes: eventRoutes(recorder) })
  })
  after(async () => {
    await recorder.close()
    await server.close()
    await store.close()
  })

  const list = async (query = '') =>
    (await (await server.call(`/api/v1/events${query}`)).json()) as { items: PosternEvent[]; nextCursor: string | null }

  function openStream(query = '', headers: Record<string, string> = {}) {
    const abort = new AbortController()
    const response = server.call(`/api/v1/events${query}`, {
      headers: { accept: 'text/event-stream', ...headers },
      signal: abort.signal,
    })
    return { response, close: () => abort.abort() }
  }

  /** Reads a stream until `count` frames with data are there. */
  async function frames(response: Response, count: number): Promise<{ id: string; event: PosternEvent }[]> {
    let text = ''
    const found: { id: string; event: PosternEvent }[] = []
    const decoder = new TextDecoder()
    assert.ok(response.body)
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true })
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      for (const part of parts) {
        const [, id = '', data = ''] = /^id: (\S+)\ndata: (.*)$/.exec(part) ?? []
        if (data !== '') found.push({ id, event: JSON.parse(data) })
      }
      if (found.length >= count) break
    }
    return found
  }

  test('a list, with filters and cursor', async () => {
    for (const event of [issued, refused, issued]) recorder.record(event)
    const all = await list()
    assert.equal(all.items.length, 3)
    const page = await list('?limit=2')
    assert.deepEqual(page.items, all.items.slice(0, 2))
    assert.deepEqual((await list(`?limit=2&cursor=${page.nextCursor}`)).items, all.items.slice(2))
    assert.deepEqual(
      (await list('?outcome=refused&clientId=d')).items.map(({ reason }) => reason),
      ['unknown_client'],
    )
  })

  test('a query that is wrong', async () => {
    for (const query of ['?kind=x', '?reason=x', '?since=yesterday', '?limit=101', '?client=c', '?cursor=x']) {
      const response = await server.call(`/api/v1/events${query}`)
      assert.equal(response.status, 400, query)
      assert.equal(response.headers.get('content-type'), 'application/problem+json')
    }
    const stream = await openStream('?kind=x').response
    assert.equal(stream.status, 400)
    const resumed = await openStream('', { 'last-event-id': 'x' }).response
    assert.equal(resumed.status, 400)
    assert.match(await resumed.text(), /Last-Event-ID: is no id of an event/)
  })

  test('no admin token, no events', async () => {
    const response = await fetch(`${server.url}/api/v1/events`, { headers: { accept: 'text/event-stream' } })
    assert.equal(response.status, 401)
    await response.body?.cancel()
  })

  test('a stream, resumed by Last-Event-ID, and with filters', async () => {
    const stream = openStream()
    const response = await stream.response
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    for (const requestId of ['1', '2', '3', '4']) recorder.record({ ...issued, requestId })
    const first = await frames(response, 2)
    assert.deepEqual(first.map(({ event }) => event.requestId).slice(0, 2), ['1', '2'])
    assert.ok(first.every(({ id, event }) => id === event.id))
    stream.close()

    recorder.record({ ...refused, requestId: '5' })
    const resumed = openStream('?kind=token.refused', { 'last-event-id': first[1]?.id ?? '' })
    assert.deepEqual(
      (await frames(await resumed.response, 1)).map(({ event }) => event.requestId),
      ['5'],
    )
    resumed.close()
  })

  test('HEAD opens no stream', async () => {
    const response = await server.call('/api/v1/events', { method: 'HEAD', headers: { accept: 'text/event-stream' } })
    assert.equal(response.status, 200)
    assert.equal(await response.text(), '')
  })

  test('streams are limited, and one that is closed makes room', async () => {
    const open = Array.from({ length: limits.streams }, () => openStream())
    for (const { response } of open) assert.equal((await response).status, 200)
    const refusal = await openStream().response
    assert.equal(refusal.status, 503)
    assert.equal(refusal.headers.get('retry-after'), '5')
    await refusal.body?.cancel()
    for (const { close } of open) close()
    let status = 503
    while (status === 503) {
      const next = openStream()
      status = (await next.response).status
      next.close()
      await setImmediate()
    }
    assert.equal(status, 200)
  })

  test('a server that closes ends its streams', async () => {
    const own = await startHttp({ routes: eventRoutes(recorder) })
    const response = await own.call('/api/v1/events', { headers: { accept: 'text/event-stream' } })
    own.http.close()
    assert.equal(await response.text(), 'retry: 2000\n\n')
    await own.close()
  })
})

/** Clients of 2025-11-25 and before: sessions, streams, cancellation, and whose they are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, odd } from '../backends/fixtures/harness.ts'
import type { JsonObject } from '../backends/json-rpc.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './fixtures/test-gateway.ts'
import { auth, initialize, openStream, parse, post, rpc, send, type WireAnswer } from './fixtures/wire.ts'

interface Bench extends TestGateway {
  readonly url: string
  readonly key: string
}

async function open(t: { after(end: () => Promise<void>): void }, options: TestGatewayOptions = {}): Promise<Bench> {
  const gateway = await startTestGateway({ services: [{ id: 'mcp', backend: odd() }], ...options })
  t.after(gateway.close)
  return { ...gateway, url: `${gateway.origin}/mcp`, key: await gateway.catalog.addKey('mcp', { name: 'one' }) }
}

const call = (name: string, args: JsonObject = {}, id: number | string = 1, meta: JsonObject = {}) =>
  rpc('tools/call', { name, arguments: args, _meta: meta }, id)

const inSession = (session: string) => ({ 'mcp-session-id': session })

/** The JSON in the text of a tool's answer, whether it came as one body or over a stream. */
function told(answer: WireAnswer): unknown {
  const last = answer.text.startsWith('{') ? answer.text : answer.text.trim().split('data: ').at(-1)
  const { result, error } = parse(last ?? '')
  if (error !== undefined) throw new Error(`${error.code} ${error.message}`)
  const content = (result?.['content'] ?? []) as { text: string }[]
  return JSON.parse(content[0]?.text ?? 'null')
}

test('initialize tells what the backend told, in the version that the client asked for', async (t) => {
  const { url, key } = await open(t)
  for (const [asked, agreed] of [
    ['2025-11-25', '2025-11-25'],
    ['2025-03-26', '2025-03-26'],
    ['2099-01-01', '2025-11-25'],
  ]) {
    const params = { protocolVersion: asked, capabilities: {}, clientInfo: { name: 'c', version: '1' } }
    const answer = await post(url, key, rpc('initialize', params))
    assert.match(String(answer.headers['mcp-session-id']), /^[A-Za-z0-9_-]{43}$/)
    assert.deepEqual(parse(answer.text).result, {
      protocolVersion: agreed,
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true },
        logging: {},
        tasks: {},
        'x-own': { a: 1 },
      },
      serverInfo: { name: 'odd', version: '1', 'x-own': 2 },
      instructions: 'Be odd.',
    })
  }
})

test('results, errors and unknown fields pass through as they are', async (t) => {
  const { url, key } = await open(t)
  const session = inSession(await initialize(url, key))
  const args = { deep: [{ 'x-é': null }], __proto__x: 1 }
  const echoed = await post(url, key, call('echo', args, 'id-1'), session)
  assert.deepEqual(JSON.parse(echoed.text), {
    jsonrpc: '2.0',
    id: 'id-1',
    result: {
      content: [{ type: 'text', text: JSON.stringify(args) }],
      structuredContent: args,
      'x-unknown': { kept: [null, 1.5] },
      _meta: { 'example.com/own': 1 },
    },
  })
  const failed = await post(url, key, call('fail'), session)
  assert.deepEqual(
    [failed.status, parse(failed.text).error],
    [200, { code: -32002, message: 'No such thing', data: { thing: 'x', deep: { kept: true } } }],
  )
  const listed = parse((await post(url, key, rpc('tools/list', { cursor: 'second' }), session)).text).result
  const tools = listed?.['tools'] as JsonObject[]
  assert.deepEqual(tools.find(({ name }) => name === 'echo')?.['x-unknown'], { kept: [1, 'two'] })
  assert.deepEqual(tools.find(({ name }) => name === 'steps')?.['execution'], { taskSupport: 'optional' })
  assert.equal(parse((await post(url, key, rpc('own/method', { x: 1 }), session)).text).error?.code, -32601)
  assert.deepEqual(parse((await post(url, key, rpc('ping'), session)).text).result, {})
})

test('without a session a request is served all the same, in the caller’s own process', async (t) => {
  const { url, key, backends } = await open(t)
  assert.deepEqual(told(await post(url, key, call('remember', { value: 1 }))), [1])
  const session = inSession(await initialize(url, key))
  assert.deepEqual(told(await post(url, key, call('remember', { value: 2 }), session)), [1, 2])
  assert.equal(backends.processes().length, 1)
})

test('a session belongs to its caller: for anybody else, and on any other service, it does not exist', async (t) => {
  const { url, key, catalog, origin, events } = await open(t)
  const thief = await catalog.addKey('mcp', { name: 'thief' })
  catalog.put({ id: 'other', backend: odd() })
  const elsewhere = await catalog.addKey('other', { name: 'one' })
  const id = await initialize(url, key)
  const session = inSession(id)
  await post(url, key, call('remember', { value: 'private' }), session)
  const stream = await openStream(url, { headers: { ...auth(key), ...session } })
  t.after(stream.close)
  events.length = 0

  const unknown = await post(url, thief, rpc('tools/list'), inSession('x'.repeat(43)))
  assert.equal(unknown.status, 404)
  assert.equal(parse(unknown.text).error?.code, -32001)
  const attempts: [string, Promise<WireAnswer>][] = [
    ['a call', post(url, thief, call('remember', { value: 'stolen' }), session)],
    [
      'a notification',
      post(url, thief, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }, session),
    ],
    ['the stream', send(url, { method: 'GET', headers: { accept: 'text/event-stream', ...auth(thief), ...session } })],
    ['its end', send(url, { method: 'DELETE', headers: { ...auth(thief), ...session } })],
    ['another service', post(`${origin}/other`, elsewhere, rpc('tools/list'), session)],
  ]
  for (const [what, attempt] of attempts) {
    const answer = await attempt
    assert.deepEqual([answer.status, answer.text], [404, unknown.text], what)
  }
  assert.ok(
    events.every(({ kind, reason, status }) => `${kind} ${reason} ${status}` === 'access.refused session_unknown 404'),
  )
  assert.equal((await send(url, { method: 'DELETE', headers: session })).status, 401, 'a session is no credential')
  assert.deepEqual(told(await post(url, key, call('remember', { value: 'still' }), session)), ['private', 'still'])
})

test('a session ends with DELETE, with the service, and when it was quiet for long', async (t) => {
  const { url, key, clock, catalog } = await open(t, { frozen: true, limits: { sessionIdleMs: 60_000 } })
  const isKnown = async (session: string) => (await post(url, key, rpc('ping'), inSession(session))).status === 200
  const first = await initialize(url, key)
  assert.equal(await isKnown(first), true)
  assert.equal((await send(url, { method: 'DELETE', headers: { ...auth(key), ...inSession(first) } })).status, 204)
  assert.equal(await isKnown(first), false)

  const second = await initialize(url, key)
  const watched = await initialize(url, key)
  const stream = await openStream(url, { headers: { ...auth(key), ...inSession(watched) } })
  clock.advance(59_999)
  assert.equal(await isKnown(second), true)
  clock.advance(60_000)
  assert.equal(await isKnown(second), false)
  assert.equal(await isKnown(watched), true, 'a stream keeps its session')
  catalog.remove('mcp')
  assert.equal(await stream.next(), undefined)
  catalog.put({ id: 'mcp', backend: odd() })
  assert.equal(await isKnown(watched), false)
})

test('sessions are bounded: a caller’s quietest one makes room', async (t) => {
  const { url, key } = await open(t, { limits: { sessionsPerCaller: 2 } })
  const sessions = [await initialize(url, key), await initialize(url, key)]
  await post(url, key, rpc('ping'), inSession(sessions[0] ?? ''))
  sessions.push(await initialize(url, key))
  const statuses = await Promise.all(
    sessions.map(async (session) => (await post(url, key, rpc('ping'), inSession(session))).status),
  )
  assert.deepEqual(statuses, [200, 404, 200])
})

test('progress and a log line of the request come before its answer, in one stream', async (t) => {
  const { url, key } = await open(t)
  const session = inSession(await initialize(url, key))
  const body = JSON.stringify(call('steps', {}, 7, { progressToken: 'mine' }))
  const headers = {
    ...auth(key),
    ...session,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  const stream = await openStream(url, { method: 'POST', headers, body })
  for (const progress of [1, 2, 3]) {
    assert.deepEqual((await stream.next())?.['params'], { progressToken: 'mine', progress, total: 3, extra: 'kept' })
  }
  assert.equal((await stream.next())?.['id'], 7)
  assert.equal(await stream.next(), undefined)

  const plain = await post(url, key, call('log'), { ...session, accept: 'application/json' })
  assert.equal(plain.headers['content-type'], 'application/json', 'who takes no stream gets none')
  const only = await post(url, key, rpc('ping'), { ...session, accept: 'text/event-stream' })
  assert.equal(only.headers['content-type'], 'text/event-stream')
})

test('an answer that is long in coming becomes a stream', async (t) => {
  const { url, key } = await open(t, { limits: { streamAfterMs: 50, keepAliveMs: 50 } })
  const session = inSession(await initialize(url, key))
  const hanging = await openStream(url, {
    method: 'POST',
    headers: {
      ...auth(key),
      ...session,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify(call('hang', {}, 5)),
  })
  assert.equal(hanging.status, 200)
  await post(url, key, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 5 } }, session)
  assert.equal((await hanging.next())?.['id'], 5)
})

test('a client cancels what it asked for, and nothing of anybody else', async (t) => {
  const { url, key, catalog } = await open(t, { services: [{ id: 'mcp', backend: odd(), isolation: 'shared' }] })
  const other = await catalog.addKey('mcp', { name: 'other' })
  const mine = inSession(await initialize(url, key))
  const theirs = inSession(await initialize(url, other))
  const cancel = (token: string, session: Record<string, string>) =>
    post(
      url,
      token,
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9, reason: 'enough' } },
      session,
    )
  const hanging = post(url, key, call('hang', {}, 9), mine)
  await eventually(async () => told(await post(url, key, call('pid'), mine)) !== undefined, 'an answer')
  assert.equal((await cancel(other, theirs)).status, 202)
  assert.deepEqual(told(await post(url, key, call('cancelled'), mine)), [])
  assert.equal((await cancel(key, mine)).status, 202)
  const answer = parse((await hanging).text)
  assert.equal(answer.error?.message, 'The request was cancelled.')
  assert.deepEqual(told(await post(url, key, call('cancelled'), mine)), ['cancelled by the caller'])
})

test('a broken connection cancels nothing in a session', async (t) => {
  const { url, key } = await open(t)
  const session = inSession(await initialize(url, key))
  const abort = new AbortController()
  const headers = { ...auth(key), ...session, 'content-type': 'application/json' }
  const broken = fetch(url, { method: 'POST', headers, body: JSON.stringify(call('hang')), signal: abort.signal })
  await post(url, key, call('pid'), session)
  abort.abort()
  await assert.rejects(broken)
  assert.deepEqual(told(await post(url, key, call('cancelled'), session)), [])
})

test('the stream of a session tells what changed, and updates of subscribed resources alone', async (t) => {
  const { url, key } = await open(t)
  const session = inSession(await initialize(url, key))
  const stream = await openStream(url, { headers: { ...auth(key), ...session } })
  t.after(stream.close)
  assert.deepEqual(
    parse((await post(url, key, rpc('resources/subscribe', { uri: 'test://two' }), session)).text).result,
    {},
  )
  await post(url, key, call('announce'), session)
  assert.equal((await stream.next())?.['method'], 'notifications/tools/list_changed')
  assert.deepEqual((await stream.next())?.['params'], { uri: 'test://two' })
  assert.deepEqual(
    parse((await post(url, key, rpc('resources/unsubscribe', { uri: 'test://two' }), session)).text).result,
    {},
  )
  await post(url, key, call('announce'), session)
  await post(url, key, call('announce'), session)
  const next = [await stream.next(), await stream.next()]
  assert.deepEqual(
    next.map((message) => message?.['method']),
    Array(2).fill('notifications/tools/list_changed'),
  )
})

test('a new stream takes the place of a session’s old one', async (t) => {
  const { url, key } = await open(t)
  const session = inSession(await initialize(url, key))
  const headers = { ...auth(key), ...session }
  const old = await openStream(url, { headers })
  const fresh = await openStream(url, { headers })
  t.after(fresh.close)
  assert.equal(await old.next(), undefined)
  await post(url, key, call('announce'), session)
  assert.equal((await fresh.next())?.['method'], 'notifications/tools/list_changed')
})

test('streams end when a key goes, when the service changes and when the credential expires', async (t) => {
  const { url, key, catalog } = await open(t)
  const listen = async (token: string) => {
    const session = inSession(await initialize(url, token))
    return await openStream(url, { headers: { ...auth(token), ...session } })
  }
  const first = await listen(key)
  catalog.put({ id: 'mcp', backend: odd() })
  assert.equal(await first.next(), undefined)
  const second = await listen(key)
  const short = await catalog.addKey('mcp', { name: 'short', expiresAt: Date.now() + 3000 })
  const third = await listen(short)
  assert.equal(await third.next(), undefined)
  catalog.removeKeys('mcp')
  assert.equal(await second.next(), undefined)
})

test('streams of one caller are bounded', async (t) => {
  const { url, key } = await open(t, { limits: { streamsPerCaller: 1 } })
  const listen = async () =>
    await openStream(url, { headers: { ...auth(key), ...inSession(await initialize(url, key)) } })
  const first = await listen()
  t.after(first.close)
  assert.deepEqual([first.status, (await listen()).status], [200, 429])
})

test('in a shared process nobody hears the log lines of others', async (t) => {
  const { url, key, catalog } = await open(t, { services: [{ id: 'mcp', backend: odd(), isolation: 'shared' }] })
  const other = await catalog.addKey('mcp', { name: 'other' })
  const mine = inSession(await initialize(url, key))
  const theirs = inSession(await initialize(url, other))
  const stream = await openStream(url, { headers: { ...auth(other), ...theirs } })
  t.after(stream.close)
  // Two at once, so that a line cannot be told to be about one of them.
  await Promise.all([post(url, key, call('log', {}, 1), mine), post(url, key, call('log', {}, 2), mine)])
  await post(url, key, call('announce'), mine)
  assert.equal(
    (await stream.next())?.['method'],
    'notifications/tools/list_changed',
    'that a list has changed is no secret',
  )
})

test('a batch is answered as one, and what is no message spoils it', async (t) => {
  const { url, key } = await open(t)
  const answer = await post(url, key, [
    rpc('ping', {}, 'a'),
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    call('pid', {}, 'b'),
  ])
  const parts = JSON.parse(answer.text) as { id: string }[]
  assert.deepEqual(
    parts.map(({ id }) => id),
    ['a', 'b'],
  )
  assert.equal((await post(url, key, [{ jsonrpc: '2.0', method: 'notifications/initialized' }])).status, 202)
  assert.equal((await post(url, key, [rpc('ping'), 'x'])).status, 400)
  assert.equal((await post(url, key, Array(101).fill(rpc('ping')))).status, 400)
})

test('a version that is not spoken here is named with those that are', async (t) => {
  const { url, key } = await open(t)
  const answer = await post(url, key, rpc('ping'), { 'mcp-protocol-version': '1999-01-01' })
  assert.equal(answer.status, 400)
  assert.match(parse(answer.text).error?.message ?? '', /2025-11-25/)
  assert.equal((await post(url, key, rpc('ping'), { 'mcp-protocol-version': '2024-11-05' })).status, 200)
})

test('what a client sends unasked is taken, and handed on where it is the backend’s', async (t) => {
  const { url, key } = await open(t)
  const session = inSession(await initialize(url, key))
  for (const message of [
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', method: 'notifications/own', params: { x: 1 } },
    { jsonrpc: '2.0', id: 5, result: {} },
    { jsonrpc: '2.0', id: 6, error: { code: 1, message: 'x' } },
  ]) {
    const answer = await post(url, key, message, session)
    assert.deepEqual([answer.status, answer.text], [202, ''])
  }
})

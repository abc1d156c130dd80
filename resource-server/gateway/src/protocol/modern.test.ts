/** Clients of 2026-07-28: the envelope, its headers, subscriptions, and backends of the era before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, odd } from '../backends/fixtures/harness.ts'
import type { JsonObject } from '../backends/json-rpc.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './fixtures/test-gateway.ts'
import { startModern } from './fixtures/upstreams.ts'
import { auth, openStream, parse, post, postModern, rpc } from './fixtures/wire.ts'

interface Bench extends TestGateway {
  readonly url: string
  readonly key: string
}

async function open(t: { after(end: () => Promise<void>): void }, options: TestGatewayOptions = {}): Promise<Bench> {
  const gateway = await startTestGateway({ services: [{ id: 'mcp', backend: odd() }], ...options })
  t.after(gateway.close)
  return { ...gateway, url: `${gateway.origin}/mcp`, key: await gateway.catalog.addKey('mcp', { name: 'one' }) }
}

const versionKey = 'io.modelcontextprotocol/protocolVersion'
const serverInfo = { name: 'odd', version: '1', 'x-own': 2 }

/** A request of 2026-07-28 that is answered by a stream. */
function stream(
  url: string,
  key: string,
  method: string,
  params: JsonObject,
  meta: JsonObject = {},
  id: number | string = 1,
) {
  const _meta = {
    [versionKey]: '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    ...meta,
  }
  const name = params['name']
  const headers = {
    ...auth(key),
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  }
  return openStream(url, { method: 'POST', headers, body: JSON.stringify(rpc(method, { ...params, _meta }, id)) })
}

test('server/discover tells of a legacy backend in the words of the new revision', async (t) => {
  const { url, key } = await open(t)
  const { result } = parse((await postModern(url, key, 'server/discover')).text)
  assert.deepEqual(result, {
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {}, 'x-own': { a: 1 } },
    instructions: 'Be odd.',
    resultType: 'complete',
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
  })
})

test('results of a legacy backend get what the revision asks for and keep what they have', async (t) => {
  const { url, key } = await open(t)
  const listed = parse((await postModern(url, key, 'tools/list', { cursor: 'second' })).text).result
  assert.deepEqual([listed?.['resultType'], listed?.['ttlMs'], listed?.['cacheScope']], ['complete', 0, 'private'])
  const tools = listed?.['tools'] as JsonObject[]
  assert.deepEqual(tools.find(({ name }) => name === 'echo')?.['x-unknown'], { kept: [1, 'two'] })
  assert.equal(tools.find(({ name }) => name === 'steps')?.['execution'], undefined)

  const echoed = parse((await postModern(url, key, 'tools/call', { name: 'echo', arguments: { a: 1 } })).text).result
  assert.deepEqual(echoed, {
    content: [{ type: 'text', text: '{"a":1}' }],
    structuredContent: { a: 1 },
    'x-unknown': { kept: [null, 1.5] },
    resultType: 'complete',
    _meta: { 'example.com/own': 1, 'io.modelcontextprotocol/serverInfo': serverInfo },
  })
  const failed = await postModern(url, key, 'tools/call', { name: 'fail' })
  assert.deepEqual(
    [failed.status, parse(failed.text).error],
    [200, { code: -32002, message: 'No such thing', data: { thing: 'x', deep: { kept: true } } }],
  )
})

test('the headers must be there and say what the body says', async (t) => {
  const { url, key } = await open(t)
  const params = { name: 'pid', arguments: {} }
  const cases: [string, Parameters<typeof postModern>[4], number, number][] = [
    ['no version header', { without: ['mcp-protocol-version'] }, 400, -32020],
    ['no method header', { without: ['mcp-method'] }, 400, -32020],
    ['no name header', { without: ['mcp-name'] }, 400, -32020],
    ['another method', { headers: { 'mcp-method': 'tools/list' } }, 400, -32020],
    ['another name', { headers: { 'mcp-name': 'exit' } }, 400, -32020],
    ['a badly encoded name', { headers: { 'mcp-name': '=?base64?cGlk*?=' } }, 400, -32020],
    ['another version', { headers: { 'mcp-protocol-version': '2025-11-25' } }, 400, -32020],
    [
      'a version that is not served',
      { headers: { 'mcp-protocol-version': '2027-01-01' }, meta: { [versionKey]: '2027-01-01' } },
      400,
      -32022,
    ],
    ['no capabilities', { meta: { 'io.modelcontextprotocol/clientCapabilities': null } }, 400, -32602],
  ]
  for (const [name, more, status, code] of cases) {
    const answer = await postModern(url, key, 'tools/call', params, more)
    assert.deepEqual([answer.status, parse(answer.text).error?.code, parse(answer.text).id], [status, code, 1], name)
  }
  const encoded = `=?base64?${Buffer.from('pid').toString('base64')}?=`
  assert.equal((await postModern(url, key, 'tools/call', params, { headers: { 'mcp-name': encoded } })).status, 200)
  const modernHeader = await post(url, key, rpc('initialize', { protocolVersion: '2025-11-25' }), {
    'mcp-protocol-version': '2026-07-28',
  })
  assert.deepEqual([modernHeader.status, parse(modernHeader.text).error?.code], [400, -32020])
  const noEnvelope = await post(url, key, rpc('tools/list'), { 'mcp-protocol-version': '2026-07-28' })
  assert.deepEqual([noEnvelope.status, parse(noEnvelope.text).error?.code], [400, -32602])
  const inBatch = await post(url, key, [rpc('tools/list', { _meta: { [versionKey]: '2026-07-28' } })])
  assert.equal(inBatch.status, 400)
})

test('methods that the revision has no more, or nobody has, are not found', async (t) => {
  const { url, key } = await open(t)
  for (const method of ['ping', 'logging/setLevel', 'resources/subscribe', 'own/method']) {
    const answer = await postModern(url, key, method)
    assert.deepEqual([answer.status, parse(answer.text).error?.code], [404, -32601], method)
  }
  const unknownTool = await postModern(url, key, 'tools/call', { name: 'none' })
  assert.deepEqual([unknownTool.status, parse(unknownTool.text).error?.code], [200, -32602])
  const notification = { jsonrpc: '2.0', method: 'notifications/x', params: { _meta: { [versionKey]: '2026-07-28' } } }
  const taken = await post(url, key, notification, { 'mcp-protocol-version': '2026-07-28' })
  assert.deepEqual([taken.status, taken.text], [202, ''])
})

test('log lines come only to who asked for them, from their level upwards', async (t) => {
  const { url, key } = await open(t)
  const levels = async (level?: string) => {
    const meta = level === undefined ? {} : { 'io.modelcontextprotocol/logLevel': level }
    const events = await stream(url, key, 'tools/call', { name: 'log' }, meta)
    const lines: unknown[] = []
    for (let message = await events.next(); message !== undefined; message = await events.next()) {
      if (message['method'] === 'notifications/message') lines.push((message['params'] as JsonObject)['level'])
    }
    return lines
  }
  assert.deepEqual(await levels(), [])
  assert.deepEqual(await levels('warning'), ['warning'])
  assert.deepEqual(await levels('debug'), ['debug', 'warning'])
  assert.deepEqual(await levels('nonsense'), [])
})

test('a client that breaks the connection has cancelled its request', async (t) => {
  const { url, key } = await open(t, { limits: { streamAfterMs: 300 } })
  // The backend is there, so that the call gets to it.
  await postModern(url, key, 'tools/call', { name: 'pid' })
  const hanging = await stream(url, key, 'tools/call', { name: 'hang' })
  hanging.close()
  await eventually(async () => {
    const { result } = parse((await postModern(url, key, 'tools/call', { name: 'cancelled' })).text)
    return JSON.stringify(result).includes('cancelled by the caller')
  }, 'the cancellation')
})

test('a subscription is acknowledged as far as the backend goes, tells that, and ends with its result', async (t) => {
  const { url, key, catalog } = await open(t)
  const notifications = {
    toolsListChanged: true,
    promptsListChanged: true,
    resourceSubscriptions: ['test://one'],
  }
  const events = await stream(url, key, 'subscriptions/listen', { notifications }, {}, 'sub-1')
  const stamp = { 'io.modelcontextprotocol/subscriptionId': 'sub-1' }
  assert.deepEqual(await events.next(), {
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['test://one'] }, _meta: stamp },
  })
  await postModern(url, key, 'tools/call', { name: 'announce' })
  assert.deepEqual(await events.next(), {
    jsonrpc: '2.0',
    method: 'notifications/tools/list_changed',
    params: { _meta: stamp },
  })
  assert.deepEqual(await events.next(), {
    jsonrpc: '2.0',
    method: 'notifications/resources/updated',
    params: { uri: 'test://one', _meta: stamp },
  })
  catalog.removeKeys('mcp')
  assert.deepEqual(await events.next(), {
    jsonrpc: '2.0',
    id: 'sub-1',
    result: { resultType: 'complete', _meta: { ...stamp, 'io.modelcontextprotocol/serverInfo': serverInfo } },
  })
  assert.equal(await events.next(), undefined)
})

test('a subscription to nothing ends at once, a malformed or a boundless one is refused, and one ends with the backend', async (t) => {
  const { url, key } = await open(t, { limits: { watchedResources: 2 } })
  const nothing = await stream(url, key, 'subscriptions/listen', { notifications: { promptsListChanged: true } })
  assert.equal((await nothing.next())?.['method'], 'notifications/subscriptions/acknowledged')
  assert.equal((await nothing.next())?.['id'], 1)
  assert.equal(await nothing.next(), undefined)
  for (const params of [
    { notifications: { resourceSubscriptions: ['a', 'b', 'c'] } },
    { notifications: { resourceSubscriptions: 'a' } },
  ]) {
    const answer = await postModern(url, key, 'subscriptions/listen', params)
    assert.equal(parse(answer.text).error?.code, -32602)
  }
  const lasting = await stream(url, key, 'subscriptions/listen', { notifications: { toolsListChanged: true } })
  await lasting.next()
  await postModern(url, key, 'tools/call', { name: 'exit' })
  assert.equal((await lasting.next())?.['id'], 1)
  assert.equal(await lasting.next(), undefined)
})

test('a subscription that is refused holds no backend', async (t) => {
  const idle = { idleMs: 60_000, sweepMs: 20 }
  const { url, key, backends, clock } = await open(t, {
    frozen: true,
    limits: { streamsPerCaller: 1 },
    backendLimits: idle,
  })
  const params = { notifications: { toolsListChanged: true } }
  const first = await stream(url, key, 'subscriptions/listen', params)
  await first.next()
  assert.equal((await postModern(url, key, 'subscriptions/listen', params)).status, 429)
  assert.equal(backends.processes().length, 1)
  first.close()
  await eventually(() => {
    clock.advance(idle.idleMs)
    return backends.processes().length === 0
  }, 'the end of a backend that nobody holds')
})

test('a modern backend is subscribed to for modern and legacy clients alike', async (t) => {
  const upstream = await startModern()
  const { url, key } = await open(t, { services: [{ id: 'mcp', backend: { type: 'http', url: upstream.url } }] })
  t.after(upstream.close)
  const announce = setInterval(() => upstream.handler.notify.toolsChanged(), 25)
  t.after(() => clearInterval(announce))
  const modern = await stream(url, key, 'subscriptions/listen', { notifications: { toolsListChanged: true } }, {}, 5)
  t.after(modern.close)
  await modern.next()
  assert.deepEqual((await modern.next())?.['params'], { _meta: { 'io.modelcontextprotocol/subscriptionId': 5 } })
  const initialized = await post(url, key, rpc('initialize', { protocolVersion: '2025-11-25' }))
  const session = { 'mcp-session-id': String(initialized.headers['mcp-session-id']) }
  const legacy = await openStream(url, { headers: { ...auth(key), ...session } })
  t.after(legacy.close)
  assert.deepEqual(await legacy.next(), { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: {} })
  for (const [method, params] of [
    ['logging/setLevel', { level: 'info' }],
    ['resources/subscribe', { uri: 'test://one' }],
  ] as const) {
    assert.deepEqual(parse((await post(url, key, rpc(method, params), session)).text).result, {}, method)
  }
  const updates = setInterval(() => upstream.handler.notify.resourceUpdated('test://one'), 25)
  t.after(() => clearInterval(updates))
  for (
    let message = await legacy.next();
    message?.['method'] !== 'notifications/resources/updated';
    message = await legacy.next()
  ) {
    assert.ok(message)
  }
  // The level that the session has set goes with its calls.
  const lines = await post(url, key, rpc('tools/call', { name: 'steps' }), session)
  assert.match(lines.text, /an info line/)
})

test('a modern backend’s question goes to modern clients; those that cannot be asked are told so', async (t) => {
  const { url, key } = await open(t, { services: [{ id: 'mcp', backend: odd('modern-only') }] })
  const asked = parse((await postModern(url, key, 'tools/call', { name: 'ask' })).text).result
  assert.equal(asked?.['resultType'], 'input_required')
  const requestState = String(asked?.['requestState'])
  assert.notEqual(requestState, 'x', 'the backend’s state is bound to whom it was given')
  const again = parse((await postModern(url, key, 'tools/call', { name: 'ask', requestState })).text).result
  const [block] = (again?.['content'] ?? []) as { text: string }[]
  assert.equal(JSON.parse(block?.text ?? '').requestState, 'x', 'and comes back to it as it was')
})

test('a modern client’s envelope reaches a modern backend as it is, with the answers to its questions', async (t) => {
  const { url, key } = await open(t, { services: [{ id: 'mcp', backend: odd('modern-only') }] })
  const params = {
    name: 'echo',
    arguments: { a: 1 },
    inputResponses: { q: { action: 'accept' } },
  }
  const { result } = parse((await postModern(url, key, 'tools/call', params, { meta: { 'example.com/own': 1 } })).text)
  const [block] = (result?.['content'] ?? []) as { text: string }[]
  assert.deepEqual(JSON.parse(block?.text ?? ''), {
    ...params,
    _meta: {
      [versionKey]: '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'wire', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
      'example.com/own': 1,
    },
  })
})

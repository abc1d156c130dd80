/** What a caller could do to others, or beside the rules, with methods that are no calls of a tool. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { eventually, odd } from '../backends/fixtures/harness.ts'
import type { JsonObject } from '../backends/json-rpc.ts'
import type { Era } from '../backends/types.ts'
import type { TestService } from './fixtures/memory-catalog.ts'
import { type Script, startScriptedUpstream } from './fixtures/scripted-upstream.ts'
import { startTestGateway, type TestGatewayOptions } from './fixtures/test-gateway.ts'
import { auth, initialize, openStream, parse, post, postModern, type RpcAnswer, rpc } from './fixtures/wire.ts'

const timeout = 20_000

const all = { tools: {}, resources: { subscribe: true }, logging: {}, tasks: {} }

/** Does whatever it is asked to. */
const obedient: Script = {
  'tools/call': (params) => ({ content: [], structuredContent: params }),
  'tools/list': () => ({ tools: [{ name: 'read' }] }),
  'logging/setLevel': () => ({}),
  'resources/subscribe': () => ({}),
  'resources/unsubscribe': () => ({}),
  'subscriptions/listen': () => ({ resultType: 'complete' }),
  'tasks/list': () => ({ tasks: [] }),
  'tasks/get': () => ({ taskId: 't' }),
  'tasks/result': () => ({ content: [] }),
  'tasks/cancel': () => ({ taskId: 't' }),
}

interface Start {
  readonly era?: Era
  readonly capabilities?: JsonObject
  readonly service?: Partial<TestService>
  readonly gateway?: TestGatewayOptions
}

async function open(t: TestContext, { era = 'legacy', capabilities = all, service = {}, gateway: more }: Start) {
  const upstream = await startScriptedUpstream(era, capabilities, obedient)
  const gateway = await startTestGateway(more)
  t.after(() => Promise.all([gateway.close(), upstream.close()]))
  gateway.catalog.put({ id: 's', backend: { type: 'http', url: upstream.url }, ...service })
  const key = await gateway.catalog.addKey('s', { name: 'one' })
  return { gateway, upstream, key, url: `${gateway.origin}/s` }
}

const hello = { protocolVersion: '2025-11-25', capabilities: { sampling: {} }, clientInfo: { name: 'c', version: '1' } }
const codeOf = ({ text }: { readonly text: string }) => parse(text).error?.code

test('an initialize in a batch does not reach the backend: it would rewrite what all who share it can do', async (t) => {
  const { upstream, url, key } = await open(t, { service: { isolation: 'shared' } })
  const session = { 'mcp-session-id': await initialize(url, key) }
  assert.equal(upstream.count('initialize'), 1)
  for (const headers of [session, {}]) {
    const answer = await post(url, key, [rpc('initialize', hello, 1), rpc('ping', {}, 2)], headers)
    const [first, second] = JSON.parse(answer.text) as RpcAnswer[]
    assert.deepEqual([first?.error?.code, second?.result], [-32601, {}])
  }
  assert.equal(upstream.count('initialize'), 1)
})

test('a legacy client begins no subscription of a modern backend: nothing would ever end it', {
  timeout,
}, async (t) => {
  const { upstream, url, key } = await open(t, { era: 'modern' })
  const session = { 'mcp-session-id': await initialize(url, key) }
  const introduced = upstream.count('server/discover')
  for (const method of ['subscriptions/listen', 'server/discover']) {
    for (const headers of [session, {}]) {
      const answer = await post(url, key, rpc(method, { notifications: { toolsListChanged: true } }), headers)
      assert.equal(codeOf(answer), -32601, method)
    }
  }
  assert.deepEqual([upstream.count('subscriptions/listen'), upstream.count('server/discover')], [0, introduced])
})

test('on a shared backend, nobody ends the subscription of another, nor sets the level for all', {
  timeout,
}, async (t) => {
  const { gateway, upstream, url, key } = await open(t, { service: { isolation: 'shared' } })
  const other = await gateway.catalog.addKey('s', { name: 'other' })
  const sessions = await Promise.all(
    [key, other].map(async (token) => {
      const headers = { 'mcp-session-id': await initialize(url, token) }
      const stream = await openStream(url, { headers: { ...auth(token), ...headers } })
      t.after(stream.close)
      const ask = async (method: string, params: JsonObject) =>
        assert.deepEqual(parse((await post(url, token, rpc(method, params), headers)).text).result, {}, method)
      return { stream, ask }
    }),
  )
  const [mine, theirs] = sessions
  const resource = { uri: 'test://one' }
  await mine?.ask('resources/subscribe', resource)
  await theirs?.ask('resources/subscribe', resource)
  await mine?.ask('resources/unsubscribe', resource)
  await mine?.ask('logging/setLevel', { level: 'emergency' })
  await postModern(url, key, 'tools/call', { name: 'x' }, { meta: { 'io.modelcontextprotocol/logLevel': 'debug' } })
  const counts = () => ['resources/subscribe', 'resources/unsubscribe', 'logging/setLevel'].map(upstream.count)
  await eventually(() => counts()[0] === 1, 'one subscription')
  assert.deepEqual(counts(), [1, 0, 0])
  await theirs?.ask('resources/unsubscribe', resource)
  await eventually(() => counts()[1] === 1, 'its end, with the last who listened')
  assert.deepEqual(counts(), [1, 1, 0])
})

test('what a shared backend is not told of a level, the gateway does: who set it gets no lines below', async (t) => {
  const gateway = await startTestGateway({ services: [{ id: 's', backend: odd(), isolation: 'shared' }] })
  t.after(gateway.close)
  const url = `${gateway.origin}/s`
  const key = await gateway.catalog.addKey('s', { name: 'one' })
  const session = { 'mcp-session-id': await initialize(url, key) }
  const lines = async () =>
    (await post(url, key, rpc('tools/call', { name: 'log' }), session)).text.match(/a \w+ line/g)
  assert.deepEqual(await lines(), ['a debug line', 'a warning line'])
  await post(url, key, rpc('logging/setLevel', { level: 'warning' }), session)
  assert.deepEqual(await lines(), ['a warning line'])
})

test('a shared backend without subscriptions or log lines has none for a client either', async (t) => {
  const { url, key } = await open(t, { capabilities: { tools: {}, resources: {} }, service: { isolation: 'shared' } })
  for (const method of ['resources/subscribe', 'resources/unsubscribe', 'logging/setLevel']) {
    assert.equal(codeOf(await post(url, key, rpc(method, { uri: 'test://one', level: 'info' }))), -32601, method)
  }
})

test('a caller’s own backend is told of subscriptions and levels', async (t) => {
  const { upstream, url, key } = await open(t, {})
  const session = { 'mcp-session-id': await initialize(url, key) }
  for (const method of ['resources/subscribe', 'resources/unsubscribe', 'logging/setLevel']) {
    await post(url, key, rpc(method, { uri: 'test://one', level: 'info' }), session)
    assert.equal(upstream.count(method), 1, method)
  }
})

const about = ['tasks/list', 'tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update']
const rules = [{ tools: ['read'] }]

for (const [name, service, tools, isOpen] of [
  ['a service of one’s own, without rules', {}, undefined, true],
  ['rules that are tried', { access: { mode: 'dryRun', rules } }, undefined, true],
  ['a shared service', { isolation: 'shared' }, undefined, false],
  ['rules', { access: { rules } }, undefined, false],
  ['a key with tools', {}, ['read'], false],
] as const) {
  test(`tasks are a side door around rules and callers, and ${isOpen ? 'open' : 'shut'}: ${name}`, async (t) => {
    const { gateway, upstream, url } = await open(t, { service })
    const key = await gateway.catalog.addKey('s', { name: 'k', ...(tools === undefined ? {} : { tools }) })
    const { capabilities } = parse((await post(url, key, rpc('initialize', hello))).text).result as JsonObject
    assert.equal('tasks' in (capabilities as JsonObject), isOpen, 'it is promised where it is there')
    for (const method of about) {
      const before = upstream.count(method)
      const legacy = await post(url, key, rpc(method, { taskId: 't' }))
      const batch = await post(url, key, [rpc(method, { taskId: 't' })])
      const modern = await postModern(url, key, method, { taskId: 't' }, { headers: { 'mcp-name': 't' } })
      assert.equal(upstream.count(method) - before, isOpen ? 3 : 0, method)
      if (isOpen) continue
      assert.deepEqual([codeOf(legacy), modern.status, codeOf(modern)], [-32601, 404, -32601])
      assert.equal(JSON.parse(batch.text)[0].error.code, -32601)
    }
    const called = parse((await post(url, key, rpc('tools/call', { name: 'read', task: { ttl: 1000 } }))).text)
    const params = called.result?.['structuredContent'] as JsonObject
    assert.deepEqual([params['name'], 'task' in params], ['read', isOpen], 'nobody could get what came of it')
  })
}

test('streams end with the scopes’ hierarchy they came in by: who decides now hears of no revocation of theirs', {
  timeout,
}, async (t) => {
  const { gateway, url, key } = await open(t, { gateway: { limits: { credentialCheckMs: 20 } } })
  const headers = { ...auth(key), 'mcp-session-id': await initialize(url, key) }
  const stream = await openStream(url, { headers })
  t.after(stream.close)
  gateway.catalog.imply('s', { write: ['read'] })
  assert.equal((await post(url, key, rpc('ping'))).status, 200)
  assert.equal(await stream.next(), undefined)
})

/** What counts, and what is recorded, where one call of a toolset in search mode makes others. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { EventInput } from '@postern/core'
import type { JsonObject } from '../../backends/json-rpc.ts'
import type { ServiceAccess } from '../../catalog/types.ts'
import { askingStdio } from '../fixtures/asking-servers.ts'
import { callModern, parkedIn } from '../fixtures/asking-wire.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { startTestGateway } from '../fixtures/test-gateway.ts'
import { auth, parse, post, postModern, rpc, type WireAnswer } from '../fixtures/wire.ts'
import { firstText } from '../toolset/fixtures/open-toolset.ts'

const timeout = 60_000

async function open(t: TestContext, access: ServiceAccess, frozen = false) {
  const upstream = await startRecordingUpstream()
  const gateway = await startTestGateway({ frozen })
  t.after(() => Promise.all([gateway.close(), upstream.close()]))
  gateway.catalog.put({ id: 'up', backend: { type: 'http', url: upstream.url } })
  gateway.catalog.put({ id: 'own', backend: { type: 'builtin' } })
  gateway.catalog.put({ id: 'asking', backend: askingStdio('legacy') })
  gateway.catalog.put({
    id: 'set',
    backend: { type: 'toolset', serviceIds: ['up', 'own', 'asking'], mode: 'search' },
    access,
  })
  const key = await gateway.catalog.addKey('set', { name: 'k' })
  return { gateway, upstream, key, url: `${gateway.origin}/set` }
}

/** The params of one call of mcp_use_tool that reaches these tools, by their merged names. */
function using(...tools: (string | readonly [string, JsonObject])[]): JsonObject {
  const infos = tools.map((tool) => {
    const [name, argument] = typeof tool === 'string' ? [tool, {}] : tool
    const [server_id = '', tool_name = ''] = name.split('__')
    return { server_id, tool_name, argument }
  })
  return { name: 'mcp_use_tool', arguments: { use_tool_info: infos } }
}

const use = (url: string, key: string, ...tools: Parameters<typeof using>) =>
  post(url, key, rpc('tools/call', using(...tools)))
const times = (count: number, tool: string): string[] => Array(count).fill(tool)

const calls = (events: readonly EventInput[]) =>
  events.filter(({ kind }) => kind.startsWith('access.')).map(({ tool, outcome, reason }) => [tool, outcome, reason])

function assertTold({ status, headers, text }: WireAnswer, message: RegExp): void {
  assert.equal(status, 429)
  assert.equal(headers['retry-after'], undefined, 'waiting does not help')
  assert.match(parse(text).error?.message ?? '', message)
}

test('each tool that is reached is an event with its own end and its own time', { timeout }, async (t) => {
  const { gateway, upstream, key, url } = await open(t, {})
  const mixed = [
    ['own__echo', { message: 'x' }],
    ['own__current_time', { timeZone: 'nowhere' }],
    'up__refuse',
    'up__hold',
    'own__nothing',
  ] as const
  const answer = use(url, key, ...mixed)
  await upstream.waiting(1)
  // By the time that this is answered, the quick ones are over.
  assert.equal((await use(url, key, ['own__echo', { message: 'y' }])).status, 200)
  upstream.release()
  const results = JSON.parse(firstText(parse((await answer).text).result ?? {})) as { is_error?: boolean }[]
  assert.deepEqual(
    results.map(({ is_error }) => is_error),
    [undefined, true, true, undefined, true],
  )
  await gateway.recorded(6)
  assert.deepEqual(calls(gateway.events), [
    ['own__echo', 'ok', 'ok'],
    ['own__echo', 'ok', 'ok'],
    ['own__current_time', 'error', 'tool_failed'],
    ['up__refuse', 'error', 'call_failed'],
    ['up__hold', 'ok', 'ok'],
    ['own__nothing', 'error', 'call_failed'],
  ])
  const took = new Map(gateway.events.slice(1).map(({ tool, durationMs = 0 }) => [tool, durationMs]))
  const held = took.get('up__hold') ?? 0
  for (const quick of ['own__echo', 'own__current_time', 'up__refuse'])
    assert.ok((took.get(quick) ?? held) < held, `${quick} did not wait for the slow one`)
})

test('of a call that is alone, and of one whose client has gone, the end is that of the tool', {
  timeout,
}, async (t) => {
  const { gateway, upstream, key, url } = await open(t, {})
  await use(url, key, 'up__refuse')
  await postModern(url, key, 'tools/call', using('up__fail'))
  const gone = new AbortController()
  const headers = { 'content-type': 'application/json', ...auth(key) }
  const body = JSON.stringify(rpc('tools/call', using('up__read', 'up__hold')))
  const lost = fetch(url, { method: 'POST', headers, body, signal: gone.signal })
  await upstream.waiting(1)
  assert.equal((await use(url, key, 'up__read')).status, 200)
  gone.abort()
  await lost.catch(() => {})
  await gateway.recorded(5)
  upstream.release()
  assert.deepEqual(calls(gateway.events), [
    ['up__refuse', 'error', 'call_failed'],
    ['up__fail', 'error', 'tool_failed'],
    ['up__read', 'ok', 'ok'],
    ['up__read', 'ok', 'ok'],
    ['up__hold', 'error', 'cancelled'],
  ])
})

test('each tool that is reached counts towards the rate, all of them or none', { timeout }, async (t) => {
  const { gateway, upstream, key, url } = await open(t, { limits: { requestsPerMinute: 3 } }, true)
  assert.equal((await use(url, key, 'up__read', 'up__read')).status, 200)
  const later = [
    await use(url, key, 'up__write', 'up__write'),
    await postModern(url, key, 'tools/call', using('up__write', 'up__write')),
  ]
  for (const { status, headers, text } of later) {
    assert.deepEqual([status, headers['retry-after']], [429, '20'])
    assert.equal(parse(text).error?.message, 'Too many requests: try again later')
  }
  assert.equal((await use(url, key, 'up__read')).status, 200, 'what was refused took nothing')
  gateway.clock.advance(60_000)
  const batch = [rpc('tools/call', using('up__read', 'up__read'), 1), rpc('tools/call', using('up__read'), 2)]
  assert.equal((await post(url, key, batch)).status, 200)
  assert.equal((await post(url, key, rpc('ping'))).status, 429)
  gateway.clock.advance(60_000)
  const sentence = /^Too many requests: these are 4 in one, and 3 a minute are allowed; send fewer .*mcp_use_tool$/
  assertTold(await use(url, key, ...times(4, 'up__drop')), sentence)
  assertTold(await postModern(url, key, 'tools/call', using(...times(4, 'up__drop'))), sentence)
  assertTold(await post(url, key, [...batch, rpc('ping', {}, 3)]), sentence)
  assert.deepEqual(upstream.called, times(6, 'read'))
  for (const args of [{}, { use_tool_info: 'x' }]) {
    const malformed = await post(url, key, rpc('tools/call', { name: 'mcp_use_tool', arguments: args }))
    assert.equal(malformed.status, 200, 'one that reaches nothing counts once')
  }
  assert.equal((await use(url, key, 'up__read', 'up__read')).status, 429)
  assert.ok(gateway.events.some(({ reason, tool }) => reason === 'rate_limit' && tool === 'up__drop'))
})

test('each tool that is reached has a place of its own, which is free again however the call ends', {
  timeout,
}, async (t) => {
  const { gateway, upstream, key, url } = await open(t, { limits: { concurrent: 3 } })
  const statusOf = async (count: number) => (await use(url, key, ...times(count, 'up__read'))).status
  // Answered.
  const held = use(url, key, 'up__hold', 'up__hold')
  await upstream.waiting(2)
  assert.deepEqual([await statusOf(2), await statusOf(1)], [429, 200])
  upstream.release()
  assert.equal((await held).status, 200)
  assert.equal(await statusOf(3), 200)
  // The client has gone.
  const gone = new AbortController()
  const init = { method: 'POST', signal: gone.signal, headers: { 'content-type': 'application/json', ...auth(key) } }
  const lost = fetch(url, { ...init, body: JSON.stringify(rpc('tools/call', using(...times(3, 'up__hold')))) })
  await upstream.waiting(3)
  assert.equal(await statusOf(1), 429)
  gateway.events.length = 0
  gone.abort()
  await lost.catch(() => {})
  await gateway.recorded(3)
  upstream.release()
  assert.equal(await statusOf(3), 200)
  // More than there are at all: of a call, and of a batch of them.
  const sentence = /^Too many requests: these are 4 in one, and 3 at once are allowed; send fewer .*mcp_use_tool$/
  assertTold(await use(url, key, ...times(4, 'up__drop')), sentence)
  const calls = [1, 2].map((id) => rpc('tools/call', using('up__drop', 'up__drop'), id))
  assertTold(await post(url, key, calls), sentence)
  assert.ok(!upstream.called.includes('drop'))
  // The backend has died.
  const dead = use(url, key, ...times(3, 'up__hold'))
  await upstream.waiting(3)
  await upstream.close()
  assert.equal(parse((await dead).text).result?.['isError'], true)
  assert.equal(await statusOf(3), 200)
  upstream.close = async () => {}
})

test('one of several calls cannot wait for its client: the others would run on, and nobody would count them', {
  timeout,
}, async (t) => {
  const { gateway, upstream, key, url } = await open(t, { limits: { concurrent: 2 } })
  const { name, ...alone } = using('asking__ask-name')
  parkedIn(await callModern(url, key, String(name), alone))
  const { name: _, ...several } = using('asking__ask-name', 'up__read')
  const { result = {} } = await callModern(url, key, String(name), several)
  const [asked, read] = JSON.parse(firstText(result))
  assert.equal(asked.is_error, true)
  assert.match(asked.result[0].text, /The tool asks for input: call it alone\./)
  assert.deepEqual([read.is_error, upstream.called], [undefined, ['read']])
  await gateway.recorded(3)
  assert.deepEqual(calls(gateway.events).slice(1), [
    ['asking__ask-name', 'error', 'tool_failed'],
    ['up__read', 'ok', 'ok'],
  ])
})

test('a dry run of limits lets all through, and says once for each request what it would have refused', {
  timeout,
}, async (t) => {
  const { gateway, key, url } = await open(t, { mode: 'dryRun', limits: { requestsPerMinute: 2, concurrent: 2 } }, true)
  assert.equal((await use(url, key, ...times(3, 'up__read'))).status, 200)
  await gateway.recorded(5)
  const told = gateway.events.filter(({ reason }) => reason === 'would_throttle')
  assert.equal(told.length, 2, 'for its rate, and for what is under way')
})

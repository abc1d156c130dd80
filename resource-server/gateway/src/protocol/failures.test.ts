/** What becomes of callers when backends fail, of processes when the gateway ends, and of one caller's state beside another's. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually, isAlive, odd } from '../backends/fixtures/harness.ts'
import { sendResult, serveSessions } from '../backends/fixtures/http-servers.ts'
import { connectV1, connectV2, modern } from './fixtures/clients.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './fixtures/test-gateway.ts'
import { sequentialThinking } from './fixtures/upstreams.ts'
import { initialize, parse, post, postModern, rpc } from './fixtures/wire.ts'

async function open(t: { after(end: () => Promise<void>): void }, options: TestGatewayOptions): Promise<TestGateway> {
  const gateway = await startTestGateway(options)
  t.after(gateway.close)
  return gateway
}

const call = (name: string, args = {}, id: number | string = 1) => rpc('tools/call', { name, arguments: args }, id)

test('two callers of a stateful stdio server do not see each other’s thoughts', async (t) => {
  const gateway = await open(t, { services: [{ id: 'mcp', backend: sequentialThinking }] })
  const url = `${gateway.origin}/mcp`
  const think = async (
    connect: (url: string, key: string) => ReturnType<typeof connectV1> | ReturnType<typeof connectV2>,
    key: string,
  ) => {
    const client = await connect(url, key)
    const args = { thought: 'a secret', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }
    const result = await client.callTool({ name: 'sequentialthinking', arguments: args })
    await client.close()
    const [block] = result.content as { text: string }[]
    return (JSON.parse(block?.text ?? '') as { thoughtHistoryLength: number }).thoughtHistoryLength
  }
  const [ann, bob] = [
    await gateway.catalog.addKey('mcp', { name: 'ann' }),
    await gateway.catalog.addKey('mcp', { name: 'bob' }),
  ]
  const pinned = (to: string, key: string) => connectV2(to, key, modern)
  // One caller has one memory, whatever client it uses.
  assert.deepEqual([await think(connectV1, ann), await think(connectV2, ann), await think(pinned, ann)], [1, 2, 3])
  assert.deepEqual([await think(pinned, bob), await think(connectV1, bob)], [1, 2])
  assert.equal(gateway.backends.processes().length, 2)
})

test('a backend that dies: its callers get an error, the next call gets a new one, the session goes on', async (t) => {
  const gateway = await open(t, { services: [{ id: 'mcp', backend: odd() }] })
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  const session = { 'mcp-session-id': await initialize(url, key) }
  const [first] = gateway.backends.processes()
  const hanging = [post(url, key, call('hang'), session), postModern(url, key, 'tools/call', { name: 'hang' })]
  await eventually(async () => (await post(url, key, call('pid'), session)).status === 200, 'an answer')
  const dying = await post(url, key, call('exit'), session)
  for (const answer of [dying, ...(await Promise.all(hanging))]) {
    assert.equal(answer.status, 200)
    assert.deepEqual(parse(answer.text).error, { code: -32603, message: 'The backend of this service has stopped.' })
  }
  const again = parse((await post(url, key, call('pid'), session)).text)
  assert.notEqual(JSON.stringify(again.result), JSON.stringify(first))
  assert.equal(again.error, undefined)
  const failed = gateway.events.filter(({ kind, outcome }) => kind === 'backend.state' && outcome === 'error')
  assert.deepEqual(
    failed.map(({ reason, serviceId }) => [reason, serviceId]),
    [['backend_failed', 'mcp']],
  )
  assert.match(JSON.stringify(gateway.logged), /exited with code 7; stderr: told to exit/)
})

test('a backend that cannot be started is an error for the caller, without its reasons', async (t) => {
  const gateway = await open(t, { services: [{ id: 'mcp', backend: odd('exit3') }] })
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  const expected = {
    code: -32603,
    message: 'The backend of this service has failed.',
    data: { reason: 'backend_failed' },
  }
  const initialized = await post(url, key, rpc('initialize', { protocolVersion: '2025-11-25' }))
  assert.deepEqual([initialized.status, parse(initialized.text).error], [200, expected])
  const modernAnswer = await postModern(url, key, 'server/discover')
  assert.deepEqual(parse(modernAnswer.text).error, expected)
  const leftAlone = await post(url, key, rpc('tools/list'))
  assert.deepEqual(parse(leftAlone.text).error?.data, { reason: 'backend_failed', retryAfter: 1 })
  assert.doesNotMatch(initialized.text + leftAlone.text + JSON.stringify(gateway.events), /S3cret|database/)
})

test('at the bound of processes a caller is told when to come again', async (t) => {
  const gateway = await open(t, { services: [{ id: 'mcp', backend: odd() }], maxProcesses: 1 })
  const url = `${gateway.origin}/mcp`
  const [one, two] = [
    await gateway.catalog.addKey('mcp', { name: 'one' }),
    await gateway.catalog.addKey('mcp', { name: 'two' }),
  ]
  assert.equal((await post(url, one, call('pid'))).status, 200)
  for (const answer of [await post(url, two, call('pid')), await postModern(url, two, 'tools/call', { name: 'pid' })]) {
    assert.equal(answer.status, 503)
    assert.ok(Number(answer.headers['retry-after']) >= 1)
    assert.deepEqual([parse(answer.text).id, parse(answer.text).error?.data?.['reason']], [1, 'backend_limit'])
  }
  assert.equal((await post(url, one, call('pid'))).status, 200, 'who is there stays')
})

test('an HTTP backend that was restarted and has forgotten its sessions is not noticed by callers', async (t) => {
  const upstream = await serveSessions((request, res) => sendResult(res, request.id, { ok: true }))
  t.after(upstream.close)
  const gateway = await open(t, { services: [{ id: 'mcp', backend: { type: 'http', url: upstream.url } }] })
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  for (let restart = 0; restart < 3; restart++) {
    assert.deepEqual(parse((await post(url, key, call('one'))).text).result, { ok: true })
    upstream.sessions.clear()
  }
})

test('many calls at once are answered each with its own', async (t) => {
  const gateway = await open(t, { services: [{ id: 'mcp', backend: odd() }] })
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  const answers = await Promise.all(
    // All with the same id, as clients of one caller may well have it.
    Array.from({ length: 200 }, (_, n) =>
      post(url, key, call('echo', { n })).then(({ text }) => parse(text).result?.['structuredContent']),
    ),
  )
  assert.deepEqual(
    answers,
    Array.from({ length: 200 }, (_, n) => ({ n })),
  )
})

test('a changed backend serves the next call while the last one on the old is still answered', async (t) => {
  const gateway = await open(t, { services: [{ id: 'mcp', backend: odd() }] })
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  const session = { 'mcp-session-id': await initialize(url, key) }
  const asking = post(url, key, call('hang', {}, 'lasting'), session)
  const before = (await post(url, key, call('pid'), session)).text
  gateway.catalog.put({ id: 'mcp', backend: odd() })
  const after = (await post(url, key, call('pid'), session)).text
  assert.notEqual(after, before)
  assert.equal(gateway.backends.processes().length, 2)
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'lasting' } }
  await post(url, key, cancelled, session)
  await asking
  await eventually(() => gateway.backends.processes().length === 1, 'the end of the old one')
})

test('after the end of the gateway no process is left, whatever it was doing', async () => {
  const gateway = await startTestGateway({
    services: [
      { id: 'mcp', backend: odd('stubborn') },
      { id: 'shared', backend: odd(), isolation: 'shared' },
    ],
  })
  const url = `${gateway.origin}/mcp`
  const keys = [await gateway.catalog.addKey('mcp', { name: 'a' }), await gateway.catalog.addKey('mcp', { name: 'b' })]
  const shared = await gateway.catalog.addKey('shared', { name: 'c' })
  const forked = await Promise.all(keys.map((key) => post(url, key, call('fork'))))
  await post(`${gateway.origin}/shared`, shared, call('pid'))
  const pids = gateway.backends.processes().map(({ pid }) => pid)
  assert.equal(pids.length, 3)
  for (const { text } of forked) {
    const [block] = (parse(text).result?.['content'] ?? []) as { text: string }[]
    pids.push(Number(block?.text))
  }
  const hanging = Promise.allSettled(keys.map((key) => post(url, key, call('hang'))))
  assert.ok(pids.every(isAlive))
  await gateway.close()
  await hanging
  await eventually(() => !pids.some(isAlive), 'the end of all of them')
})

test('a well-behaved server ends with a gateway that was killed', async (t) => {
  const script = fileURLToPath(new URL('fixtures/killed-gateway.ts', import.meta.url))
  const gateway = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface({ input: gateway.stdout }), 'line')) as [string]
  const { pid, dataDir } = JSON.parse(line) as { pid: number; dataDir: string }
  t.after(() => rm(dataDir, { recursive: true, force: true }))
  assert.ok(isAlive(pid))
  gateway.kill('SIGKILL')
  await eventually(() => !isAlive(pid), 'the end of the server')
})

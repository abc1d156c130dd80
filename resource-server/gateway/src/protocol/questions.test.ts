/** What backends ask of clients of 2025-11-25 and before: over the session's streams, and of nobody else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../backends/fixtures/harness.ts'
import type { JsonObject } from '../backends/json-rpc.ts'
import { askingStdio } from './fixtures/asking-servers.ts'
import { abilities, formFor, openSession, said } from './fixtures/asking-wire.ts'
import { startTestGateway, type TestGatewayOptions } from './fixtures/test-gateway.ts'
import { post, type RpcAnswer, rpc, type Stream } from './fixtures/wire.ts'

async function open(t: { after(end: () => Promise<void>): void }, options: TestGatewayOptions = {}) {
  const gateway = await startTestGateway({
    services: [{ id: 'svc', path: '/mcp', backend: askingStdio('legacy') }],
    ...options,
  })
  t.after(gateway.close)
  return { ...gateway, url: `${gateway.origin}/mcp`, key: await gateway.catalog.addKey('svc', { name: 'one' }) }
}

/** The next message with this method, or the answer where none is given. */
async function next(stream: Stream, method?: string): Promise<JsonObject> {
  for (let message = await stream.next(); message !== undefined; message = await stream.next()) {
    if (message['method'] === method) return message
  }
  throw new Error(`the stream ended before ${method ?? 'the answer'}`)
}

async function answerOf(stream: Stream): Promise<unknown> {
  return said((await next(stream)) as RpcAnswer)
}

const sampled = (question: JsonObject, text = 'x') => ({
  jsonrpc: '2.0',
  id: question['id'],
  result: { role: 'assistant', model: 'none', content: { type: 'text', text } },
})

test('an answer counts in the session that was asked, and in no other', async (t) => {
  const { url, key, catalog } = await open(t)
  const stranger = await catalog.addKey('svc', { name: 'two' })
  const [mine, another, theirs] = [
    await openSession(url, key),
    await openSession(url, key),
    await openSession(url, stranger),
  ]
  const call = await mine.call('ask-name')
  const question = await next(call, 'elicitation/create')
  // A session of somebody else's, their own, another one of one's own, none at all.
  const form = formFor(question, 'Mallory')
  assert.equal((await post(url, stranger, form, { 'mcp-session-id': mine.id })).status, 404)
  assert.equal((await theirs.send(form)).status, 202)
  assert.equal((await another.send(form)).status, 202)
  assert.equal((await post(url, key, form)).status, 202)
  for (const id of ['1', 1.5, null, 99, -1]) await mine.send({ ...formFor(question, 'Mallory'), id })
  await mine.send(formFor(question))
  // Who answers twice has answered once.
  await mine.send(formFor(question, 'Mallory'))
  assert.equal(await answerOf(call), 'Ada')
})

test('an error of the client’s is an answer too', async (t) => {
  const { url, key } = await open(t)
  const session = await openSession(url, key)
  const call = await session.call('ask-name')
  const { id } = await next(call, 'elicitation/create')
  await session.send({ jsonrpc: '2.0', id, error: { code: -1, message: 'user rejected', data: { why: 'so' } } })
  assert.deepEqual(await answerOf(call), { failed: 'MCP error -1: user rejected' })
})

test('an answer of 10 MB is refused at the door, and a fitting one still taken', async (t) => {
  const { url, key } = await open(t)
  const session = await openSession(url, key)
  const call = await session.call('ask-name')
  const question = await next(call, 'elicitation/create')
  assert.equal((await session.send(formFor(question, 'x'.repeat(10 * 1024 * 1024)))).status, 413)
  await session.send(formFor(question))
  assert.equal(await answerOf(call), 'Ada')
})

test('a client that never answers: the backend is told, and the question is taken back', async (t) => {
  const { url, key } = await open(t, { backendLimits: { questionMs: 100 } })
  const session = await openSession(url, key)
  const call = await session.call('ask-name')
  const { id } = await next(call, 'elicitation/create')
  assert.deepEqual((await next(call, 'notifications/cancelled'))['params'], { requestId: id })
  assert.deepEqual(await answerOf(call), { failed: 'MCP error -32603: The client did not answer in time.' })
})

test('a session that ends answers nothing any more: the backend is told', async (t) => {
  const { url, key, protocol } = await open(t, { limits: { streamAfterMs: 50 } })
  const session = await openSession(url, key)
  const call = await session.call('wait')
  const asking = await session.call('ask-name', 2)
  await next(asking, 'elicitation/create')
  protocol.forget('svc')
  const ended = (await next(asking)) as RpcAnswer
  assert.equal(ended.error?.message, 'The request was cancelled.')
  call.close()
  const again = await openSession(url, key)
  assert.deepEqual(said(await again.ask('waited')), ['cancelled'])
})

test('a flood of questions: a session is asked so many at once, the rest is refused', async (t) => {
  for (const limits of [{ backendLimits: { questions: 5 } }, { limits: { questionsPerSession: 5 } }]) {
    const { url, key } = await open(t, limits)
    const session = await openSession(url, key)
    const call = await session.call('flood')
    const questions: JsonObject[] = []
    while (questions.length < 5) questions.push(await next(call, 'sampling/createMessage'))
    // What is refused is answered before these are.
    for (const question of questions) await session.send(sampled(question))
    assert.deepEqual(await answerOf(call), { refused: 195 })
  }
})

test('the backend takes a question back: the client is told', async (t) => {
  const { url, key } = await open(t)
  const session = await openSession(url, key)
  const call = await session.call('withdraw')
  const question = await next(call, 'elicitation/create')
  assert.deepEqual((await next(call, 'notifications/cancelled'))['params'], { requestId: question['id'] })
  await session.send(formFor(question))
  assert.equal(await answerOf(call), 'withdrawn')
})

test('progress of an answer reaches the backend, under its own token', async (t) => {
  const { url, key } = await open(t)
  const session = await openSession(url, key)
  const call = await session.call('follow')
  const question = await next(call, 'sampling/createMessage')
  const { progressToken } = (question['params'] as { _meta: { progressToken: number } })._meta
  const progress = (token: unknown, progress: number) =>
    session.send({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: token, progress } })
  // The backend says when it has heard it: one that hears the answer at the same time forgets what came before.
  const heard = async () => (await next(call, 'notifications/message'))['params']
  await progress(progressToken, 1)
  assert.deepEqual(await heard(), { level: 'info', data: 1 })
  await progress('unknown', 7)
  await progress({}, 8)
  await progress(progressToken, 2)
  assert.deepEqual(await heard(), { level: 'info', data: 2 })
  await session.send(sampled(question))
  assert.deepEqual(await answerOf(call), [1, 2])
  await progress(progressToken, 3)
})

test('what belongs to no request is asked over the stream of GET, or with the next call', async (t) => {
  const { url, key } = await open(t)
  const session = await openSession(url, key)
  const stream = await session.listen()
  t.after(async () => stream.close())
  assert.equal(said(await session.ask('later')), 'asked later')
  const first = await next(stream, 'roots/list')
  await session.send({ jsonrpc: '2.0', id: first['id'], result: { roots: [{ uri: 'file:///a' }] } })
  await eventually(async () => JSON.stringify(said(await session.ask('waited'))) === '[1]', 'the answer')
  // Another client of the caller's that can do the same: its stream is as good.
  stream.close()
  const other = await openSession(url, key)
  assert.equal(said(await other.ask('later')), 'asked later')
  const call = await other.call('wait')
  const second = await next(call, 'roots/list')
  await other.send({ jsonrpc: '2.0', id: second['id'], result: { roots: [] } })
  await eventually(async () => JSON.stringify(said(await session.ask('waited'))) === '[1,0]', 'the other answer')
  call.close()
})

test('a client whose roots have changed: the backend hears of it', async (t) => {
  const { url, key } = await open(t)
  const session = await openSession(url, key)
  const stream = await session.listen()
  t.after(async () => stream.close())
  await session.ask('waited')
  const changed = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' }
  assert.equal((await session.send(changed)).status, 202)
  const question = await next(stream, 'roots/list')
  await session.send({
    jsonrpc: '2.0',
    id: question['id'],
    result: { roots: [{ uri: 'file:///a' }, { uri: 'file:///b' }] },
  })
  await eventually(async () => JSON.stringify(said(await session.ask('waited'))) === '[2]', 'the new roots')
})

test('a client that hangs up after its call is asked over the stream of GET', async (t) => {
  const { url, key } = await open(t)
  const session = await openSession(url, key)
  const stream = await session.listen()
  t.after(async () => stream.close())
  const call = await session.call('rounds')
  await next(call, 'elicitation/create')
  call.close()
  await session.send({ jsonrpc: '2.0', id: 1, result: { action: 'accept', content: { name: 'a' } } })
  const second = await next(stream, 'elicitation/create')
  assert.equal((second['params'] as JsonObject)['message'], 'Name 2?')
})

test('a client without a session, or without the capability, is asked nothing', async (t) => {
  const { url, key } = await open(t)
  const bare = await post(url, key, rpc('tools/call', { name: 'capabilities' }))
  assert.deepEqual(said(JSON.parse(bare.text)), {})
  const session = await openSession(url, key, { sampling: {}, experimental: { x: {} }, tasks: {} })
  assert.deepEqual(said(await session.ask('capabilities')), { sampling: {} })
  const { failed } = said(await session.ask('ask-name')) as { failed: string }
  assert.match(failed, /does not support .*elicitation|Method not found/)
})

test('clients of one caller that can do the same have one process, others their own, within the bound', async (t) => {
  const { url, key, backends } = await open(t, { maxProcesses: 4 })
  for (const capabilities of [abilities, { roots: { listChanged: true }, elicitation: { form: {} }, sampling: {} }]) {
    assert.deepEqual(said(await (await openSession(url, key, capabilities)).ask('waited')), [])
  }
  assert.equal(backends.processes().length, 1)
  for (const capabilities of [{}, { sampling: {} }]) await openSession(url, key, capabilities)
  assert.equal(backends.processes().length, 3)
  // What is not known here makes no difference: nobody gets a process for each word they make up.
  for (let n = 0; n < 5; n++) await openSession(url, key, { sampling: {}, [`x-${n}`]: {}, roots: n })
  assert.equal(backends.processes().length, 3)
  const full = await post(url, key, rpc('initialize', { protocolVersion: '2025-11-25', capabilities: { roots: {} } }))
  assert.equal(full.status, 503)
})

test('a backend that all callers share can ask nobody', async (t) => {
  const service = { id: 'svc', path: '/mcp', backend: askingStdio('legacy'), isolation: 'shared' } as const
  const { url, key, backends } = await open(t, { services: [service] })
  const session = await openSession(url, key)
  assert.deepEqual(said(await session.ask('capabilities')), {})
  await openSession(url, key, {})
  assert.equal(backends.processes().length, 1)
})

test('a client that never answers a modern backend: its call fails, and the question is taken back', async (t) => {
  const services = [{ id: 'svc', path: '/mcp', backend: askingStdio('modern') }]
  const { url, key } = await open(t, { services, limits: { answerMs: 100 } })
  const session = await openSession(url, key)
  const call = await session.call('ask-name')
  const question = await next(call, 'elicitation/create')
  assert.deepEqual((await next(call, 'notifications/cancelled'))['params'], { requestId: question['id'] })
  const { error } = (await next(call)) as RpcAnswer
  assert.equal(error?.message, 'The client did not answer in time.')
  assert.equal((await session.send(formFor(question))).status, 202)
})

test('a legacy client that cancels its call is asked no more', async (t) => {
  const { url, key } = await open(t, { services: [{ id: 'svc', path: '/mcp', backend: askingStdio('modern') }] })
  const session = await openSession(url, key)
  const call = await session.call('rounds', 7)
  const question = await next(call, 'elicitation/create')
  await session.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } })
  assert.deepEqual((await next(call, 'notifications/cancelled'))['params'], { requestId: question['id'] })
  assert.equal(((await next(call)) as RpcAnswer).error?.message, 'The request was cancelled.')
})

test('a modern backend that asks and asks is stopped; one that asks what the client cannot answer as well', async (t) => {
  const { url, key } = await open(t, { services: [{ id: 'svc', path: '/mcp', backend: askingStdio('modern') }] })
  const session = await openSession(url, key)
  const call = await session.call('endless')
  for (let round = 0; round < 10; round++) await session.send(formFor(await next(call, 'elicitation/create')))
  const { error } = (await next(call)) as RpcAnswer
  assert.match(error?.message ?? '', /again and again/)
  const unable = await openSession(url, key, { sampling: {} })
  assert.equal((await unable.ask('both')).error?.code, -32021)
})

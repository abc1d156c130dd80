import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { mock, type TestContext, test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { type AuthInfo, createAuthInfo } from '../auth-info.ts'
import { limits } from '../limits.ts'
import { createResourceServer } from '../resource-server.ts'
import { createStreamEnds } from './stream-ends.ts'
import { endWithToken } from './web.ts'

const resource = 'https://mcp.example/mcp'
const clock = createTestClock()

function authFor(seconds?: number): AuthInfo {
  return createAuthInfo({
    kind: 'jwt',
    token: 't',
    issuer: 'https://as.example',
    subject: 's',
    clientId: 'c',
    scopes: [],
    audience: [resource],
    expiresAt: seconds === undefined ? undefined : clock.now() / 1000 + seconds,
    resource,
  })
}

function respond(headers?: Record<string, string>): ServerResponse {
  const res = new ServerResponse(new IncomingMessage(new Socket()))
  if (headers !== undefined) res.writeHead(200, headers).write('x')
  return res
}

const stream = { 'content-type': 'text/event-stream' }

function setUp(t: TestContext) {
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => mock.timers.reset())
  const cleared = t.mock.method(globalThis, 'clearInterval')
  const rs = createResourceServer({ resource, issuers: [{ issuer: 'https://as.example' }], clock })
  return { rs, endWith: createStreamEnds(rs, {}), cleared, check: () => mock.timers.tick(limits.streamCheckMs) }
}

test('an open stream ends with its token, the tolerance included, and its timer with it', (t) => {
  const { endWith, cleared, check } = setUp(t)
  const res = respond(stream)
  endWith(res, authFor(10))
  clock.advance(14_000)
  check()
  assert.equal(res.writableEnded, false)
  clock.advance(1000)
  check()
  assert.equal(res.writableEnded, true)
  assert.equal(cleared.mock.callCount(), 1)
  res.write('too late')
})

test('what has not begun ends when it begins too late', (t) => {
  const { endWith, check } = setUp(t)
  const res = respond()
  endWith(res, authFor(1))
  clock.advance(60_000)
  check()
  assert.equal(res.writableEnded, false)
  res.writeHead(200, stream).write('x')
  check()
  assert.equal(res.writableEnded, true)
})

test('a response of another type is left to finish; one of an unknown type is not', (t) => {
  const { endWith, check } = setUp(t)
  const download = respond()
  download.setHeader('content-type', 'application/zip')
  download.write('x')
  const unknown = respond({})
  for (const res of [download, unknown]) endWith(res, authFor(1))
  clock.advance(60_000)
  check()
  assert.deepEqual([download.writableEnded, unknown.writableEnded], [false, true])
})

test('a response that has closed is forgotten, and its timer with it', (t) => {
  const { endWith, cleared, check } = setUp(t)
  const res = respond(stream)
  endWith(res, authFor(10))
  res.emit('close')
  check()
  assert.equal(cleared.mock.callCount(), 1)
  clock.advance(60_000)
  check()
  assert.equal(res.writableEnded, false)
})

test('a credential without an end has open streams', (t) => {
  const { endWith, check } = setUp(t)
  const res = respond(stream)
  endWith(res, authFor())
  clock.advance(1e12)
  check()
  assert.equal(res.writableEnded, false)
  assert.equal(res.listenerCount('close'), respond(stream).listenerCount('close'))
})

test('of fetch responses event streams alone are watched', () => {
  const body = () => new Response('x').body
  for (const response of [
    new Response(body(), { headers: { 'content-type': 'application/json' } }),
    new Response(null, { headers: stream }),
    new Response(body()),
  ]) {
    assert.equal(
      endWithToken(response, () => 0),
      response.body,
    )
  }
  const forEver = new Response(body(), { headers: stream })
  assert.equal(
    endWithToken(forEver, () => Number.POSITIVE_INFINITY),
    forEver.body,
  )
})

test('a fetch stream: what it says passes, its end, its errors, and who stops reading', async (t) => {
  const cleared = t.mock.method(globalThis, 'clearInterval')
  const watch = (source: UnderlyingDefaultSource<Uint8Array>) =>
    endWithToken(new Response(new ReadableStream(source), { headers: stream }), () => 1000) ?? assert.fail()
  const bytes = new TextEncoder().encode('data: x\n\n')
  const ending = watch({
    start(controller) {
      controller.enqueue(bytes)
      controller.close()
    },
  })
  assert.equal(await new Response(ending).text(), 'data: x\n\n')
  assert.equal(cleared.mock.callCount(), 1)

  const failing = watch({
    pull(controller) {
      controller.error(new Error('broken'))
    },
  })
  await assert.rejects(new Response(failing).text(), /broken/)
  assert.equal(cleared.mock.callCount(), 2)

  const cancelled: unknown[] = []
  await watch({ cancel: (reason) => void cancelled.push(reason) }).cancel('enough')
  assert.deepEqual(cancelled, ['enough'])
  assert.equal(cleared.mock.callCount(), 3)
})

import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { mock, type TestContext, test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { type AuthInfo, createAuthInfo } from '../auth-info.ts'
import { limits } from '../limits.ts'
import { createResourceServer, type GuardOptions } from '../resource-server.ts'
import { createLateStreamEnds, createStreamEnds } from './stream-ends.ts'
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

function setUpLate(t: TestContext, options: GuardOptions = {}) {
  const { rs, check } = setUp(t)
  const begin = (seconds: number | undefined, write: (res: ServerResponse) => void): ServerResponse => {
    const res = respond()
    createLateStreamEnds(rs, options)(res, authFor(seconds))
    write(res)
    return res
  }
  const isEnded = (res: ServerResponse): boolean => {
    clock.advance(60_000)
    check()
    return res.writableEnded
  }
  return { begin, isEnded }
}

const heads: readonly [name: string, isWatched: boolean, write: (res: ServerResponse) => void][] = [
  ['an event stream, of setHeader', true, (res) => res.setHeader('content-type', 'text/event-stream').writeHead(200)],
  ['an event stream, of writeHead', true, (res) => res.writeHead(200, stream)],
  ['an event stream, of writeHead with a message', true, (res) => res.writeHead(200, 'Fine', stream)],
  ['names in capitals', true, (res) => res.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })],
  ['a flat list', true, (res) => res.writeHead(200, ['x-one', '1', 'Content-Type', 'text/event-stream'])],
  [
    'a flat list of another type',
    false,
    (res) => res.writeHead(200, ['x', 'text/event-stream', 'content-type', 'a/b']),
  ],
  ['no head but what write makes', true, (res) => res.write('x')],
  ['neither type nor length', true, (res) => res.writeHead(200)],
  ['a length and no type', false, (res) => res.writeHead(200, { 'content-length': '1' })],
  ['another type', false, (res) => res.writeHead(200, { 'content-type': 'application/json' })],
  ['another type, of setHeader', false, (res) => res.setHeader('content-type', 'text/plain').writeHead(200)],
  ['what writeHead is given wins', true, (res) => res.setHeader('content-type', 'text/plain').writeHead(200, stream)],
]
for (const [name, isWatched, write] of heads) {
  test(`a handler that comes later, ${name}: ${isWatched ? 'ends with the token' : 'is left to finish'}`, (t) => {
    const { begin, isEnded } = setUpLate(t)
    const before = respond().listenerCount('close')
    const res = begin(10, (response) => {
      write(response)
      response.write('x')
    })
    assert.equal(res.listenerCount('close') > before, isWatched)
    assert.equal(res.statusCode, 200)
    assert.equal(isEnded(res), isWatched)
  })
}

test('a handler that comes later: nothing is watched before it answers', (t) => {
  const { begin, isEnded } = setUpLate(t)
  const res = begin(1, () => undefined)
  assert.equal(res.listenerCount('close'), respond().listenerCount('close'))
  assert.equal(isEnded(res), false)
  assert.equal(res.writeHead(200, stream), res)
  res.write('x')
  assert.equal(isEnded(res), true)
})

test('a handler that comes later: untouched where the credential has no end, or streams are not to end', (t) => {
  const { begin, isEnded } = setUpLate(t)
  const { writeHead } = ServerResponse.prototype
  const forEver = begin(undefined, (res) => assert.equal(res.writeHead, writeHead))
  forEver.writeHead(200, stream).write('x')
  assert.equal(isEnded(forEver), false)

  const rs = createResourceServer({ resource, issuers: [{ issuer: 'https://as.example' }], clock })
  const res = respond()
  createLateStreamEnds(rs, { endStreams: false })(res, authFor(1))
  assert.equal(res.writeHead, writeHead)
})

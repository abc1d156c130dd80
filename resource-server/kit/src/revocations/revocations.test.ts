import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, test } from 'node:test'
import type { EventInput } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import { guard } from '../adapters/fetch.ts'
import { limits } from '../limits.ts'
import { protectOperations } from '../mcp/index.ts'
import type { ResourceServerOptions } from '../options/types.ts'
import { createResourceServer, type ResourceServer } from '../resource-server.ts'
import { feedUriOf } from './feed-uri.ts'
import { entryOf, openFeed, resource, type TestFeed, tellLive } from './test-feed.ts'

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close()
})

async function open(options: Partial<ResourceServerOptions> = {}, more: (feed: TestFeed) => object = () => ({})) {
  const clock = createTestClock()
  const feed = await openFeed(clock)
  const live = tellLive(feed)
  const events: EventInput[] = []
  const rs = createResourceServer({
    resource,
    issuers: [{ issuer: feed.issuer, ...more(feed) }],
    clock,
    onEvent: (event) => void events.push(event),
    ...options,
  })
  opened.push(feed, rs)
  return { feed, live, rs, clock, events }
}

function call(rs: ResourceServer, token: string) {
  return rs.authenticate(new Request(resource, { headers: { authorization: `Bearer ${token}` } }))
}

async function statusOf(rs: ResourceServer, token: string): Promise<number> {
  const answer = await call(rs, token)
  return answer instanceof Response ? answer.status : 200
}

/** Waits for something that happens beside the requests; the follower is told over real HTTP. */
async function eventually(look: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; !(await look()); tries += 1) {
    assert.ok(tries < 400, 'it did not happen within 2 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('a token that is remembered is refused once the feed names it: 401, as for any dead token', async () => {
  const { feed, live, rs, events } = await open()
  const token = feed.mint()
  const other = feed.mint({ jti: 'token-2' })
  assert.deepEqual([await statusOf(rs, token), await statusOf(rs, other)], [200, 200])
  live.add(await entryOf('token', 'token-1'))
  await eventually(async () => (await statusOf(rs, token)) === 401)
  assert.equal(await statusOf(rs, other), 200)
  const answer = await call(rs, token)
  assert.ok(answer instanceof Response)
  assert.match(answer.headers.get('www-authenticate') ?? '', /error="invalid_token"/)
  const { kind, outcome, reason, clientId } = events.at(-1) ?? {}
  assert.deepEqual([kind, outcome, reason, clientId], ['access.refused', 'refused', 'revoked', 'client-1'])
})

test('a token that is revoked while its body arrives is refused for that, before what the body asks for is done', async () => {
  const { feed, live, rs, events } = await open()
  const token = feed.mint({ scope: 'files' })
  const operations = protectOperations(rs, { tools: { remove: ['files'] } })
  const body = new TransformStream<Uint8Array, Uint8Array>()
  const writer = body.writable.getWriter()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: body.readable, duplex: 'half' }
  const answering = rs.authenticate(new Request(resource, init), { operations })
  // Begun when the token was good.
  assert.equal(await statusOf(rs, token), 200)
  live.add(await entryOf('token', 'token-1'))
  await eventually(async () => (await statusOf(rs, token)) === 401)
  events.length = 0
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'remove' } }
  await writer.write(new TextEncoder().encode(JSON.stringify(call)))
  await writer.close()
  const answer = await answering
  assert.ok(answer instanceof Response)
  assert.equal(answer.status, 401)
  assert.deepEqual(
    events.map(({ reason }) => reason),
    ['revoked'],
  )
})

test('what was revoked before the first request is refused at the first request', async () => {
  const { feed, live, rs } = await open()
  live.add(await entryOf('client', 'client-1'))
  assert.equal(await statusOf(rs, feed.mint()), 401)
})

test('the first request does not wait for a feed that hangs', async () => {
  const { feed, rs } = await open()
  feed.answers.feed = () => undefined
  const startedAt = performance.now()
  assert.equal(await statusOf(rs, feed.mint()), 200)
  const took = performance.now() - startedAt
  assert.ok(took >= limits.revocationFirstAnswerMs - 50 && took < limits.revocationFirstAnswerMs + 1500, `${took} ms`)
  assert.equal(await statusOf(rs, feed.mint({ jti: 'token-2' })), 200)
  assert.ok(performance.now() - startedAt - took < 500)
})

test('nothing is asked per call, and nothing before the first token', async () => {
  const { feed, rs } = await open()
  await rs.check()
  assert.equal(await statusOf(rs, 'x.y.z'), 401)
  assert.equal(feed.asked.length, 0)
  for (let index = 0; index < 50; index += 1) {
    assert.equal(await statusOf(rs, feed.mint({ jti: `t${index % 5}` })), 200)
  }
  await eventually(() => feed.asked.length === 2)
  assert.deepEqual(
    feed.asked.map((question) => String(question)),
    ['after=0&wait=0', 'after=0&wait=25'],
  )
})

test('of an issuer that is gone every token is refused, though its keys cannot be had any more', async () => {
  const { feed, live, rs, clock } = await open()
  assert.equal(await statusOf(rs, feed.mint()), 200)
  live.end()
  await eventually(async () => (await statusOf(rs, feed.mint())) === 401)
  feed.answers.keys = 404
  feed.answers.metadata = {}
  clock.advance(3600_000)
  assert.equal(await statusOf(rs, feed.mint({ jti: 'new' })), 401)
})

test('a stream that is open ends', async () => {
  const { feed, live, rs } = await open()
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array([58])) })
  const handler = guard(rs)(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } }))
  const answer = await handler(new Request(resource, { headers: { authorization: `Bearer ${feed.mint()}` } }))
  const auth = await call(rs, feed.mint())
  assert.ok(!(auth instanceof Response) && rs.remaining(auth) > 0)
  live.add(await entryOf('grant', 'grant-1'))
  assert.equal(await answer.text(), ':')
  assert.equal(rs.remaining(auth), 0)
})

test('a statement is no token, whatever it says', async () => {
  const { feed, rs, events } = await open()
  const claims = JSON.parse(Buffer.from(feed.mint().split('.')[1] ?? '', 'base64url').toString())
  assert.equal(await statusOf(rs, feed.sign(claims)), 401)
  assert.equal(events.at(-1)?.reason, 'typ_not_allowed')
})

test('off: nothing is asked, nothing is refused', async () => {
  const { feed, live, rs } = await open({ revocations: 'off' })
  live.add(await entryOf('token', 'token-1'))
  assert.equal(await statusOf(rs, feed.mint()), 200)
  assert.deepEqual(feed.asked, [])
})

test('require: 503 while the feed cannot be had, from the first request on', async () => {
  const { feed, rs, clock, events } = await open({ revocations: 'require' })
  feed.answers.feed = (_question, res) => void res.writeHead(500).end()
  const answer = await call(rs, feed.mint())
  assert.ok(answer instanceof Response)
  assert.deepEqual([answer.status, answer.headers.has('retry-after')], [503, true])
  assert.equal(events.at(-1)?.reason, 'revocation_unavailable')
  tellLive(feed)
  await eventually(async () => (await statusOf(rs, feed.mint())) === 200)
  clock.advance(limits.revocationSilenceMs)
  assert.equal(await statusOf(rs, feed.mint()), 503)
})

test('an issuer without a feed is not asked for one, whatever is required', async () => {
  for (const revocations of ['follow', 'require'] as const) {
    const { feed, rs } = await open({ revocations })
    delete feed.answers.metadata['revocation_feed_uri']
    assert.equal(await statusOf(rs, feed.mint()), 200)
    assert.deepEqual(feed.asked, [])
  }
  const { feed, rs } = await open({}, (one) => ({ jwksUri: `${one.issuer}/keys` }))
  assert.equal(await statusOf(rs, feed.mint()), 200)
  assert.deepEqual(feed.asked, [])
})

test('a feed elsewhere than below its issuer is none', () => {
  const issuer = 'https://as.example/pools/p'
  const good = `${issuer}/revocations`
  assert.equal(feedUriOf({ revocation_feed_uri: good }, issuer), good)
  assert.equal(
    feedUriOf({ revocation_feed_uri: 'https://as.example/feed' }, 'https://as.example'),
    'https://as.example/feed',
  )
  for (const uri of [
    undefined,
    1,
    '',
    '/revocations',
    'https://evil.example/pools/p/revocations',
    'https://as.example/revocations',
    'https://as.example/pools/p2/revocations',
    'https://as.example/pools/p/../q/revocations',
    'https://as.example:444/pools/p/revocations',
    'http://as.example/pools/p/revocations',
    'https://user@as.example/pools/p/revocations',
    `${good}?to=x`,
    `${good}#x`,
    `${issuer}/%2e%2e/q`,
  ]) {
    assert.equal(feedUriOf({ revocation_feed_uri: uri }, issuer), undefined, String(uri))
  }
})

test('closed, it asks no more', async () => {
  const { feed, live, rs } = await open()
  assert.equal(await statusOf(rs, feed.mint()), 200)
  await eventually(() => feed.asked.length === 2)
  rs.close()
  live.add(await entryOf('token', 'x'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(feed.asked.length, 2)
})

test('a wrong option is named', () => {
  const wrong: unknown = { resource, issuers: [{ issuer: 'https://as.example' }], revocations: 'always' }
  assert.throws(() => createResourceServer(wrong as ResourceServerOptions), /revocations/)
})

test('no process is kept alive by it', async () => {
  const { feed } = await open()
  const now = Math.floor(Date.now() / 1000)
  const token = feed.mint({ iat: now, exp: now + 300 })
  // Never answered: a process that waited for it would live for half a minute.
  const { feed: answer } = feed.answers
  feed.answers.feed = (question, res) =>
    question.get('wait') === '0' ? feed.sign(feed.claims(question, { iat: now, exp: now + 60 })) : answer(question, res)
  // These tests also run compiled, on what is packed.
  const kit = new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.js', import.meta.url).href
  const script = `
    import { createResourceServer } from ${JSON.stringify(kit)}
    const rs = createResourceServer({ resource: '${resource}', issuers: [{ issuer: '${feed.issuer}' }] })
    const headers = { authorization: 'Bearer ${token}' }
    const answer = await rs.authenticate(new Request('${resource}', { headers }))
    console.log(answer instanceof Response ? answer.status : 'in')
    setTimeout(() => {}, 100)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const output = (async () => {
    let text = ''
    for await (const chunk of child.stdout) text += String(chunk)
    return text.trim()
  })()
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  const [code] = await exited
  clearTimeout(timer)
  assert.deepEqual([code, await output], [0, 'in'])
  assert.equal(
    feed.asked.some((question) => question.get('wait') === '25'),
    true,
  )
})

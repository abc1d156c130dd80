import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Bench } from './fixtures/harness.ts'
import { caller, openBench, service } from './fixtures/harness.ts'
import { introduction, readCall, sendResult, serveHttp } from './fixtures/http-servers.ts'
import { petsDocument, type Seen, sendJson, serveApi } from './openapi/fixtures/api.ts'
import type { OutboundOauth } from './types.ts'

const a = caller('a')
const client = { clientId: 'gate:way', clientSecret: 'a very secret+value' }

interface World {
  readonly bench: Bench
  readonly tokenRequests: Seen[]
  readonly apiRequests: Seen[]
  /** Tokens that the API accepts; empty: any. */
  readonly accepted: Set<string>
  readonly tokenUrl: string
  stopIssuer(): Promise<void>
  call(): Promise<string>
}

/** A token endpoint that counts its tokens, an API that looks at them, and a gateway's backends between. */
async function world(
  t: TestContext,
  oauth: Partial<OutboundOauth> = {},
  lifetime: number | null = 600,
): Promise<World> {
  let count = 0
  const issuer = await serveApi((seen, res) => {
    if (seen.url.startsWith('/.well-known/')) {
      return sendJson(res, 200, {
        issuer: issuer.url,
        token_endpoint: `${issuer.url}/token`,
        token_endpoint_auth_methods_supported: ['client_secret_post'],
      })
    }
    count += 1
    sendJson(res, 200, { access_token: `token-number-${count}`, token_type: 'Bearer', expires_in: lifetime })
  })
  const accepted = new Set<string>()
  const api = await serveApi(({ headers }, res) => {
    const token = headers.authorization?.replace('Bearer ', '') ?? ''
    sendJson(res, accepted.size === 0 || accepted.has(token) ? 200 : 401, { token })
  })
  const bench = await openBench()
  let stopped: Promise<void> | undefined
  const stopIssuer = () => {
    stopped ??= issuer.close()
    return stopped
  }
  t.after(() => Promise.all([bench.close(), stopIssuer(), api.close()]))
  const tokenUrl = `${issuer.url}/token`
  const whole = { ...client, ...('discoveryUrl' in oauth ? {} : { tokenUrl }), ...oauth }
  const discoveryUrl = oauth.discoveryUrl === undefined ? {} : { discoveryUrl: issuer.url + oauth.discoveryUrl }
  const backend = {
    type: 'openapi',
    document: petsDocument(),
    baseUrl: api.url,
    oauth: { ...whole, ...discoveryUrl },
  } as const
  return {
    bench,
    tokenRequests: issuer.seen,
    apiRequests: api.seen,
    accepted,
    tokenUrl,
    stopIssuer,
    async call() {
      const { connection } = await bench.backends.connect(service(backend), a)
      const outcome = await connection.request({ method: 'tools/call', params: { name: 'listPets' } }, { caller: a })
      return JSON.stringify(outcome)
    },
  }
}

const sent = (seen: readonly Seen[]) => seen.map(({ headers }) => headers.authorization)

test('a token is fetched with the client’s credentials, sent to the API and kept until shortly before its end', async (t) => {
  const { bench, tokenRequests, apiRequests, call } = await world(t, {
    scopes: ['pets:read', 'x'],
    resource: 'https://api.example',
  })
  await call()
  await call()
  assert.equal(tokenRequests.length, 1)
  const [asked] = tokenRequests
  assert.equal(
    asked?.headers.authorization,
    `Basic ${Buffer.from('gate%3Away:a+very+secret%2Bvalue').toString('base64')}`,
  )
  assert.equal(asked?.body, 'grant_type=client_credentials&scope=pets%3Aread+x&resource=https%3A%2F%2Fapi.example')
  assert.deepEqual(sent(apiRequests), ['Bearer token-number-1', 'Bearer token-number-1'])
  bench.clock.advance(539_000)
  await call()
  assert.equal(tokenRequests.length, 1)
  bench.clock.advance(2_000)
  await call()
  assert.equal(tokenRequests.length, 2)
  assert.equal(sent(apiRequests).at(-1), 'Bearer token-number-2')
})

test('a token endpoint is found in the metadata, whose methods count', async (t) => {
  const { tokenRequests, apiRequests, call } = await world(t, { discoveryUrl: '/.well-known/openid-configuration' })
  await call()
  assert.deepEqual(
    tokenRequests.map(({ url }) => url),
    ['/.well-known/openid-configuration', '/token'],
  )
  assert.equal(tokenRequests[1]?.headers.authorization, undefined)
  assert.equal(new URLSearchParams(tokenRequests[1]?.body).get('client_secret'), client.clientSecret)
  assert.deepEqual(sent(apiRequests), ['Bearer token-number-1'])
})

test('a token without a lifetime is kept for a short time', async (t) => {
  const { bench, tokenRequests, call } = await world(t, {}, null)
  await call()
  bench.clock.advance(5 * 60_000)
  await call()
  assert.equal(tokenRequests.length, 2)
})

test('many callers at once cost one token', async (t) => {
  const { tokenRequests, apiRequests, call } = await world(t)
  await Promise.all(Array.from({ length: 10 }, call))
  assert.equal(tokenRequests.length, 1)
  assert.equal(apiRequests.length, 10)
})

test('a token that the API refuses is replaced once, and not over and over', async (t) => {
  const { tokenRequests, apiRequests, accepted, call } = await world(t)
  accepted.add('token-number-2')
  assert.match(await call(), /token-number|\*\*\*/)
  assert.deepEqual(sent(apiRequests), ['Bearer token-number-1', 'Bearer token-number-2'])
  accepted.clear()
  accepted.add('none')
  assert.match(await call(), /"isError":true/)
  assert.deepEqual([tokenRequests.length, apiRequests.length], [3, 4])
})

test('a token endpoint that has gone: the caller is told no more than that there is no token', async (t) => {
  const { bench, call, stopIssuer } = await world(t)
  await call()
  bench.clock.advance(600_000)
  await stopIssuer()
  assert.deepEqual(JSON.parse(await call()), {
    result: { content: [{ type: 'text', text: 'The gateway got no token for the API.' }], isError: true },
  })
  assert.match(bench.reasons.at(-1) ?? '', /where the gateway's own token comes from, could not be reached: /)
})

test('an endpoint that refuses is left alone for a moment', async (t) => {
  const issuer = await serveApi((_, res) => sendJson(res, 400, { error: 'invalid_client' }))
  const bench = await openBench()
  t.after(() => Promise.all([bench.close(), issuer.close()]))
  const oauth = { tokenUrl: `${issuer.url}/token`, ...client }
  const check = () =>
    assert.rejects(bench.backends.check(service({ type: 'http', url: issuer.url, oauth })), /invalid_client/)
  await Promise.all([check(), check()])
  await check()
  assert.equal(issuer.seen.length, 1)
  bench.clock.advance(1000)
  await check()
  assert.equal(issuer.seen.length, 2)
})

test('who waits for a token may go', async (t) => {
  const asked = Promise.withResolvers<void>()
  let answers = 0
  const issuer = await serveApi((_, res) => {
    answers += 1
    if (answers === 1) sendJson(res, 200, { access_token: 'first', token_type: 'Bearer', expires_in: 60 })
    else asked.resolve()
  })
  const bench = await openBench()
  t.after(() => Promise.all([bench.close(), issuer.close()]))
  const oauth = { tokenUrl: `${issuer.url}/token`, ...client }
  const backend = { type: 'openapi', document: petsDocument(), baseUrl: issuer.url, oauth } as const
  const { connection } = await bench.backends.connect(service(backend), a)
  bench.clock.advance(60_000)
  const abort = new AbortController()
  const request = { method: 'tools/call', params: { name: 'listPets' } }
  const waiting = connection.request(request, { caller: a, signal: abort.signal })
  await asked.promise
  abort.abort()
  const outcome = await waiting
  assert.equal('error' in outcome && outcome.problem, 'cancelled')
})

test('an API that says a token back does not say it to the caller', async (t) => {
  const { call } = await world(t)
  assert.ok(!(await call()).includes('token-number-1'))
})

test('an MCP server over HTTP is sent the token, and never that of the caller', async (t) => {
  const { tokenUrl, bench } = await world(t)
  const seen: (string | undefined)[] = []
  const server = await serveHttp(async (req, res) => {
    const { id, method } = await readCall(req)
    seen.push(req.headers.authorization)
    if (method === 'initialize') sendResult(res, id, introduction)
    else if (method === 'tools/list') sendResult(res, id, { tools: [] })
    else res.writeHead(id === undefined ? 202 : 405).end()
  })
  t.after(server.close)
  await bench.backends.check(service({ type: 'http', url: server.url, oauth: { tokenUrl, ...client } }))
  assert.ok(seen.length >= 2)
  assert.deepEqual(new Set(seen), new Set(['Bearer token-number-1']))
})

const faults: readonly [string, Parameters<typeof serveApi>[0], RegExp][] = [
  [
    'refuses the client',
    (_, res) => sendJson(res, 401, { error: 'invalid_client', error_description: 'a very secret+value' }),
    /gave the gateway no token \(HTTP 401 invalid_client\): check oauth\.clientId, clientSecret, scopes and resource$/,
  ],
  [
    'redirects',
    (_, res) => void res.writeHead(302, { location: 'https://evil.example/' }).end(),
    /HTTP 302\): give the URL/,
  ],
  ['answers HTML', (_, res) => void res.writeHead(200).end('<html>'), /answered without a bearer token/],
  [
    'answers with another kind of token',
    (_, res) => sendJson(res, 200, { access_token: 'x', token_type: 'DPoP' }),
    /answered without a bearer token/,
  ],
  [
    'answers with a token that breaks a header',
    (_, res) => sendJson(res, 200, { access_token: 'x\r\ny: z', token_type: 'Bearer' }),
    /answered without a bearer token/,
  ],
  [
    'answers without end',
    (_, res) => void res.writeHead(200).end('x'.repeat(1_000_000)),
    /answered without a bearer token/,
  ],
  ['breaks off', (_, res) => void res.destroy(), /where the gateway's own token comes from, could not be reached/],
]

for (const [what, answer, reason] of faults) {
  test(`told when it is checked: the token endpoint ${what}`, async (t) => {
    const issuer = await serveApi(answer)
    const bench = await openBench()
    t.after(() => Promise.all([bench.close(), issuer.close()]))
    const oauth = { tokenUrl: `${issuer.url}/token?k=v`, ...client }
    for (const backend of [
      { type: 'http', url: `${issuer.url}/mcp`, oauth } as const,
      { type: 'openapi', document: petsDocument(), baseUrl: issuer.url, oauth } as const,
    ]) {
      await assert.rejects(bench.backends.check(service(backend)), (error) => {
        assert.ok(error instanceof Error)
        assert.match(error.message, reason)
        assert.ok(!error.message.includes('secret+value') && !error.message.includes('k=v'))
        return true
      })
    }
    assert.ok(
      issuer.seen.every(({ url }) => url.startsWith('/token')),
      'the backend is not called without a token',
    )
  })
}

const metadata: readonly [string, object, RegExp][] = [
  [
    'another issuer',
    { issuer: 'https://evil.example', token_endpoint: 'https://evil.example/token' },
    /names another issuer/,
  ],
  ['no token endpoint', {}, /names no token endpoint that can be called: give oauth\.tokenUrl/],
  ['a token endpoint without TLS', { token_endpoint: 'http://evil.example/token' }, /names no token endpoint/],
]

for (const [what, said, reason] of metadata) {
  test(`metadata with ${what} are refused, and no secret is sent`, async (t) => {
    const issuer = await serveApi((_, res) => sendJson(res, 200, { issuer: issuer.url, ...said }))
    const bench = await openBench()
    t.after(() => Promise.all([bench.close(), issuer.close()]))
    const oauth = { discoveryUrl: `${issuer.url}/.well-known/openid-configuration`, ...client }
    await assert.rejects(bench.backends.check(service({ type: 'http', url: `${issuer.url}/mcp`, oauth })), reason)
    assert.equal(issuer.seen.length, 1)
  })
}

test('a token endpoint at a link-local address is not called', async (t) => {
  const bench = await openBench()
  t.after(bench.close)
  const oauth = { tokenUrl: 'https://169.254.169.254/token', ...client }
  await assert.rejects(
    bench.backends.check(service({ type: 'http', url: 'https://mcp.example/mcp', oauth })),
    /could not be reached: its host is at a link-local/,
  )
})

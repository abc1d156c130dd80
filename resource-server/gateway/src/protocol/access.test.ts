import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeIssuer, type FakeIssuer, parseChallenges } from '@postern/resource-server/testing'
import type { Authorizer, JwtAuthorizer } from '../catalog/types.ts'
import type { TestService } from './fixtures/memory-catalog.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'
import { auth, parse, post, rpc, send } from './fixtures/wire.ts'

const builtin = { type: 'builtin' } as const
const list = rpc('tools/list')

async function open(t: { after(end: () => Promise<void>): void }, ...services: TestService[]): Promise<TestGateway> {
  const gateway = await startTestGateway({ services })
  t.after(gateway.close)
  return gateway
}

function jwt(issuer: FakeIssuer, more: Partial<JwtAuthorizer> = {}): Authorizer {
  const discoveryUrl = `${issuer.issuer}/.well-known/openid-configuration`
  return { type: 'CustomJWT', discoveryUrl, issuer: issuer.issuer, ...more }
}

function challengeOf({ headers }: { headers: Readonly<Record<string, unknown>> }) {
  const header = headers['www-authenticate']
  return typeof header === 'string' ? parseChallenges(header)[0] : undefined
}

test('a service with keys alone: what it answers to no key, a wrong one, a dead one and a good one', async (t) => {
  const gateway = await open(t, { id: 'keys', name: 'Keys "only" — 钥匙', backend: builtin })
  const url = `${gateway.origin}/keys`
  const good = await gateway.catalog.addKey('keys', { name: 'good' })
  const dead = await gateway.catalog.addKey('keys', { name: 'dead', expiresAt: Date.now() - 1 })
  const unknown = `pst_${'x'.repeat(43)}`

  const none = await send(url, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(list) })
  assert.equal(none.status, 401)
  const bare = challengeOf(none)
  assert.equal(bare?.scheme.toLowerCase(), 'bearer')
  assert.deepEqual(Object.keys(bare?.params ?? {}), ['realm'], 'no error, and nothing that would start OAuth')

  for (const token of [dead, unknown, 'not-of-key-shape']) {
    const refused = await post(url, token, list)
    assert.equal(refused.status, 401, token)
    assert.equal(challengeOf(refused)?.params['error'], 'invalid_token')
    assert.equal(challengeOf(refused)?.params['resource_metadata'], undefined)
    assert.equal(refused.text.includes(token), false)
  }
  assert.equal((await post(url, good, list)).status, 200)
  assert.deepEqual(
    gateway.events.map(({ kind, reason, status, serviceId }) => [kind, reason, status, serviceId]),
    [
      ['access.refused', 'no_credential', 401, 'keys'],
      ['access.refused', 'api_key_expired', 401, 'keys'],
      ['access.refused', 'api_key_unknown', 401, 'keys'],
      ['access.refused', 'api_key_unknown', 401, 'keys'],
      ['access.verified', 'ok', 200, 'keys'],
    ],
  )
  const said = JSON.stringify([gateway.events, gateway.logged])
  for (const secret of [good, dead, unknown]) assert.equal(said.includes(secret), false, 'no key is recorded')

  const metadata = await send(`${gateway.origin}/.well-known/oauth-protected-resource/keys`, { method: 'GET' })
  assert.equal(metadata.status, 404)
  gateway.catalog.removeKeys('keys')
  assert.equal((await post(url, good, list)).status, 401, 'a removed key stops at once')
})

test('tokens: the audience, the client, the scopes and the claims', async (t) => {
  const issuer = await createFakeIssuer()
  t.after(issuer.close)
  const gateway = await open(
    t,
    { id: 'plain', backend: builtin, authorizers: [jwt(issuer)] },
    { id: 'clients', backend: builtin, authorizers: [jwt(issuer, { allowedClients: ['client-1'] })] },
    { id: 'scopes', backend: builtin, authorizers: [jwt(issuer, { requiredScopes: ['a', 'b'] })] },
    { id: 'audience', backend: builtin, authorizers: [jwt(issuer, { allowedAudiences: ['urn:mine'] })] },
    { id: 'client-aud', backend: builtin, authorizers: [jwt(issuer, { acceptClientIdAudience: true })] },
    { id: 'claims', backend: builtin, authorizers: [jwt(issuer, { claims: { team: ['red', 'blue'] } })] },
  )
  const call = (id: string, changes: Record<string, string> = {}) =>
    post(`${gateway.origin}/${id}`, issuer.mint({ aud: `${gateway.origin}/${id}`, ...changes }), list)

  const none = await send(`${gateway.origin}/plain`)
  assert.deepEqual(challengeOf(none)?.params, {
    resource_metadata: `${gateway.origin}/.well-known/oauth-protected-resource/plain`,
  })
  assert.equal((await call('plain')).status, 200)
  const foreign = await call('plain', { aud: `${gateway.origin}/clients` })
  assert.deepEqual([foreign.status, challengeOf(foreign)?.params['error']], [401, 'invalid_token'])

  assert.equal((await call('clients')).status, 200)
  const denied = await call('clients', { client_id: 'client-2' })
  assert.deepEqual(
    [denied.status, denied.headers['www-authenticate'], JSON.parse(denied.text).error],
    [403, undefined, 'access_denied'],
  )

  const lacking = await call('scopes', { scope: 'a' })
  assert.deepEqual(
    [lacking.status, challengeOf(lacking)?.params['error'], challengeOf(lacking)?.params['scope']],
    [403, 'insufficient_scope', 'a b'],
  )
  assert.equal((await call('scopes', { scope: 'b c a' })).status, 200)

  assert.equal((await call('audience', { aud: 'urn:mine' })).status, 200)
  assert.equal((await call('audience')).status, 401)
  assert.equal((await call('client-aud', { aud: 'client-1' })).status, 200)
  assert.equal((await call('plain', { aud: 'client-1' })).status, 401)
  assert.equal((await call('claims', { team: 'blue' })).status, 200)
  assert.equal((await call('claims', { team: 'green' })).status, 403)
  assert.equal((await call('claims')).status, 403)

  issuer.fail('jwks', { status: 500 })
  issuer.rotate()
  gateway.catalog.put({ id: 'plain', backend: builtin, authorizers: [jwt(issuer)] })
  const unreachable = await call('plain')
  assert.equal(unreachable.status, 503)
  assert.ok(Number(unreachable.headers['retry-after']) >= 1)
})

test('both authorizers: a bearer goes by its shape, and a key needs no scopes that tokens need', async (t) => {
  const issuer = await createFakeIssuer()
  t.after(issuer.close)
  const authorizers = [{ type: 'ApiKey' } as const, jwt(issuer, { requiredScopes: ['read'] })]
  const gateway = await open(t, { id: 'both', backend: builtin, authorizers })
  const url = `${gateway.origin}/both`
  const key = await gateway.catalog.addKey('both', { name: 'ci' })
  const narrow = await gateway.catalog.addKey('both', { name: 'narrow', scopes: ['other'] })
  const whoami = rpc('tools/call', { name: 'whoami', arguments: {} })
  const viaKey = parse((await post(url, key, whoami)).text).result?.['structuredContent']
  assert.deepEqual(viaKey, {
    kind: 'api-key',
    subject: 'apikey:key-1',
    clientId: 'apikey:key-1',
    scopes: ['read'],
    apiKeyName: 'ci',
  })
  assert.equal((await post(url, narrow, whoami)).status, 403, 'scopes that a key does have are all it has')
  const viaToken = parse((await post(url, issuer.mint({ aud: url }), whoami)).text).result?.['structuredContent']
  assert.deepEqual(viaToken, {
    kind: 'jwt',
    subject: 'user-1',
    clientId: 'client-1',
    issuer: issuer.issuer,
    scopes: ['read', 'write'],
  })
  const wrongKey = await post(url, `pst_${'x'.repeat(43)}`, whoami)
  assert.deepEqual([wrongKey.status, issuer.fetches.jwks], [401, 1])
})

test('the metadata: path-inserted, at the root where wanted, readable for everybody', async (t) => {
  const issuer = await createFakeIssuer()
  t.after(issuer.close)
  const authorizers = [jwt(issuer, { requiredScopes: ['read'] })]
  const gateway = await open(t, { id: 'mcp', name: 'Every day', backend: builtin, authorizers })
  const read = (path: string, method = 'GET') =>
    send(`${gateway.origin}/.well-known/oauth-protected-resource${path}`, { method })
  const found = await read('/mcp')
  assert.equal(found.status, 200)
  assert.equal(found.headers['access-control-allow-origin'], '*')
  assert.deepEqual(JSON.parse(found.text), {
    resource: `${gateway.origin}/mcp`,
    authorization_servers: [issuer.issuer],
    scopes_supported: ['read'],
    bearer_methods_supported: ['header'],
    resource_name: 'Every day',
  })
  assert.equal((await read('')).status, 404)
  assert.equal((await read('/other')).status, 404)
  assert.equal((await read('/mcp', 'POST')).status, 405)
  assert.equal((await read('/mcp', 'OPTIONS')).status, 204)
  gateway.catalog.put({ id: 'mcp', name: 'Every day', backend: builtin, authorizers, rootMetadata: true })
  assert.equal((await read('')).text, found.text)
  assert.equal((await read('/')).text, found.text)
})

test('a page of a foreign origin is turned away before anything else', async (t) => {
  const gateway = await open(t, { id: 'mcp', backend: builtin })
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost.evil.example' },
    { origin: 'http://evil.example/http://localhost' },
    { host: 'evil.example' },
    { host: 'localhost.evil.example:80' },
  ]) {
    const refused = await post(url, key, list, headers)
    assert.equal(refused.status, 403, JSON.stringify(headers))
    assert.equal(parse(refused.text).error?.code, -32000)
    const preflight = await send(url, {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'POST', ...headers },
    })
    assert.notEqual(preflight.status, 204)
  }
  assert.ok(gateway.events.every(({ reason, status }) => `${reason} ${status}` === 'origin_not_allowed 403'))
  const port = new URL(gateway.origin).port
  for (const headers of [
    { origin: gateway.origin },
    { origin: 'http://localhost:5173' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'https://app.localhost' },
    { origin: 'http://[::1]:3000' },
    { host: `127.0.0.1:${port}` },
  ]) {
    assert.equal((await post(url, key, list, headers)).status, 200, JSON.stringify(headers))
  }
})

test('in production no page of a loopback origin but the own one; bound elsewhere, the token alone decides', async (t) => {
  const services = [{ id: 'mcp', backend: builtin }]
  const loopback = await startTestGateway({ services, settings: { mode: 'production' } })
  const open = await startTestGateway({ services, settings: { mode: 'production', host: '0.0.0.0' } })
  t.after(() => Promise.all([loopback.close(), open.close()]))
  const status = async ({ origin, catalog }: TestGateway, headers: Record<string, string>) =>
    (await post(`${origin}/mcp`, await catalog.addKey('mcp', { name: 'k' }), list, headers)).status
  assert.equal(await status(loopback, { origin: 'http://localhost:5173' }), 403)
  assert.equal(await status(loopback, { origin: loopback.origin }), 200)
  assert.equal(await status(open, { origin: 'https://app.example', host: 'mcp.example' }), 200)
})

test('pages of allowed origins can ask, read the answer and read the refusal', async (t) => {
  const gateway = await open(t, { id: 'mcp', backend: builtin })
  const url = `${gateway.origin}/mcp`
  const origin = { origin: 'http://localhost:5173' }
  const preflight = await send(url, {
    method: 'OPTIONS',
    headers: {
      ...origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, mcp-param-city',
    },
  })
  assert.equal(preflight.status, 204)
  const allowed = String(preflight.headers['access-control-allow-headers']).toLowerCase()
  for (const name of [
    'authorization',
    'content-type',
    'mcp-session-id',
    'mcp-protocol-version',
    'mcp-method',
    'mcp-name',
    'mcp-param-city',
    'last-event-id',
  ]) {
    assert.ok(allowed.includes(name), name)
  }
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  for (const answer of [
    await post(url, key, list, origin),
    await post(url, 'wrong', list, origin),
    await post(url, key, 'x', origin),
  ]) {
    assert.equal(answer.headers['access-control-allow-origin'], '*')
    const exposed = String(answer.headers['access-control-expose-headers'])
    assert.ok(exposed.includes('WWW-Authenticate') && exposed.includes('Mcp-Session-Id'))
  }
})

test('what is no JSON-RPC over HTTP is told so, after the caller is known', async (t) => {
  const gateway = await open(t, { id: 'mcp', backend: builtin })
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  const json = { ...auth(key), 'content-type': 'application/json' }
  const cases: [string, Parameters<typeof send>[1], number, number][] = [
    ['no JSON', { headers: json, body: '{"jsonrpc"' }, 400, -32700],
    ['nothing', { headers: json }, 400, -32700],
    ['no JSON-RPC', { headers: json, body: '{"hello":1}' }, 400, -32600],
    ['an id that is none', { headers: json, body: '{"jsonrpc":"2.0","id":{},"method":"ping"}' }, 400, -32600],
    [
      'params that are a list',
      { headers: json, body: '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}' },
      400,
      -32600,
    ],
    ['an empty batch', { headers: json, body: '[]' }, 400, -32600],
    [
      'a form',
      { headers: { ...auth(key), 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=1' },
      415,
      -32000,
    ],
    ['no type', { headers: auth(key), body: JSON.stringify(list) }, 415, -32000],
    ['compressed', { headers: { ...json, 'content-encoding': 'gzip' }, body: 'x' }, 415, -32000],
    ['nothing acceptable', { headers: { ...json, accept: 'text/html' }, body: JSON.stringify(list) }, 406, -32000],
    ['another method', { method: 'PUT', headers: json }, 405, -32000],
    ['a stream of nothing', { method: 'GET', headers: auth(key) }, 400, -32000],
    [
      'a stream that is not acceptable',
      { method: 'GET', headers: { ...auth(key), accept: 'application/json' } },
      406,
      -32000,
    ],
  ]
  for (const [name, options, status, code] of cases) {
    const answer = await send(url, options)
    assert.deepEqual([answer.status, parse(answer.text).error?.code], [status, code], name)
  }
  assert.equal((await send(url, { method: 'PUT', headers: json })).headers['allow'], 'GET, POST, DELETE, OPTIONS')
  assert.equal((await send(url, { headers: { 'content-type': 'text/html' } })).status, 401)
})

test('a body has a bound, declared or not', async (t) => {
  const gateway = await open(t, { id: 'mcp', backend: builtin })
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  const message = (size: number) =>
    JSON.stringify(rpc('tools/call', { name: 'echo', arguments: { message: 'x'.repeat(size) } }))
  const json = { ...auth(key), 'content-type': 'application/json' }
  const large = await send(url, { headers: json, body: message(4 * 1024 * 1024) })
  assert.deepEqual([large.status, parse(large.text).error?.code], [413, -32000])
  const chunked = await send(url, {
    headers: { ...json, 'transfer-encoding': 'chunked' },
    body: message(4 * 1024 * 1024),
  })
  assert.equal(chunked.status, 413)
  const fits = await send(url, { headers: json, body: message(4 * 1024 * 1024 - 200) })
  assert.equal(fits.status, 200)
})

test('a service that is not ready says so to its callers alone', async (t) => {
  const gateway = await open(t, { id: 'new', preparing: true }, { id: 'broken' })
  for (const [id, status] of [
    ['new', 'Creating'],
    ['broken', 'CreateFailed'],
  ] as const) {
    const url = `${gateway.origin}/${id}`
    const key = await gateway.catalog.addKey(id, { name: 'k' })
    assert.equal((await post(url, 'wrong', list)).status, 401)
    const answer = await post(url, key, list)
    assert.equal(answer.status, 503)
    assert.ok(Number(answer.headers['retry-after']) >= 1)
    assert.deepEqual(parse(answer.text).error, {
      code: -32000,
      message: `The service is not ready: ${status}`,
      data: { status },
    })
  }
})

test('a key that is good for some tools sees and calls those, by their exact names', async (t) => {
  const gateway = await open(t, { id: 'mcp', backend: builtin })
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k', tools: ['echo'] })
  const none = await gateway.catalog.addKey('mcp', { name: 'none', tools: [] })
  const listed = parse((await post(url, key, list)).text).result?.['tools']
  assert.ok(Array.isArray(listed))
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['echo'],
  )
  assert.deepEqual(parse((await post(url, none, list)).text).result?.['tools'], [])
  const call = (name: unknown, token = key) =>
    post(url, token, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: { message: 'x' } } })
  assert.equal((await call('echo')).status, 200)
  gateway.events.length = 0
  for (const name of ['whoami', 'Echo', 'echo ', 'еcho', ['echo'], undefined, 'toString', '__proto__']) {
    const refused = await call(name)
    assert.deepEqual(
      [refused.status, refused.headers['www-authenticate'], JSON.parse(refused.text).error],
      [403, undefined, 'access_denied'],
      String(name),
    )
  }
  assert.equal((await call('echo', none)).status, 403)
  const batch = await post(url, key, [rpc('tools/call', { name: 'echo' }, 1), rpc('tools/call', { name: 'whoami' }, 2)])
  assert.equal(batch.status, 403, 'a batch is no way around')
  assert.ok(
    gateway.events.every(
      ({ kind, reason, status }) => `${kind} ${reason} ${status}` === 'access.refused tool_not_allowed 403',
    ),
  )
  assert.equal(gateway.events[0]?.tool, 'whoami')
})

test('paths that are no service’s are left to others', async (t) => {
  const gateway = await open(t, { id: 'mcp', backend: builtin })
  for (const path of [
    '/',
    '/other',
    '/mcp/x',
    '/MCP',
    '/.well-known/oauth-protected-resourceful',
    '/.well-known/oauth-protected-resource/none',
  ]) {
    assert.deepEqual(await send(gateway.origin + path).then(({ status, text }) => [status, text]), [404, ''], path)
  }
  assert.equal((await send(`${gateway.origin}/mcp?access_token=x`)).status, 401)
})

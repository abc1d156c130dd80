import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { type EventInput, generateApiKey, hashApiKey, sha256Base64url } from '@postern/core'
import { createTestClock, type TestClock } from '@postern/core/testing'
import type { AuthInfo } from './auth-info.ts'
import { ConfigError } from './options/config-error.ts'
import type { IssuerOptions, ResourceServerOptions } from './options/types.ts'
import { createResourceServer, type GuardOptions, type ResourceServer } from './resource-server.ts'
import { brokenToken, brokenTokenKinds } from './testing/broken-token.ts'
import { expectRefusal, type RefusalCode, seen } from './testing/expect.ts'
import { createFakeIssuer, type FakeIssuer } from './testing/fake-issuer.ts'

const resource = 'https://mcp.example/mcp'
const opened: { close(): unknown }[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((thing) => thing.close()))
})

interface Bench {
  readonly rs: ResourceServer
  readonly issuer: FakeIssuer
  readonly clock: TestClock
  readonly events: EventInput[]
  ask(token: string | undefined, options?: GuardOptions): Promise<AuthInfo | Response>
  accepts(token: string, options?: GuardOptions): Promise<AuthInfo>
  refuses(code: RefusalCode, token: string | undefined, options?: GuardOptions, scope?: string): Promise<void>
}

async function open(more: Partial<ResourceServerOptions> = {}, rules: Partial<IssuerOptions> = {}): Promise<Bench> {
  const clock = createTestClock()
  const issuer = await createFakeIssuer({ audience: resource, clock })
  const events: EventInput[] = []
  const options = {
    resource,
    issuers: [{ issuer: issuer.issuer, ...rules }],
    clock,
    onEvent: (event: EventInput) => void events.push(event),
  }
  const rs = createResourceServer({ ...options, ...more })
  opened.push(rs, issuer)
  const ask = (token: string | undefined, guard?: GuardOptions) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return rs.authenticate(new Request(resource, { method: 'POST', headers }), guard)
  }
  return {
    rs,
    issuer,
    clock,
    events,
    ask,
    async accepts(token, guard) {
      const answer = await ask(token, guard)
      if (answer instanceof Response) return assert.fail(`${answer.status} ${JSON.stringify(events.at(-1))}`)
      return answer
    },
    async refuses(code, token, guard, scope) {
      const answer = await ask(token, guard)
      assert.ok(answer instanceof Response, 'accepted')
      expectRefusal(await seen(answer), code, { metadataUrl: rs.metadataUrl, scope, secrets: token?.split('.') ?? [] })
    },
  }
}

test('a good token is its caller', async () => {
  const { accepts, issuer, rs } = await open()
  const token = issuer.mint({ act: { sub: 'agent' }, custom: { a: 1 } })
  const auth = await accepts(token)
  assert.equal(auth.kind, 'jwt')
  assert.equal(auth.token, token)
  assert.equal(auth.issuer, issuer.issuer)
  assert.equal(auth.subject, 'user-1')
  assert.equal(auth.clientId, 'client-1')
  assert.deepEqual(auth.scopes, ['read', 'write'])
  assert.deepEqual(auth.audience, [resource])
  assert.equal(auth.resource.href, resource)
  assert.equal(auth.resourceMetadataUrl, rs.metadataUrl)
  assert.equal(auth.expiresAt, auth.claims['exp'])
  assert.deepEqual(auth.claims['custom'], { a: 1 })
  assert.ok(Object.isFrozen(auth) && Object.isFrozen(auth.claims['custom']))
})

test('every broken token is refused alike, nobody else is asked, and none is remembered', async () => {
  const { refuses, issuer, accepts } = await open()
  for (const algorithm of ['RS256', 'ES384'] as const) issuer.signingKey(algorithm)
  await accepts(issuer.mint())
  const fetched = { ...issuer.fetches }
  for (const kind of brokenTokenKinds) {
    const token = brokenToken(issuer, kind)
    await refuses('IT', token)
    await refuses('IT', token)
  }
  assert.equal(issuer.fetches.metadata, fetched.metadata)
  assert.ok(issuer.fetches.jwks <= fetched.jwks + 2, 'two fetches at most for all unknown key ids')
})

test('a claim called __proto__ grants nothing and changes nothing', async () => {
  const { refuses, issuer } = await open({ requiredScopes: ['admin'] })
  const token = issuer.mint({
    scope: undefined,
    ['__proto__']: { scope: 'admin' },
    constructor: { prototype: { scope: 'admin' } },
  })
  await refuses('IS', token, undefined, 'admin')
  assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, 'scope'), undefined)
})

test('tokens of other configured issuers are verified with their own keys and rules', async () => {
  const other = await createFakeIssuer({ audience: 'api://other', clock: createTestClock() })
  opened.push(other)
  const { issuer, accepts, refuses } = await open()
  const both = createResourceServer({
    resource,
    clock: createTestClock(),
    issuers: [{ issuer: issuer.issuer }, { issuer: other.issuer, audience: 'api://other' }],
  })
  opened.push(both)
  const ask = async (token: string) =>
    both.authenticate(new Request(resource, { headers: { authorization: `Bearer ${token}` } }))
  const [first, second] = [await ask(issuer.mint()), await ask(other.mint())]
  assert.ok(!(first instanceof Response) && !(second instanceof Response))
  assert.notDeepEqual([first.issuer, first.subject], [second.issuer, second.subject])
  for (const token of [
    issuer.mint({}, { key: other.signingKey() }),
    issuer.mint({ iss: other.issuer }),
    other.mint({ aud: resource }),
    issuer.mint({ aud: 'api://other' }),
  ]) {
    assert.ok((await ask(token)) instanceof Response)
  }
  await accepts(issuer.mint())
  const fetched = { ...other.fetches }
  await refuses('IT', other.mint({ aud: resource }))
  assert.deepEqual(other.fetches, fetched, 'an issuer that is not trusted is not asked')
})

test('the strict profile asks for the whole of RFC 9068', async () => {
  const { accepts, refuses, issuer } = await open({}, { profile: 'rfc9068' })
  await accepts(issuer.mint())
  await accepts(issuer.mint({}, { header: { typ: 'application/AT+JWT' } }))
  for (const claim of ['jti', 'client_id', 'iat', 'sub', 'exp', 'aud'])
    await refuses('IT', issuer.mint({ [claim]: undefined }))
  for (const typ of [undefined, 'JWT']) await refuses('IT', issuer.mint({}, { header: { typ } }))
})

test('the compatible profile takes what other servers issue', async () => {
  const { accepts, issuer } = await open()
  await accepts(issuer.mint({}, { header: { typ: undefined, kid: undefined } }))
  await accepts(
    issuer.mint(
      { client_id: undefined, azp: 'app', jti: undefined, iat: undefined, scope: undefined, scp: ['read'] },
      { header: { typ: 'JWT' } },
    ),
  )
})

test('without a key id and with several keys that fit, nothing is guessed', async () => {
  const { refuses, accepts, issuer, events } = await open()
  issuer.rotate({ keepOld: true })
  await refuses('IT', issuer.mint({}, { header: { kid: undefined } }))
  assert.equal(events.at(-1)?.reason, 'ambiguous_key')
  await accepts(issuer.mint())
})

test('who may not come in gets 403 without a challenge, but a dead token is dead first', async () => {
  const { accepts, refuses, issuer, events } = await open(
    { requiredScopes: ['admin'] },
    { allowedClients: ['a'], claims: { tid: ['t1', 't2'] } },
  )
  await accepts(issuer.mint({ client_id: 'a', tid: 't2', scope: 'admin' }))
  await refuses('PD', issuer.mint({ tid: 't1', scope: 'admin' }))
  assert.equal(events.at(-1)?.reason, 'client_not_allowed')
  assert.equal(events.at(-1)?.clientId, 'client-1')
  await refuses('PD', issuer.mint({ client_id: 'a', tid: 't3' }))
  assert.equal(events.at(-1)?.reason, 'claim_rule')
  await refuses('IS', issuer.mint({ client_id: 'a', tid: 't1' }), undefined, 'admin')
  await refuses('IT', brokenToken(issuer, 'expired'), undefined, 'admin')
})

test('scopes: all, any, implied, and those of the route on top', async () => {
  const { accepts, refuses, issuer } = await open({
    requiredScopes: ['read'],
    scopeHierarchy: { admin: ['write'], write: ['read'] },
  })
  assert.deepEqual((await accepts(issuer.mint({ scope: 'admin' }), { scopes: ['write'] })).scopes, [
    'admin',
    'write',
    'read',
  ])
  await accepts(issuer.mint({ scope: 'write' }))
  await refuses('IS', issuer.mint({ scope: 'read' }), { scopes: ['write', 'delete'] }, 'read write delete')
  await refuses('IS', issuer.mint({ scope: 'other' }), undefined, 'read')
  await accepts(issuer.mint({ scope: 'read b' }), { scopes: { anyOf: ['a', 'b'] } })
  await refuses('IS', issuer.mint({ scope: 'read' }), { scopes: { anyOf: ['a', 'b'] } }, 'read a')
})

test('a route that asks for what is no scope fails when it is made', async () => {
  const { rs } = await open()
  assert.throws(() => rs.gate({ scopes: ['a b'] }), ConfigError)
  assert.throws(() => Reflect.apply(rs.gate, rs, [{ scope: ['a'] }]), /did you mean scopes\?/)
})

test('what was verified is not verified again, as long as nothing has changed', async () => {
  const { rs, issuer, clock } = await open()
  const gate = rs.gate()
  const decide = (token: string) =>
    gate({ method: 'POST', url: '/mcp', header: (name) => (name === 'authorization' ? `Bearer ${token}` : undefined) })
  const token = issuer.mint()
  const first = await decide(token)
  const second = decide(token)
  assert.ok(!(second instanceof Promise), 'at once')
  assert.equal(second.auth, first.auth)
  clock.advance(300_000)
  const afterEnd = await decide(token)
  assert.ok(afterEnd.auth !== undefined && afterEnd.auth !== first.auth, 'verified anew within the tolerance')
  clock.advance(5000)
  assert.equal((await decide(token)).reply?.status, 401)
})

test('a remembered token ends with its key, and with a reload', async () => {
  const { accepts, refuses, rs, issuer, clock } = await open()
  const token = issuer.mint({ exp: Math.floor(clock.now() / 1000) + 7200 })
  await accepts(token)
  issuer.rotate()
  await accepts(token)
  clock.advance(600_000)
  await refuses('IT', token)

  const other = issuer.mint({ exp: Math.floor(clock.now() / 1000) + 7200 })
  clock.advance(30_000)
  await accepts(other)
  issuer.withdraw()
  const problem = 'the key set has no key that could verify a signature'
  assert.deepEqual(await rs.reload(), [{ issuer: issuer.issuer, problem }])
  await refuses('IT', other)
})

test('a remembered token is not good before its time when the clock is set back', async () => {
  const { accepts, refuses, issuer, clock } = await open()
  const token = issuer.mint()
  await accepts(token)
  clock.advance(-7_200_000)
  await refuses('IT', token)
  clock.advance(7_200_000)
  await accepts(token)
})

test('scopes are looked at anew for every route, remembered or not', async () => {
  const { accepts, refuses, issuer } = await open()
  const token = issuer.mint({ scope: 'read' })
  await accepts(token)
  await refuses('IS', token, { scopes: ['write'] }, 'write')
})

test('a revoked token is refused at the next request; a revocation list that cannot be asked is 503', async () => {
  const revoked = new Set<string>()
  let isDown = false
  const { accepts, refuses, issuer, events } = await open({
    isRevoked({ tokenId = '', signingInputHash, issuer: named }) {
      assert.equal(named, issuer.issuer)
      assert.match(signingInputHash, /^[\w-]{43}$/)
      if (isDown) throw new Error('redis://user:password@host')
      return revoked.has(tokenId)
    },
  })
  const token = issuer.mint({ jti: 'j1' })
  await accepts(token)
  revoked.add('j1')
  await refuses('IT', token)
  assert.equal(events.at(-1)?.reason, 'revoked')
  assert.equal(events.at(-1)?.clientId, 'client-1')
  isDown = true
  await refuses('UN', issuer.mint())
})

test('anything but a clear no from the revocation list refuses', async () => {
  for (const answer of [undefined, null, 0, 'no', Promise.resolve(undefined)]) {
    const { refuses, issuer }: Bench = await Reflect.apply(open, undefined, [{ isRevoked: () => answer }])
    await refuses('IT', issuer.mint())
  }
})

test('unreachable keys are 503 with Retry-After, and the resource server was there all along', async () => {
  const { accepts, refuses, issuer, clock, rs } = await open()
  issuer.fail('metadata', { hangUp: true })
  await refuses('UN', issuer.mint())
  await refuses('C0', undefined)
  const [health] = await rs.check()
  assert.match(health?.problem ?? '', /: no connection/)
  issuer.fail('metadata')
  clock.advance(20_000)
  await accepts(issuer.mint())
})

test('API keys beside tokens, each its own way', async () => {
  const key = generateApiKey()
  const { accepts, refuses, issuer, events } = await open({
    apiKeys: [{ id: 'k1', name: 'Build', hash: await hashApiKey(key), scopes: ['read'] }],
  })
  assert.equal((await accepts(key)).kind, 'api-key')
  assert.equal((await accepts(issuer.mint())).kind, 'jwt')
  await refuses('IT', generateApiKey())
  assert.equal(events.at(-1)?.reason, 'api_key_unknown')
  await refuses('IS', key, { scopes: ['write'] }, 'write')
})

test('API keys alone: no metadata, and a challenge that starts no OAuth', async () => {
  const key = generateApiKey()
  const { accepts, refuses, rs, issuer, ask } = await open({
    issuers: [],
    resourceName: 'My tools',
    apiKeys: [{ id: 'k1', name: 'Build', hash: await hashApiKey(key) }],
  })
  assert.equal(rs.metadataUrl, undefined)
  assert.equal(rs.metadata(new Request('https://mcp.example/.well-known/oauth-protected-resource/mcp')), undefined)
  await accepts(key)
  await refuses('C0', undefined)
  await refuses('IT', issuer.mint())
  const bare = await ask(undefined)
  assert.ok(bare instanceof Response)
  assert.equal(bare.headers.get('www-authenticate'), 'Bearer realm="My tools"')
})

test('opaque tokens of an issuer go to the custom verifier, JWTs never do', async () => {
  const { accepts, refuses, issuer, clock } = await open({
    verify: (token) => (token === 'opaque-1' ? { subject: 's', expiresAt: clock.now() / 1000 + 60 } : undefined),
  })
  const auth = await accepts('opaque-1')
  assert.deepEqual([auth.kind, auth.issuer, auth.subject], ['custom', issuer.issuer, 's'])
  await refuses('IT', 'opaque-2')
  await accepts(issuer.mint())
  await refuses('IT', brokenToken(issuer, 'expired'))
})

test('what a custom verifier throws stays inside', async () => {
  const { refuses } = await open({
    verify: () => {
      throw new Error('db password=hunter2')
    },
  })
  await refuses('SE', 'opaque')
})

test('a preflight is answered without a look at credentials, and refusals can be read by pages', async () => {
  const { rs, events } = await open()
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
  const preflight = await rs.authenticate(new Request(resource, { method: 'OPTIONS', headers }))
  assert.ok(preflight instanceof Response)
  assert.equal(preflight.status, 204)
  assert.deepEqual(events, [])
  const refused = await rs.authenticate(new Request(resource, { headers: { origin: 'https://app.example' } }))
  assert.ok(refused instanceof Response)
  assert.equal(refused.headers.get('access-control-allow-origin'), '*')
  assert.match(refused.headers.get('access-control-expose-headers') ?? '', /WWW-Authenticate/)
})

test('without cors nothing of it is there, and an OPTIONS needs a credential like any other', async () => {
  const { rs } = await open({ cors: false })
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
  const answer = await rs.authenticate(new Request(resource, { method: 'OPTIONS', headers }))
  assert.ok(answer instanceof Response)
  assert.equal(answer.status, 401)
  assert.equal(answer.headers.get('access-control-allow-origin'), null)
})

test('the metadata is public, even when it is asked for through the gate', async () => {
  const { rs, events } = await open()
  const request = new Request(rs.metadataUrl ?? '')
  const direct = rs.metadata(request)
  const gated = await rs.authenticate(request)
  assert.ok(direct !== undefined && gated instanceof Response)
  assert.deepEqual(await gated.json(), await direct.json())
  assert.deepEqual(events, [])
  assert.equal(rs.metadata(new Request(resource)), undefined)
})

test('one event per decision, with hashes and nothing else of the credential', async () => {
  const { ask, issuer, events } = await open()
  const token = issuer.mint()
  await ask(token)
  await ask(token, { scopes: ['admin'] })
  await ask(brokenToken(issuer, 'expired'))
  await ask(undefined)
  const [verified, scope, expired, none] = events
  assert.equal(events.length, 4)
  const { durationMs, ...rest } = verified ?? assert.fail()
  assert.ok((durationMs ?? -1) >= 0)
  const subjectHash = await sha256Base64url('user-1')
  const tokenHash = await sha256Base64url(token)
  assert.deepEqual(rest, {
    kind: 'access.verified',
    outcome: 'ok',
    reason: 'ok',
    resource,
    tokenHash,
    clientId: 'client-1',
    subjectHash,
  })
  assert.deepEqual(
    [scope?.kind, scope?.outcome, scope?.reason, scope?.status, scope?.subjectHash],
    ['access.refused', 'refused', 'insufficient_scope', 403, subjectHash],
  )
  assert.deepEqual([expired?.reason, expired?.status, expired?.clientId], ['expired', 401, undefined])
  assert.deepEqual([none?.reason, none?.status, none?.tokenHash], ['no_credential', 401, undefined])
  const everything = JSON.stringify(events)
  for (const part of [...token.split('.'), 'user-1']) assert.ok(!everything.includes(part))
})

test('closed, it answers 503', async () => {
  const { rs, refuses, accepts, issuer } = await open()
  const token = issuer.mint()
  await accepts(token)
  rs.close()
  await refuses('UN', token)
  await refuses('C0', undefined)
})

test('a flood of distinct bad tokens causes no fetch', async () => {
  const { ask, issuer, accepts } = await open()
  const [header, , signature] = issuer.mint().split('.')
  await accepts(issuer.mint())
  for (let index = 0; index < 500; index += 1) {
    const payload = Buffer.from(JSON.stringify({ iss: issuer.issuer, index })).toString('base64url')
    const answer = await ask(`${header}.${payload}.${signature}`)
    assert.ok(answer instanceof Response && answer.status === 401)
  }
  assert.equal(issuer.fetches.jwks, 1)
})

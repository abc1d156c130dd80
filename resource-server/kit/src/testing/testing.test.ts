import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { parseJws } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { algorithms } from '../options/algorithms.ts'
import { brokenToken, brokenTokenKinds, describeBrokenToken } from './broken-token.ts'
import { expectChallenge, expectRefusal, type SeenResponse } from './expect.ts'
import { createFakeIssuer, type FakeIssuer } from './fake-issuer.ts'

const opened: FakeIssuer[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((issuer) => issuer.close()))
})

async function open(...args: Parameters<typeof createFakeIssuer>): Promise<FakeIssuer> {
  const issuer = await createFakeIssuer(...args)
  opened.push(issuer)
  return issuer
}

async function keysOf({ jwksUri }: FakeIssuer): Promise<Parameters<typeof createLocalJWKSet>[0]> {
  return (await fetch(jwksUri)).json()
}

test('its tokens are good ones to jose, whatever the algorithm', async () => {
  for (const algorithm of algorithms) {
    const issuer = await open({ algorithm, audience: 'https://mcp.example/mcp' })
    const keys = createLocalJWKSet(await keysOf(issuer))
    const { payload, protectedHeader } = await jwtVerify(issuer.mint({ a: 1 }), keys, {
      issuer: issuer.issuer,
      audience: 'https://mcp.example/mcp',
      typ: 'at+jwt',
    })
    assert.equal(protectedHeader.alg, algorithm)
    assert.equal(payload['a'], 1)
  }
})

test('metadata at all three places, or at one; nothing anywhere else', async () => {
  const issuer = await open({ path: '/tenant' })
  const { origin } = new URL(issuer.issuer)
  for (const path of [
    '/.well-known/oauth-authorization-server/tenant',
    '/.well-known/openid-configuration/tenant',
    '/tenant/.well-known/openid-configuration',
  ]) {
    assert.deepEqual(await (await fetch(origin + path)).json(), {
      issuer: issuer.issuer,
      jwks_uri: issuer.jwksUri,
      introspection_endpoint: issuer.introspectionUri,
    })
  }
  assert.equal((await fetch(`${origin}/elsewhere`)).status, 404)
  assert.deepEqual(issuer.fetches, { metadata: 3, jwks: 0 })
})

test('claims and header can be changed and taken away, and time is the clock’s', async () => {
  const clock = createTestClock(1_700_000_000_000)
  const issuer = await open({ clock })
  const jws = parseJws(issuer.mint({ sub: undefined, extra: true }, { header: { kid: undefined, x: 1 } }))
  assert.ok(jws.malformed === undefined)
  assert.deepEqual(Object.keys(jws.header), ['alg', 'typ', 'x'])
  assert.ok(!('sub' in jws.payload))
  assert.deepEqual([jws.payload['extra'], jws.payload['iat'], jws.payload['exp']], [true, 1_700_000_000, 1_700_000_300])
})

test('keys come and go', async () => {
  const issuer = await open()
  const kids = async () => (await keysOf(issuer)).keys.map(({ kid }) => kid)
  const first = issuer.signingKey().kid
  assert.deepEqual(await kids(), [first])
  const second = issuer.rotate({ keepOld: true }).kid
  assert.deepEqual(await kids(), [first, second])
  const third = issuer.rotate({ algorithm: 'EdDSA' }).kid
  assert.deepEqual(await kids(), [third])
  assert.equal(issuer.signingKey().kid, third)
  issuer.withdraw()
  assert.deepEqual(await kids(), [])
})

test('it fails as it is told to, and is well again', async () => {
  const issuer = await open()
  issuer.fail('jwks', { status: 503, headers: { 'retry-after': '7' }, body: 'busy' })
  const busy = await fetch(issuer.jwksUri)
  assert.deepEqual([busy.status, busy.headers.get('retry-after'), await busy.text()], [503, '7', 'busy'])
  issuer.fail('jwks', { hangUp: true })
  await assert.rejects(fetch(issuer.jwksUri))
  const gate = Promise.withResolvers<void>()
  issuer.fail('jwks', { hold: gate.promise })
  const held = fetch(issuer.jwksUri)
  gate.resolve()
  assert.equal((await held).status, 200)
  issuer.fail('jwks')
  assert.equal((await fetch(issuer.jwksUri)).status, 200)
})

test('every broken token is made, differs from a good one, and is described', async () => {
  const issuer = await open({ audience: 'https://mcp.example/mcp' })
  assert.ok(brokenTokenKinds.length > 100)
  for (const kind of brokenTokenKinds) {
    assert.ok(brokenToken(issuer, kind).length > 1, kind)
    const { row, what } = describeBrokenToken(kind)
    assert.match(row, /^[A-H]\d+$/)
    assert.ok(what.length > 3)
  }
})

const refusal: SeenResponse = {
  status: 401,
  headers: {
    'cache-control': 'no-store',
    'content-type': 'application/json',
    'www-authenticate':
      'Bearer error="invalid_token", error_description="No", scope="read", resource_metadata="https://m"',
  },
  body: '{"error":"invalid_token","error_description":"No"}',
}
const expected = { metadataUrl: 'https://m', scope: 'read', secrets: ['secret'] }

test('a refusal that is right passes', () => {
  expectRefusal(refusal, 'IT', expected)
  assert.equal(expectChallenge(refusal).params['scope'], 'read')
})

test('a refusal that is wrong in one thing does not', () => {
  const { headers } = refusal
  const challenge = headers['www-authenticate'] ?? ''
  const wrong: SeenResponse[] = [
    { ...refusal, status: 403 },
    { ...refusal, body: '' },
    { ...refusal, body: '{"error":"invalid_request"}' },
    { ...refusal, body: '{"error":"invalid_token","cause":"x"}' },
    { ...refusal, body: '{"error":"invalid_token"}' },
    { ...refusal, body: '{"error":"invalid_token","error_description":""}' },
    { ...refusal, body: '{"error":"invalid_token","error_description":"Other"}' },
    { ...refusal, body: '{"error":"invalid_token","error_description":"secret"}' },
    { ...refusal, body: '{"error":"invalid_token","error_description":"at f (/a/b.js:1:2)"}' },
    { ...refusal, headers: { ...headers, 'cache-control': undefined } },
    { ...refusal, headers: { ...headers, 'content-type': 'text/html' } },
    { ...refusal, headers: { ...headers, 'www-authenticate': undefined } },
    { ...refusal, headers: { ...headers, 'www-authenticate': challenge.replace('read', 'write') } },
    { ...refusal, headers: { ...headers, 'www-authenticate': challenge.replace(', error_description="No"', '') } },
    { ...refusal, headers: { ...headers, 'www-authenticate': challenge.replace('https://m', 'https://evil') } },
    { ...refusal, headers: { ...headers, 'www-authenticate': challenge.replace('Bearer', 'Basic') } },
    { ...refusal, headers: { ...headers, 'www-authenticate': `${challenge}, scope="read"` } },
    { ...refusal, headers: { ...headers, 'www-authenticate': `${challenge}, Basic realm="x"` } },
    { ...refusal, headers: { ...headers, 'www-authenticate': challenge.replace('"No"', '"N\\"o"') } },
  ]
  for (const [index, response] of wrong.entries()) {
    assert.throws(() => expectRefusal(response, 'IT', expected), `number ${index}`)
  }
  for (const code of ['C0', 'IR', 'IS', 'UN', 'SE', 'PD'] as const) {
    assert.throws(() => expectRefusal(refusal, code, expected), code)
  }
})

test('what is missing for want of scopes is said in words in the body', () => {
  const challenge = 'Bearer error="insufficient_scope", scope="read", resource_metadata="https://m"'
  const poor = { status: 403, headers: { ...refusal.headers, 'www-authenticate': challenge } }
  expectRefusal({ ...poor, body: '{"error":"insufficient_scope","error_description":"No"}' }, 'IS', expected)
  assert.throws(() => expectRefusal({ ...poor, body: '{"error":"insufficient_scope"}' }, 'IS', expected))
})

test('the introspection endpoint knows the tokens that were made here, and answers its client alone', async () => {
  const clock = createTestClock()
  const issuer = await open({ clock, audience: 'https://mcp.example/mcp' })
  const { clientId, clientSecret } = issuer.introspectionClient
  const authorization = `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`
  const ask = async (token: string, headers: Record<string, string> = { authorization }) => {
    const body = new URLSearchParams({ token })
    const answer = await fetch(issuer.introspectionUri, { method: 'POST', headers, body })
    return [answer.status, await answer.json()]
  }
  const token = issuer.issue({ scope: 'read' })
  const [status, answer] = await ask(token)
  assert.equal(status, 200)
  assert.deepEqual([answer.active, answer.scope, answer.aud], [true, 'read', 'https://mcp.example/mcp'])
  assert.equal((await ask(issuer.mint()))[1].active, true)
  assert.deepEqual(await ask('stranger'), [200, { active: false }])
  assert.deepEqual(await ask(token, {}), [401, { error: 'invalid_client' }])
  assert.deepEqual(await ask(token, { authorization: `Basic ${btoa('a:b')}` }), [401, { error: 'invalid_client' }])
  assert.equal((await fetch(`${issuer.introspectionUri}?token=${token}`)).status, 405)
  assert.equal(issuer.introspected.at(-1)?.url, `/introspect?token=${token}`)
  clock.advance(300_000)
  assert.deepEqual(await ask(token), [200, { active: false }])
  const revoked = issuer.issue()
  issuer.revoke(revoked)
  assert.deepEqual(await ask(revoked), [200, { active: false }])
})

test('a kind that is not on the list is named', async () => {
  const issuer = await open()
  const kind = 'expird' as never
  assert.throws(() => brokenToken(issuer, kind), { name: 'TypeError', message: /'expird'; did you mean expired\?/ })
  for (const odd of ['toString', '__proto__', undefined]) {
    assert.throws(() => brokenToken(issuer, odd as never), { name: 'TypeError', message: /there is no broken token/ })
  }
})

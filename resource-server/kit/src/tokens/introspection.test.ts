import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import fc from 'fast-check'
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import {
  createResourceServer,
  type IntrospectionOptions,
  type IssuerOptions,
  type ResourceServerOptions,
} from '../index.ts'
import { limits } from '../limits.ts'
import { createFakeIssuer, createSigningKey, type FakeIssuer } from '../testing/index.ts'

const resource = 'https://mcp.example/mcp'
const clock = createTestClock()
const closing: (() => Promise<void>)[] = []
after(() => Promise.all(closing.map((close) => close())))

interface Bench {
  readonly issuer: FakeIssuer
  readonly reasons: string[]
  /** The caller's subject, or the status of the refusal. */
  ask(token: string): Promise<string | number>
  readonly rs: ReturnType<typeof createResourceServer>
}

async function bench(
  introspection: Partial<IntrospectionOptions> = {},
  rules: Partial<IssuerOptions> = {},
  options: Partial<ResourceServerOptions> = {},
): Promise<Bench> {
  const issuer = await createFakeIssuer({ audience: resource, clock })
  const reasons: string[] = []
  const rs = createResourceServer({
    resource,
    issuers: [{ issuer: issuer.issuer, introspection: { ...issuer.introspectionClient, ...introspection }, ...rules }],
    clock,
    onEvent: ({ reason }) => void reasons.push(reason),
    ...options,
  })
  closing.push(async () => {
    rs.close()
    await issuer.close()
  })
  const ask = async (token: string) => {
    const answer = await rs.authenticate(new Request(resource, { headers: { authorization: `Bearer ${token}` } }))
    return answer instanceof Response ? answer.status : answer.subject
  }
  return { issuer, rs, reasons, ask }
}

test('equal tokens that arrive together are asked about once, and one failure is told to all', async () => {
  const { issuer, ask } = await bench()
  const token = issuer.issue()
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => ask(token)))), new Set(['user-1']))
  assert.equal(issuer.introspected.length, 1)
  issuer.fail('introspection', { status: 500 })
  assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => ask(token)))), new Set([503]))
  assert.equal(issuer.introspected.length, 2)
})

test('no more than so many questions are under way', async () => {
  const { issuer, ask, reasons } = await bench()
  assert.equal(await ask(issuer.issue()), 'user-1')
  let release: (value?: unknown) => void = () => undefined
  issuer.fail('introspection', { hold: new Promise((resolve) => (release = resolve)) })
  const asked = Array.from({ length: limits.introspectionsAtOnce + 5 }, () => ask(issuer.issue()))
  const early = await Promise.race(asked)
  assert.equal(early, 503)
  release()
  const statuses = await Promise.all(asked)
  assert.equal(statuses.filter((status) => status === 503).length, 5)
  assert.equal(reasons.filter((reason) => reason === 'introspection_unavailable').length, 5)
  issuer.fail('introspection')
  assert.equal(await ask(issuer.issue()), 'user-1', 'and then it goes on')
})

test('a flood of bad tokens drives out no good answer', async () => {
  const asked: string[] = []
  const fetch = async (_url: unknown, init?: RequestInit) => {
    const token = new URLSearchParams(String(init?.body)).get('token') ?? ''
    asked.push(token)
    const good = { active: true, aud: resource, sub: 's', client_id: 'c', exp: clock.now() / 1000 + 600 }
    return Response.json(token === 'good' ? good : { active: false })
  }
  const { ask } = await bench({ endpoint: 'https://as.example/introspect', cache: 60 }, {}, { fetch })
  assert.equal(await ask('good'), 's')
  for (let bad = 0; bad <= limits.cachedTokens; bad += 1) assert.equal(await ask(`bad-${bad}`), 401)
  assert.equal(await ask('good'), 's')
  assert.equal(asked.length, limits.cachedTokens + 2)
  assert.equal(await ask('bad-0'), 401)
  assert.equal(asked.length, limits.cachedTokens + 3, 'of the bad ones only so many are remembered')
})

test('the client authenticates by a signed assertion', async () => {
  for (const algorithm of ['ES256', 'PS256', 'EdDSA'] as const) {
    const { privateKey, publicKey } = createSigningKey(algorithm)
    const privateJwk: JsonWebKey = Object.assign(privateKey.export({ format: 'jwk' }), { alg: algorithm, kid: 'k1' })
    const issuer = await createFakeIssuer({ audience: resource, clock })
    const rs = createResourceServer({
      resource,
      issuers: [{ issuer: issuer.issuer, introspection: { clientId: 'rs', privateKey: privateJwk } }],
      clock,
    })
    const token = issuer.issue()
    const auth = await rs.authenticate(new Request(resource, { headers: { authorization: `Bearer ${token}` } }))
    assert.ok(!(auth instanceof Response))
    const [{ headers, form } = assert.fail()] = issuer.introspected
    assert.equal(headers['authorization'], undefined)
    assert.equal(form['client_id'], 'rs')
    const assertion = form['client_assertion'] ?? ''
    const key = await importJWK({ ...publicKey.export({ format: 'jwk' }) }, algorithm)
    const expected = { issuer: 'rs', subject: 'rs', audience: issuer.issuer, currentDate: new Date(clock.now()) }
    const { payload } = await jwtVerify(assertion, key, expected)
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), limits.clientAssertionSeconds)
    assert.ok((payload.jti ?? '').length >= 20)
    assert.equal(decodeProtectedHeader(assertion).kid, 'k1')
    rs.close()
    await issuer.close()
  }
})

test('a given endpoint needs no metadata', async () => {
  const { issuer } = await bench()
  const { ask } = await bench({ endpoint: issuer.introspectionUri }, { issuer: issuer.issuer })
  assert.equal(await ask(issuer.issue()), 'user-1')
  assert.equal(issuer.fetches.metadata, 0)
})

test('revocation is asked about, by the hash of what was signed or else of the token', async () => {
  const told: { tokenId?: string; signingInputHash: string }[] = []
  const isRevoked = (query: { tokenId?: string; signingInputHash: string }) => told.push(query) > 2
  const { issuer, ask, reasons } = await bench({ tokens: 'all' }, {}, { isRevoked })
  const jwt = issuer.mint()
  assert.equal(await ask(issuer.issue()), 'user-1')
  assert.equal(await ask(jwt), 'user-1')
  assert.equal(await ask(jwt), 401)
  assert.equal(reasons.at(-1), 'revoked')
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(jwt.slice(0, jwt.lastIndexOf('.'))))
  assert.equal(told[1]?.signingInputHash, Buffer.from(digest).toString('base64url'))
})

test('check says whether there is an answer, and asks with a token that nobody has', async () => {
  const { issuer, rs } = await bench()
  assert.deepEqual(await rs.check(), [{ issuer: issuer.issuer }])
  assert.equal(issuer.introspected.length, 1)
  issuer.fail('introspection', { status: 500 })
  const [health] = await rs.check()
  assert.match(health?.problem ?? '', /answered with status 500$/)
  assert.ok(!JSON.stringify(health).includes(issuer.introspectionClient.clientSecret))
})

test('closed, nobody is asked any more', async () => {
  const { issuer, rs, ask } = await bench({ cache: 60 })
  const token = issuer.issue()
  await ask(token)
  rs.close()
  assert.equal(await ask(token), 503)
  assert.equal(issuer.introspected.length, 1)
})

test('what was found before a reload is not kept after it', async () => {
  const { issuer, rs, ask } = await bench({ cache: 60 })
  await rs.check()
  let release: (value?: unknown) => void = () => undefined
  issuer.fail('introspection', { hold: new Promise((resolve) => (release = resolve)) })
  const token = issuer.issue()
  const early = ask(token)
  while (issuer.introspected.length < 2) await new Promise((resolve) => setImmediate(resolve))
  const reloading = rs.reload()
  release()
  issuer.fail('introspection')
  assert.equal(await early, 'user-1')
  await reloading
  issuer.revoke(token)
  assert.equal(await ask(token), 401)
})

test('the profile is about JWTs: an answer needs no iat and no jti', async () => {
  const { issuer, ask } = await bench({}, { profile: 'rfc9068' })
  assert.equal(await ask(issuer.issue({ iat: undefined, jti: undefined })), 'user-1')
})

test('whatever the endpoint answers, nobody gets in by it but who may, and it is never a 500', async () => {
  let body = ''
  const fetch = async () => new Response(body, { headers: { 'content-type': 'application/json' } })
  const { ask, rs } = await bench({ endpoint: 'https://as.example/introspect' }, {}, { fetch })
  const good = { active: true, aud: resource, sub: 's', client_id: 'c', exp: clock.now() / 1000 + 600 }
  const names = fc.constantFrom('active', 'aud', 'sub', 'client_id', 'exp', 'iss', 'nbf', 'iat', 'scope', 'cnf', 'act')
  const changes = fc.dictionary(fc.oneof(names, fc.string()), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  const answers = fc.oneof(
    changes.map((change) => ({ change, text: JSON.stringify({ ...good, ...change }) })),
    fc.string().map((text) => ({ change: { active: false }, text })),
  )
  let round = 0
  await fc.assert(
    fc.asyncProperty(answers, async ({ change, text }) => {
      body = text
      const answer = await ask(`token-${round++}`)
      assert.ok(answer === 401 || answer === 503 || typeof answer === 'string', `${answer} for ${text}`)
      const mustNot = 'active' in change && change['active'] !== true
      if (mustNot) assert.notEqual(typeof answer, 'string', text)
    }),
    { numRuns: 1000 },
  )
  rs.close()
})

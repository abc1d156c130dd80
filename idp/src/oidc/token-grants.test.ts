import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { type Idp, startIdp, type TestClient, type TestPool } from '../testing/index.ts'
import { decode, eventsOf, manage, requestToken, tokenOf } from './token-request.ts'

const mcp = 'https://mcp.example/mcp'
const files = 'https://files.example/api'

// A plain request takes the lane of our own, one from a page goes to oidc-provider.
const lanes: Record<string, string>[] = [{}, { origin: 'https://app.example' }]

let idp: Idp
let pool: TestPool
let client: TestClient

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({
    name: 'grants',
    resources: [
      { identifier: mcp, scopes: [{ name: 'admin', implies: ['read'] }, { name: 'read' }] },
      { identifier: files, accessTokenTtl: 120 },
    ],
  })
  client = await pool.createClient({ name: 'agent' })
})
after(() => idp.close())

describe('a token', () => {
  test('has the claims of RFC 9068 and verifies against the published keys', async () => {
    const answer = await requestToken(pool, client)
    const { payload, protectedHeader } = await jwtVerify(tokenOf(answer), createRemoteJWKSet(new URL(pool.jwksUrl)), {
      issuer: pool.issuer,
      audience: mcp,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      subject: client.clientId,
    })
    assert.deepEqual(Object.keys(payload), ['jti', 'sub', 'iat', 'exp', 'scope', 'client_id', 'iss', 'aud'])
    assert.equal(payload['client_id'], client.clientId)
    assert.equal(payload['scope'], 'admin read')
    assert.equal(payload.aud, mcp)
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 3600)
    assert.match(payload.jti ?? '', /^[A-Za-z0-9_-]{43}$/)
    const { body } = await manage(idp, 'GET', `/user-pools/${pool.id}/keys`)
    const active = (body['items'] as { state: string; kid: string }[]).find(({ state }) => state === 'active')
    assert.equal(protectedHeader.kid, active?.kid)
  })

  test('comes with the answer of RFC 6749 §5.1, which is not to be stored', async () => {
    const { status, headers, body } = await requestToken(pool, client)
    assert.equal(status, 200)
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
    const { access_token: _, ...rest } = body
    assert.deepEqual(rest, { expires_in: 3600, scope: 'admin read', token_type: 'Bearer' })
  })

  test('is never the same twice', async () => {
    const [one, two] = await Promise.all([requestToken(pool, client), requestToken(pool, client)])
    assert.notEqual(decode(tokenOf(one)).claims['jti'], decode(tokenOf(two)).claims['jti'])
  })

  for (const [alg, kty] of [
    ['ES256', 'EC'],
    ['EdDSA', 'OKP'],
    ['RS256', 'RSA'],
  ] as const) {
    test(`is signed with ${alg} where the pool says so`, async () => {
      const own = await idp.createPool({
        name: `signs ${alg}`,
        signingAlgorithm: alg,
        resources: [{ identifier: mcp }],
      })
      const agent = await own.createClient({ name: 'agent' })
      const keys = createRemoteJWKSet(new URL(own.jwksUrl))
      for (const headers of lanes) {
        const answer = await requestToken(own, agent, {}, headers)
        const { protectedHeader } = await jwtVerify(tokenOf(answer), keys)
        assert.equal(protectedHeader.alg, alg)
      }
      const published = await (await fetch(own.jwksUrl)).json()
      for (const key of published.keys) {
        assert.equal(key.kty, kty)
        assert.equal(key.alg, alg)
        for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(key[secret], undefined)
      }
    })
  }
})

describe('client authentication', () => {
  test('client_secret_post', async () => {
    const poster = await pool.createClient({ name: 'poster', tokenEndpointAuthMethod: 'client_secret_post' })
    const params = { client_id: poster.clientId, client_secret: poster.clientSecret }
    const answer = await requestToken(pool, undefined, params)
    assert.equal(decode(tokenOf(answer)).claims['sub'], poster.clientId)
  })

  test('a secret of one’s own', async () => {
    const clientSecret = 'a-secret-of-my-own_0123456789-abcdef'
    const own = await pool.createClient({ clientId: 'own-secret', name: 'own secret', clientSecret })
    assert.equal(own.clientSecret, clientSecret)
    assert.equal((await requestToken(pool, { clientId: 'own-secret', clientSecret })).status, 200)
  })

  test('two secrets are live at once, and one that is taken away stops at once', async () => {
    const changing = await pool.createClient({ name: 'changing' })
    const path = `/user-pools/${pool.id}/clients/${changing.clientId}/secrets`
    const { body: second } = await manage(idp, 'POST', path, {})
    const next = { clientId: changing.clientId, clientSecret: String(second['clientSecret']) }
    // Asked more than once, so that the kept client answers too.
    for (const which of [changing, next, changing, next]) assert.equal((await requestToken(pool, which)).status, 200)

    const { body: list } = await manage(idp, 'GET', path)
    const first = (list['items'] as { id: string }[]).find(({ id }) => id !== second['id'])
    assert.equal((await manage(idp, 'DELETE', `${path}/${first?.id}`)).status, 204)
    assert.equal((await requestToken(pool, changing)).status, 401)
    assert.equal((await requestToken(pool, next)).status, 200)
  })

  test('the use of a secret is noted', async () => {
    const used = await pool.createClient({ name: 'used' })
    const path = `/user-pools/${pool.id}/clients/${used.clientId}/secrets`
    const lastUse = async () => {
      const { body } = await manage(idp, 'GET', path)
      return (body['items'] as { lastUsedAt: string | null }[])[0]?.lastUsedAt
    }
    assert.equal(await lastUse(), null)
    await requestToken(pool, used)
    assert.ok(Date.now() - Date.parse((await lastUse()) ?? '') < 60_000)
  })
})

describe('resource and scope', () => {
  const audience = async (params: Record<string, string>) =>
    decode(tokenOf(await requestToken(pool, client, params))).claims['aud']

  test('the audience is the resource as it is registered, however it is spelled', async () => {
    for (const resource of [mcp, `${mcp}/`, 'HTTPS://MCP.example:443/mcp'])
      assert.equal(await audience({ resource }), mcp)
    assert.equal(await audience({ resource: files }), files)
  })

  test('without a resource: the default of the client, else of the pool, whose first resource it is', async () => {
    assert.equal(await audience({}), mcp)
    const own = await pool.createClient({ name: 'own default', defaultResource: files })
    const { claims } = decode(tokenOf(await requestToken(pool, own)))
    assert.equal(claims['aud'], files)
  })

  test('a parameter without a value counts as absent', async () => {
    const answer = await requestToken(pool, client, { resource: '', scope: '' })
    assert.equal(answer.body['scope'], 'admin read')
  })

  test('the scopes asked for, and implied ones are left to the resource server', async () => {
    const { body } = await requestToken(pool, client, { scope: 'admin' })
    assert.equal(body['scope'], 'admin')
    const limited = await pool.createClient({ name: 'limited', scopes: ['admin'] })
    assert.equal((await requestToken(pool, limited)).body['scope'], 'admin')
  })

  for (const lane of lanes) {
    test(`the scopes of OpenID, which the metadata lists, are for people and left out ${JSON.stringify(lane)}`, async () => {
      for (const [scope, granted] of [
        ['openid profile email phone admin', 'admin'],
        ['openid email', 'admin read'],
      ] as const) {
        const answer = await requestToken(pool, client, { scope }, lane)
        assert.equal(answer.body['scope'], granted)
        assert.equal(decode(tokenOf(answer)).claims['scope'], granted)
      }
      const bare = await requestToken(pool, client, { scope: 'openid', resource: files }, lane)
      assert.equal('scope' in bare.body, false)
      assert.equal('scope' in decode(tokenOf(bare)).claims, false)
    })
  }

  test('without any scope granted there is no scope, neither in the token nor beside it', async () => {
    const none = await pool.createClient({ name: 'none', scopes: [] })
    for (const headers of lanes) {
      const answer = await requestToken(pool, none, {}, headers)
      assert.equal('scope' in answer.body, false)
      assert.equal('scope' in decode(tokenOf(answer)).claims, false)
    }
  })

  test('a URN is a resource like any other', async () => {
    const urn = await idp.createPool({ name: 'urn', resources: [{ identifier: 'urn:example:reports' }] })
    const agent = await urn.createClient({ name: 'agent' })
    for (const resource of ['urn:example:reports', undefined]) {
      const answer = await requestToken(urn, agent, { resource })
      assert.equal(decode(tokenOf(answer)).claims['aud'], 'urn:example:reports')
    }
  })
})

test('lifetime: client, else resource, else pool', async () => {
  const own = await idp.createPool({
    name: 'lifetimes',
    accessTokenTtl: 300,
    resources: [{ identifier: mcp }, { identifier: files, accessTokenTtl: 200 }],
  })
  const plain = await own.createClient({ name: 'plain' })
  const short = await own.createClient({ name: 'short', accessTokenTtl: 100 })
  const cases = [
    [plain, mcp, 300],
    [plain, files, 200],
    [short, files, 100],
  ] as const
  for (const [who, resource, seconds] of cases) {
    for (const headers of lanes) {
      const answer = await requestToken(own, who, { resource }, headers)
      const { claims } = decode(tokenOf(answer))
      assert.equal(answer.body['expires_in'], seconds)
      assert.equal(Number(claims['exp']) - Number(claims['iat']), seconds)
    }
  }
})

test('what is written counts from the next request on', async () => {
  const own = await idp.createPool({ name: 'changes', resources: [{ identifier: mcp, scopes: [{ name: 'read' }] }] })
  const agent = await own.createClient({ name: 'agent' })
  const clientPath = `/user-pools/${own.id}/clients/${agent.clientId}`
  assert.equal((await requestToken(own, agent)).body['scope'], 'read')

  await manage(idp, 'PATCH', clientPath, { scopes: [] })
  assert.equal((await requestToken(own, agent)).body['scope'], undefined)
  await manage(idp, 'PATCH', `/user-pools/${own.id}`, { accessTokenTtl: 60 })
  assert.equal((await requestToken(own, agent)).body['expires_in'], 60)
  await manage(idp, 'PATCH', `/user-pools/${own.id}`, { enabled: false })
  assert.equal((await requestToken(own, agent)).status, 404)
  await manage(idp, 'PATCH', `/user-pools/${own.id}`, { enabled: true })
  assert.equal((await requestToken(own, agent)).status, 200)
  assert.equal((await manage(idp, 'DELETE', clientPath)).status, 204)
  assert.equal((await requestToken(own, agent)).status, 401)
})

test('every token is an event, which holds its hash', async () => {
  const own = await idp.createPool({ name: 'events', resources: [{ identifier: mcp }] })
  const agent = await own.createClient({ name: 'agent' })
  for (const [index, headers] of lanes.entries()) {
    const requestId = `request-${index}`
    const token = tokenOf(await requestToken(own, agent, {}, { ...headers, 'x-request-id': requestId }))
    const [event] = await eventsOf(idp, `&clientId=${agent.clientId}&kind=token.issued`)
    const { id: _id, time: _time, durationMs, ...facts } = event ?? {}
    assert.deepEqual(facts, {
      kind: 'token.issued',
      outcome: 'ok',
      reason: 'ok',
      requestId,
      poolId: own.id,
      clientId: agent.clientId,
      resource: mcp,
      tokenHash: createHash('sha256').update(token).digest('base64url'),
      status: 200,
    })
    assert.ok(Number(durationMs) > 0)
  }
})

test('the metrics count tokens by outcome and reason, and time them', async () => {
  await requestToken(pool, client)
  const response = await fetch(`${idp.url}/metrics`, { headers: { authorization: `Bearer ${idp.adminToken}` } })
  const text = await response.text()
  assert.ok(/postern_events_total\{[^}]*kind="token\.issued",outcome="ok",reason="ok"[^}]*\} \d/.test(text))
  assert.ok(/postern_http_request_seconds_count\{[^}]*route="\/pools\/:poolId\/token",status="200"\} \d/.test(text))
})

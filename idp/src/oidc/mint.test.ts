import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { type Idp, startIdp, type TestClient, type TestPool } from '../testing/index.ts'
import { decode, eventsOf, manage, requestToken, tokenOf } from './token-request.ts'

const mcp = 'https://mcp.example/mcp'

let idp: Idp
let pool: TestPool
let client: TestClient

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({
    name: 'mint',
    resources: [{ identifier: mcp, scopes: [{ name: 'read' }, { name: 'write' }] }],
  })
  client = await pool.createClient({ name: 'agent' })
})
after(() => idp.close())

const mint = (body: Record<string, unknown>) => manage(idp, 'POST', `/user-pools/${pool.id}/tokens`, body)

test('a minted token has the claims and the key of one from the token endpoint', async () => {
  const { status, body } = await mint({ clientId: client.clientId })
  assert.equal(status, 201)
  const { accessToken, ...rest } = body
  assert.deepEqual(rest, { expiresIn: 3600, tokenType: 'Bearer' })
  const keys = createRemoteJWKSet(new URL(pool.jwksUrl))
  const options = { issuer: pool.issuer, audience: mcp, typ: 'at+jwt' }
  const minted = await jwtVerify(String(accessToken), keys, options)
  const granted = await jwtVerify(tokenOf(await requestToken(pool, client)), keys, options)
  assert.deepEqual(minted.protectedHeader, granted.protectedHeader)
  const stable = ({ iat: _iat, exp: _exp, jti: _jti, ...claims }: Record<string, unknown>) => claims
  assert.deepEqual(stable(minted.payload), stable(granted.payload))
  assert.deepEqual(Object.keys(minted.payload), Object.keys(granted.payload))
  const [event] = await eventsOf(idp, '&kind=token.issued')
  assert.equal(event?.['clientId'], client.clientId)
})

test('resource, scopes and lifetime can be chosen', async () => {
  const { body } = await mint({ clientId: client.clientId, resource: `${mcp}/`, scopes: ['read'], ttl: 5 })
  const { claims } = decode(String(body['accessToken']))
  assert.equal(body['expiresIn'], 5)
  assert.deepEqual([claims['aud'], claims['scope']], [mcp, 'read'])
  assert.equal(Number(claims['exp']) - Number(claims['iat']), 5)
  assert.equal(decode(await pool.token({ client, scopes: ['write'] })).claims['scope'], 'write')
})

test('a token that lives longer than is configured keeps its key published for as long', async () => {
  const long = await idp.createPool({ name: 'long', resources: [{ identifier: mcp }] })
  const agent = await long.createClient({ name: 'agent' })
  await long.token({ client: agent, ttl: 86_400 })
  const { body } = await manage(idp, 'POST', `/user-pools/${long.id}/keys/rotate`)
  const retired = (body['items'] as { state: string; retiresAt: string }[]).find(({ state }) => state === 'retired')
  assert.ok(Date.parse(retired?.retiresAt ?? '') - Date.now() > 86_000_000)
})

describe('refused', () => {
  const cases: [what: string, body: Record<string, unknown>, status: number, text: RegExp][] = [
    ['an unknown client', { clientId: 'nobody' }, 404, /client/],
    ['an unknown resource', { resource: 'https://x.example' }, 400, /not registered/],
    ['a scope that is not granted', { scopes: ['delete'] }, 400, /not granted/],
    ['a lifetime of nothing', { ttl: 0 }, 400, /ttl/],
    ['a lifetime of more than a day', { ttl: 86_401 }, 400, /ttl/],
  ]
  for (const [what, body, status, text] of cases) {
    test(what, async () => {
      const answer = await mint({ clientId: client.clientId, ...body })
      assert.equal(answer.status, status)
      assert.match(String(answer.body['detail']), text)
    })
  }

  test('a client for people', async () => {
    const redirectUris = ['https://app.example/callback']
    const web = await pool.createClient({ name: 'web', clientType: 'WEB_APPLICATION', redirectUris })
    await assert.rejects(pool.token({ client: web }), { code: 'unauthorized_client', reason: 'unsupported_grant' })
    const [event] = await eventsOf(idp, '&kind=token.refused')
    assert.equal(event?.['reason'], 'unsupported_grant')
  })

  test('a pool that is disabled, or gone', async () => {
    const off = await idp.createPool({ name: 'off', resources: [{ identifier: mcp }] })
    const agent = await off.createClient({ name: 'agent' })
    await manage(idp, 'PATCH', `/user-pools/${off.id}`, { enabled: false })
    await assert.rejects(off.token({ client: agent }), { reason: 'pool_disabled', status: 409 })
    await manage(idp, 'DELETE', `/user-pools/${off.id}`)
    await assert.rejects(off.token({ client: agent }), { reason: 'pool_unknown', status: 404 })
  })

  test('a lifetime that is no whole number', async () => {
    for (const ttl of [0, 1.5, 86_401, Number.NaN]) {
      await assert.rejects(pool.token({ client, ttl }), { code: 'invalid_request', status: 400 })
    }
  })
})

import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Idp, startIdp, type TestClient, type TestPool } from '../../testing/index.ts'
import { basicOf, eventsOf, formOf, manage, type Params } from '../token-request.ts'

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

async function post(
  pool: TestPool,
  path: '/introspect' | '/revoke',
  client: Pick<TestClient, 'clientId' | 'clientSecret'> | undefined,
  params: Params,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(pool.issuer + path, {
    method: 'POST',
    headers: { ...(client === undefined ? {} : { authorization: basicOf(client) }), ...headers },
    body: formOf(params),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const resource = 'urn:example:a'
const other = 'urn:example:b'
const inactive = '{"active":false}'

/** The parts of a token with some of them changed; the signature stays what it was. */
function changed(token: string, changes: { header?: object; claims?: object }): string {
  const [header = '', claims = '', signature] = token.split('.')
  const merge = (part: string, more: object = {}) =>
    Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(part, 'base64url').toString()), ...more })).toString(
      'base64url',
    )
  return `${merge(header, changes.header)}.${merge(claims, changes.claims)}.${signature}`
}

describe('introspection and revocation of access tokens', () => {
  let idp: Idp
  let pool: TestPool
  let agent: TestClient
  let peer: TestClient
  let stranger: TestClient
  let spa: TestClient
  before(async () => {
    idp = await startIdp()
    pool = await idp.createPool({
      name: 'p',
      resources: [{ identifier: resource, scopes: [{ name: 'read' }] }, { identifier: other }],
    })
    agent = await pool.createClient({ name: 'agent', resources: [resource] })
    peer = await pool.createClient({ name: 'peer', resources: [resource] })
    stranger = await pool.createClient({ name: 'stranger', resources: [other] })
    spa = await pool.createClient({
      name: 'spa',
      clientType: 'SINGLE_PAGE_APPLICATION',
      redirectUris: ['http://localhost:9/cb'],
    })
  })
  after(() => idp.close())

  const introspect = (client: TestClient | undefined, token: string) => post(pool, '/introspect', client, { token })

  test('whoever may be sent the token, or was given it, is told about it', async () => {
    const token = await pool.token({ client: agent })
    for (const client of [agent, peer]) {
      const { status, headers, text } = await introspect(client, token)
      const { iat, exp, jti, ...body } = JSON.parse(text)
      assert.equal(status, 200)
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.match(headers.get('content-type') ?? '', /^application\/json/)
      assert.deepEqual([typeof iat, exp - iat, typeof jti], ['number', 3600, 'string'])
      assert.deepEqual(body, {
        active: true,
        scope: 'read',
        client_id: agent.clientId,
        token_type: 'Bearer',
        sub: agent.clientId,
        aud: resource,
        iss: pool.issuer,
      })
    }
  })

  test('nobody else is, and about nothing else: the answer is always the same', async () => {
    const token = await pool.token({ client: agent })
    const elsewhere = await idp.createPool({ name: 'q', resources: [{ identifier: resource }] })
    const foreign = await elsewhere.token({ client: await elsewhere.createClient({ name: 'agent' }) })
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const input = token.split('.').slice(0, 2).join('.')
    const forged = `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    const cases: [string, TestClient, string][] = [
      ['not its resource', stranger, token],
      ["another pool's", agent, foreign],
      ['forged', agent, forged],
      ['changed', agent, changed(token, { claims: { scope: 'read write' } })],
      ['another type', agent, changed(token, { header: { typ: 'JWT' } })],
      ['alg none', agent, changed(token, { header: { alg: 'none' } })],
      ['another key', agent, changed(token, { header: { kid: 'x' } })],
      ['the feed', agent, await (await fetch(`${pool.issuer}/revocations`)).text()],
      ['an unknown opaque one', agent, 'abc'],
      ['a JWS header and nothing', agent, `${token.split('.')[0]}..`],
      ['an empty signature', agent, `${input}.`],
    ]
    for (const [what, client, asked] of cases) {
      const { status, text } = await introspect(client, asked)
      assert.deepEqual([what, status, text], [what, 200, inactive])
    }
  })

  test('a public client proves nothing of who asks, so it is told nothing', async () => {
    const token = await pool.token({ client: agent })
    const { status, text } = await post(pool, '/introspect', undefined, { token, client_id: spa.clientId })
    assert.deepEqual([status, text], [200, inactive])
  })

  test('a client revokes its own: 200 and nothing in it', async () => {
    const token = await pool.token({ client: agent })
    const again = await pool.token({ client: agent })
    assert.match((await introspect(peer, token)).text, /"active":true/)
    const { status, text } = await post(pool, '/revoke', agent, { token })
    assert.deepEqual([status, text], [200, ''])
    assert.equal((await introspect(peer, token)).text, inactive)
    assert.equal((await introspect(agent, token)).text, inactive)
    assert.match((await introspect(peer, again)).text, /"active":true/)
    assert.deepEqual([(await post(pool, '/revoke', agent, { token })).status], [200])
    const [event] = await eventsOf(idp, '&reason=revoked')
    assert.deepEqual(
      [event?.['kind'], event?.['clientId'], event?.['poolId']],
      ['admin.changed', agent.clientId, pool.id],
    )
    assert.equal(JSON.stringify(event).includes(token), false)
  })

  test("nobody revokes another's: 200 and nothing happens", async () => {
    const token = await pool.token({ client: agent })
    const feed = async () => (await fetch(`${pool.issuer}/revocations`)).headers.get('etag')
    const before = await feed()
    for (const client of [peer, stranger]) {
      const { status, text } = await post(pool, '/revoke', client, { token })
      assert.deepEqual([status, text], [200, ''])
    }
    const { status } = await post(pool, '/revoke', undefined, { token, client_id: spa.clientId })
    assert.equal(status, 200)
    for (const junk of ['abc', 'a.b.c', changed(token, { claims: { client_id: peer.clientId } })]) {
      assert.deepEqual([(await post(pool, '/revoke', peer, { token: junk })).status, junk], [200, junk])
    }
    assert.match((await introspect(agent, token)).text, /"active":true/)
    assert.equal(await feed(), before)
  })

  test('the hint may be right, wrong or unknown', async () => {
    const token = await pool.token({ client: agent })
    for (const hint of ['access_token', 'refresh_token', 'nonsense']) {
      const asked = await post(pool, '/introspect', agent, { token, token_type_hint: hint })
      assert.match(asked.text, /"active":true/)
    }
  })

  test('without the right credentials nothing is told and nothing happens', async () => {
    const token = await pool.token({ client: agent })
    const wrong = { clientId: agent.clientId, clientSecret: 'x'.repeat(43) }
    const unknown = { clientId: 'nobody', clientSecret: 'x'.repeat(43) }
    for (const path of ['/introspect', '/revoke'] as const) {
      const refusals = await Promise.all([wrong, unknown].map((client) => post(pool, path, client, { token })))
      for (const { status, headers, text } of refusals) {
        assert.equal(status, 401)
        assert.equal(JSON.parse(text).error, 'invalid_client')
        assert.match(headers.get('www-authenticate') ?? '', /^Basic /)
      }
      assert.equal(refusals[0]?.text, refusals[1]?.text)
      const nobody = await post(pool, path, undefined, { token })
      assert.deepEqual([nobody.status, JSON.parse(nobody.text).error], [400, 'invalid_request'])
      // A public client that has a secret sent along, and a confidential one that sends none.
      const bare = await post(pool, path, undefined, { token, client_id: agent.clientId })
      assert.deepEqual([bare.status, JSON.parse(bare.text).error], [401, 'invalid_client'])
    }
    assert.match((await introspect(agent, token)).text, /"active":true/)
    const reasons = (await eventsOf(idp, '&kind=token.refused')).map(({ reason }) => reason)
    assert.ok(reasons.includes('wrong_secret') && reasons.includes('unknown_client'))
  })

  test('guessing secrets here is slowed down as at the token endpoint, and with it', async () => {
    const victim = await pool.createClient({ name: 'victim' })
    const wrong = { clientId: victim.clientId, clientSecret: 'x'.repeat(43) }
    const statuses = []
    for (let count = 0; count < 6; count += 1)
      statuses.push((await post(pool, '/introspect', wrong, { token: 'x' })).status)
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429])
    const { status, headers } = await post(pool, '/revoke', victim, { token: 'x' })
    assert.equal(status, 429)
    assert.ok(Number(headers.get('retry-after')) > 0)
  })

  test('a malformed request is answered as JSON, whatever is accepted', async () => {
    const html = { accept: 'text/html' }
    for (const path of ['/introspect', '/revoke'] as const) {
      for (const params of [{}, { token: '' }, { token: ['a', 'b'] }]) {
        const { status, headers, text } = await post(pool, path, agent, params, html)
        assert.equal(status, 400)
        assert.match(headers.get('content-type') ?? '', /^application\/json/)
        assert.equal(JSON.parse(text).error, 'invalid_request')
      }
      const notAForm = await fetch(pool.issuer + path, {
        method: 'POST',
        headers: { authorization: basicOf(agent), 'content-type': 'application/json' },
        body: '{}',
      })
      assert.equal(notAForm.status, 400)
      const large = await post(pool, path, agent, { token: 'x'.repeat(40_000) })
      assert.equal(large.status, 413)
      const get = await fetch(pool.issuer + path, { headers: { authorization: basicOf(agent) } })
      assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST, OPTIONS'])
    }
    const token = await pool.token({ client: agent })
    assert.match((await post(pool, '/introspect', agent, { token }, html)).text, /"active":true/)
  })

  test('the metadata name both endpoints and the feed', async () => {
    const document = JSON.parse(await (await fetch(pool.discoveryUrl)).text())
    assert.equal(document.introspection_endpoint, `${pool.issuer}/introspect`)
    assert.equal(document.revocation_endpoint, `${pool.issuer}/revoke`)
    assert.equal(document.revocation_feed_uri, `${pool.issuer}/revocations`)
  })

  test('what ends with its client or pool is inactive', async () => {
    const gone = await pool.createClient({ name: 'gone', resources: [resource] })
    const token = await pool.token({ client: gone })
    assert.match((await introspect(peer, token)).text, /"active":true/)
    await manage(idp, 'DELETE', `/user-pools/${pool.id}/clients/${gone.clientId}`)
    assert.equal((await introspect(peer, token)).text, inactive)
    const before = await pool.token({ client: agent })
    await manage(idp, 'PATCH', `/user-pools/${pool.id}`, { enabled: false })
    assert.equal((await introspect(peer, before)).status, 404)
    await manage(idp, 'PATCH', `/user-pools/${pool.id}`, { enabled: true })
    assert.equal((await introspect(peer, before)).text, inactive)
  })
})

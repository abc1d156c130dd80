import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { limits } from '../limits.ts'
import { type Idp, startIdp, type TestClient, type TestPool } from '../testing/index.ts'
import { basicOf, eventsOf, formOf, type Params, requestToken } from './token-request.ts'

const mcp = 'https://mcp.example/mcp'
const files = 'https://files.example/api'

let idp: Idp
let pool: TestPool
let client: TestClient
let limited: TestClient

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({
    name: 'refusals',
    resources: [
      { identifier: mcp, scopes: [{ name: 'read' }, { name: 'write' }] },
      { identifier: files, scopes: [{ name: 'list' }] },
    ],
  })
  client = await pool.createClient({ name: 'agent' })
  limited = await pool.createClient({ name: 'limited', resources: [mcp], scopes: ['read'] })
})
after(() => idp.close())

interface Refusal {
  readonly status: number
  readonly error: string
  readonly text: RegExp
  readonly reason: string
}

/** Refused as expected, with nothing that may be stored, and recorded with its reason. */
async function assertRefused(
  who: Pick<TestClient, 'clientId' | 'clientSecret'> | undefined,
  params: Params,
  headers: Record<string, string>,
  expected: Refusal,
): Promise<Headers> {
  const requestId = `refusal-${Math.random().toString(36).slice(2)}`
  const answer = await requestToken(pool, who, params, { ...headers, 'x-request-id': requestId })
  assert.equal(answer.status, expected.status)
  assert.deepEqual(Object.keys(answer.body), ['error', 'error_description'])
  assert.equal(answer.body['error'], expected.error)
  const description = String(answer.body['error_description'])
  assert.match(description, expected.text)
  assert.match(description, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, 'RFC 6749 §5.2 allows no other characters')
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(answer.headers.get('set-cookie'), null)
  const event = (await eventsOf(idp)).find((one) => one['requestId'] === requestId)
  assert.equal(event?.['kind'], 'token.refused')
  assert.equal(event?.['outcome'], 'refused')
  assert.equal(event?.['reason'], expected.reason)
  assert.equal(event?.['status'], expected.status)
  assert.equal(event?.['poolId'], pool.id)
  assert.equal(event?.['tokenHash'], undefined)
  return answer.headers
}

describe('a client that is not who it says', () => {
  const failed = { status: 401, error: 'invalid_client', text: /^client authentication failed$/ }
  const secret = 'wrong-secret-of-at-least-32-characters'

  const challenged = (headers: Headers) =>
    assert.equal(
      headers.get('www-authenticate'),
      `Basic realm="${pool.issuer}", error="invalid_client", error_description="client authentication failed"`,
    )

  test('wrong secret', async () => {
    const wrong = { clientId: client.clientId, clientSecret: secret }
    challenged(await assertRefused(wrong, {}, {}, { ...failed, reason: 'wrong_secret' }))
  })

  test('wrong secret of a client that is kept in memory', async () => {
    assert.equal((await requestToken(pool, client)).status, 200)
    const wrong = { clientId: client.clientId, clientSecret: secret }
    challenged(await assertRefused(wrong, {}, {}, { ...failed, reason: 'wrong_secret' }))
    assert.equal((await requestToken(pool, client)).status, 200)
  })

  test('unknown client: the same answer, to the letter', async () => {
    const unknown = { clientId: 'nobody', clientSecret: secret }
    const headers = await assertRefused(unknown, {}, {}, { ...failed, reason: 'unknown_client' })
    challenged(headers)
    const known = await requestToken(pool, { ...client, clientSecret: secret })
    const comparable = (of: Headers) => [...of].filter(([name]) => !['date', 'x-request-id'].includes(name))
    assert.deepEqual(comparable(headers), comparable(known.headers))
  })

  test('wrong secret in the body', async () => {
    const params = { client_id: client.clientId, client_secret: secret }
    challenged(await assertRefused(undefined, params, {}, { ...failed, reason: 'wrong_secret' }))
  })

  test('the hash of the secret is not the secret', async () => {
    const { hashSecret } = await import('@postern/server')
    const hash = { clientId: client.clientId, clientSecret: hashSecret(client.clientSecret ?? '') }
    await assertRefused(hash, {}, {}, { ...failed, reason: 'wrong_secret' })
  })

  test('a client of another pool', async () => {
    const other = await idp.createPool({ name: 'another', resources: [{ identifier: mcp }] })
    const theirs = await other.createClient({ name: 'theirs' })
    await assertRefused(theirs, {}, {}, { ...failed, reason: 'unknown_client' })
  })

  test('a secret of a client that has a key', async () => {
    const jwks = {
      keys: [
        {
          kty: 'EC' as const,
          crv: 'P-256',
          x: 'WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis',
          y: 'y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE',
        },
      ],
    }
    const keyed = await pool.createClient({ name: 'keyed', tokenEndpointAuthMethod: 'private_key_jwt', jwks })
    const wrong = { clientId: keyed.clientId, clientSecret: secret }
    await assertRefused(wrong, {}, {}, { ...failed, reason: 'wrong_auth_method' })
  })

  test('no 401 comes faster than the floor', async () => {
    for (const clientId of [client.clientId, 'nobody-either']) {
      const start = performance.now()
      assert.equal((await requestToken(pool, { clientId, clientSecret: secret })).status, 401)
      assert.ok(performance.now() - start >= limits.refusalFloorMs - 1)
    }
  })

  test('a name that can be no client is not repeated in the event', async () => {
    const clientId = 'Perhaps_A_Secret'
    await requestToken(pool, { clientId, clientSecret: secret })
    const [event] = await eventsOf(idp)
    assert.equal(event?.['reason'], 'unknown_client')
    assert.equal(event?.['clientId'], undefined)
  })
})

describe('a malformed request', () => {
  const refused = (text: RegExp): Refusal => ({
    status: 400,
    error: 'invalid_request',
    text,
    reason: 'invalid_request',
  })

  test('no credential at all', () =>
    assertRefused(undefined, {}, {}, refused(/no client authentication/)).then(() => {}))

  test('two credentials', async () => {
    const params = { client_id: client.clientId, client_secret: client.clientSecret }
    await assertRefused(client, params, {}, refused(/only be provided using one mechanism/))
  })

  test('another client in the body', async () => {
    await assertRefused(client, { client_id: limited.clientId }, {}, refused(/client_id mismatch/))
  })

  for (const authorization of ['Basic', 'Basic !!!', 'Basic bm8tY29sb24=', 'Bearer abcdefgh', 'Basic YTolJQ==']) {
    test(`Authorization: ${authorization}`, async () => {
      await assertRefused(undefined, {}, { authorization }, refused(/authorization header|encoded/))
    })
  }

  test('no grant_type', async () => {
    await assertRefused(client, { grant_type: undefined }, {}, refused(/missing required parameter .grant_type./))
  })

  for (const name of ['grant_type', 'scope', 'client_id', 'audience']) {
    test(`${name} sent twice`, async () => {
      await assertRefused(
        client,
        { [name]: ['read', 'read'] },
        {},
        refused(new RegExp(`^${name} was sent more than once`)),
      )
    })
  }

  test('a parameter twice whose name says nothing is not repeated', async () => {
    const refusal = refused(/^a parameter was sent more than once/)
    await assertRefused(client, { 'x" onload="y': ['1', '2'] }, {}, refusal)
  })

  test('more parameters than anybody needs, with one of them twice behind', async () => {
    const params = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, 'x']))
    await assertRefused(client, { ...params, grant_type: ['client_credentials', 'x'] }, {}, refused(/more than 50/))
  })

  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', '']) {
    test(`content-type ${type || '(empty)'}`, async () => {
      const response = await fetch(pool.tokenUrl, {
        method: 'POST',
        headers: { authorization: basicOf(client), 'content-type': type },
        body: 'grant_type=client_credentials',
      })
      assert.equal(response.status, 400)
      const { error, error_description: text } = await response.json()
      assert.equal(error, 'invalid_request')
      assert.match(text, /send the parameters as a form: content-type application\/x-www-form-urlencoded/)
      assert.equal(response.headers.get('cache-control'), 'no-store')
    })
  }
})

describe('a body that is too large', () => {
  const large = formOf({ grant_type: 'client_credentials', padding: 'x'.repeat(2 * 1024 * 1024) }).toString()

  test('with its length declared: 413', async () => {
    const refusal = { status: 413, error: 'invalid_request', text: /larger than \d+ bytes/, reason: 'invalid_request' }
    await assertRefused(client, { padding: 'x'.repeat(2 * 1024 * 1024) }, {}, refusal)
  })

  test('without: 413 as well', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(pool.tokenUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basicOf(client) },
      })
      sent.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      sent.on('error', reject)
      for (let at = 0; at < large.length; at += 64 * 1024) sent.write(large.slice(at, at + 64 * 1024))
      sent.end()
    })
    assert.equal(status, 413)
  })

  test('and the next request is answered', async () => {
    assert.equal((await requestToken(pool, client)).status, 200)
  })
})

describe('a grant that is not to be had', () => {
  test('unknown', async () => {
    const refusal = { status: 400, error: 'unsupported_grant_type', text: /unsupported/, reason: 'unsupported_grant' }
    await assertRefused(client, { grant_type: 'password' }, {}, refusal)
  })

  test('not for machine clients', async () => {
    const refusal = {
      status: 400,
      error: 'invalid_request',
      text: /not allowed for this client/,
      reason: 'unsupported_grant',
    }
    await assertRefused(client, { grant_type: 'authorization_code', code: 'x' }, {}, refusal)
  })

  test('client credentials for a web application', async () => {
    const web = await pool.createClient({
      name: 'web',
      clientType: 'WEB_APPLICATION',
      redirectUris: ['https://app.example/callback'],
    })
    const refusal = {
      status: 400,
      error: 'invalid_request',
      text: /not allowed for this client/,
      reason: 'unsupported_grant',
    }
    await assertRefused(web, {}, {}, refusal)
  })
})

describe('a resource', () => {
  const refused = (text: RegExp): Refusal => ({ status: 400, error: 'invalid_target', text, reason: 'invalid_target' })

  test('none, where there is no default', async () => {
    const bare = await idp.createPool({ name: 'without resources' })
    const agent = await bare.createClient({ name: 'agent' })
    const { status, body } = await requestToken(bare, agent)
    assert.equal(status, 400)
    assert.equal(body['error'], 'invalid_target')
    assert.match(String(body['error_description']), /send resource=, or set defaultResource/)
  })

  test('unknown', () =>
    assertRefused(client, { resource: 'https://x.example' }, {}, refused(/not registered/)).then(() => {}))
  test('not granted', () => assertRefused(limited, { resource: files }, {}, refused(/or not granted/)).then(() => {}))
  test('no URI', () => assertRefused(client, { resource: 'mcp' }, {}, refused(/absolute URI/)).then(() => {}))
  test('with a fragment', () => assertRefused(client, { resource: `${mcp}#x` }, {}, refused(/fragment/)).then(() => {}))
  test('two', () =>
    assertRefused(client, { resource: [mcp, files] }, {}, refused(/one resource at a time/)).then(() => {}))
  test('one, twice', () =>
    assertRefused(client, { resource: [mcp, mcp] }, {}, refused(/one resource at a time/)).then(() => {}))

  test('all of them taken from a client', async () => {
    const none = await pool.createClient({ name: 'no resources', resources: [] })
    await assertRefused(none, {}, {}, refused(/default resource is not registered in this pool or not granted/))
  })
})

describe('a scope', () => {
  const refused = (text: RegExp): Refusal => ({ status: 400, error: 'invalid_scope', text, reason: 'invalid_scope' })

  test('unknown', () => assertRefused(client, { scope: 'delete' }, {}, refused(/not granted/)).then(() => {}))
  test('one of two unknown', () =>
    assertRefused(client, { scope: 'read delete' }, {}, refused(/not granted/)).then(() => {}))
  test('not granted', () => assertRefused(limited, { scope: 'write' }, {}, refused(/not granted/)).then(() => {}))
  test('of another resource', () => assertRefused(client, { scope: 'list' }, {}, refused(/not granted/)).then(() => {}))
  test('one that is unknown beside openid', () =>
    assertRefused(client, { scope: 'openid delete' }, {}, refused(/not granted/)).then(() => {}))
  for (const scope of ['read  write', ' read', 'read\twrite', 'r"ead', 'lésen']) {
    test(`malformed: ${JSON.stringify(scope)}`, async () => {
      await assertRefused(client, { scope }, {}, refused(/malformed|invalid characters/))
    })
  }
})

test('a refusal is JSON, whatever is accepted', async () => {
  const wrong = { clientId: client.clientId, clientSecret: 'wrong-secret-of-at-least-32-characters' }
  for (const who of [client, wrong]) {
    const { headers, body } = await requestToken(pool, who, { scope: 'delete' }, { accept: 'text/html' })
    assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.ok(body['error'])
  }
})

test('a page of any origin may ask, for there are no cookies that could answer for it', async () => {
  const answer = await requestToken(pool, client, {}, { origin: 'https://app.example' })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example')
  assert.equal(answer.headers.get('access-control-allow-credentials'), null)
  const preflight = await fetch(pool.tokenUrl, {
    method: 'OPTIONS',
    headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-methods'), 'POST')
})

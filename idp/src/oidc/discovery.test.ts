import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { type Idp, startIdp, type TestPool } from '../testing/index.ts'
import { asRecord, eventsOf, manage, requestToken, tokenOf } from './token-request.ts'

const mcp = 'https://mcp.example/mcp'

let idp: Idp
let pool: TestPool

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({
    id: 'found',
    name: 'found',
    resources: [{ identifier: mcp, scopes: [{ name: 'read' }, { name: 'write' }] }],
  })
})
after(() => idp.close())

interface Raw {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** A request as it goes over the wire: any target, any Host. */
function raw(method: string, path: string, headers: Record<string, string> = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(idp.url)
    const sent = request({ method, path, hostname, port, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function document(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url)
  assert.equal(response.status, 200)
  return asRecord(await response.json())
}

describe('the discovery document', () => {
  test('says what is configured, and nothing else', async () => {
    const { claims_supported: claims, ...rest } = await document(pool.discoveryUrl)
    assert.deepEqual(rest, {
      issuer: pool.issuer,
      authorization_endpoint: `${pool.issuer}/auth`,
      token_endpoint: pool.tokenUrl,
      jwks_uri: pool.jwksUrl,
      userinfo_endpoint: `${pool.issuer}/userinfo`,
      device_authorization_endpoint: `${pool.issuer}/device_authorization`,
      end_session_endpoint: `${pool.issuer}/end-session`,
      registration_endpoint: `${pool.issuer}/reg`,
      introspection_endpoint: `${pool.issuer}/introspect`,
      revocation_endpoint: `${pool.issuer}/revoke`,
      revocation_feed_uri: `${pool.issuer}/revocations`,
      client_id_metadata_document_supported: true,
      response_types_supported: ['code'],
      response_modes_supported: ['form_post', 'fragment', 'query'],
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
      code_challenge_methods_supported: ['S256'],
      scopes_supported: ['openid', 'profile', 'email', 'phone', 'read', 'write'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
      authorization_response_iss_parameter_supported: true,
      request_uri_parameter_supported: false,
    })
    assert.ok(Array.isArray(claims))
    for (const claim of ['sub', 'groups', 'email', 'email_verified', 'phone_number', 'name', 'updated_at']) {
      assert.ok(claims.includes(claim), claim)
    }
  })

  test('says nothing of what a pool has switched off', async () => {
    const bare = await idp.createPool({
      name: 'bare',
      deviceFlowEnabled: false,
      dynamicRegistrationEnabled: false,
      clientIdMetadataDocumentsEnabled: false,
    })
    const found = await document(bare.discoveryUrl)
    for (const member of ['device_authorization_endpoint', 'registration_endpoint'])
      assert.equal(member in found, false)
    assert.notEqual(found['client_id_metadata_document_supported'], true)
    assert.deepEqual(found['grant_types_supported'], ['authorization_code', 'refresh_token', 'client_credentials'])
  })

  test('is the same at all its places', async () => {
    const expected = await document(pool.discoveryUrl)
    for (const url of [
      `${idp.url}/.well-known/openid-configuration/pools/${pool.id}`,
      `${idp.url}/.well-known/oauth-authorization-server/pools/${pool.id}`,
      `${pool.issuer}/.well-known/oauth-authorization-server`,
    ]) {
      assert.deepEqual(await document(url), expected)
    }
  })

  test('may be kept, and read by a page of any origin', async () => {
    const response = await fetch(pool.discoveryUrl, { headers: { origin: 'https://app.example' } })
    assert.equal(response.headers.get('cache-control'), 'public, max-age=300')
    assert.equal(response.headers.get('access-control-allow-origin'), 'https://app.example')
    const keys = await fetch(pool.jwksUrl)
    assert.equal(keys.headers.get('cache-control'), 'public, max-age=60')
    assert.equal(keys.headers.get('access-control-allow-origin'), '*')
    assert.match(keys.headers.get('content-type') ?? '', /^application\/jwk-set\+json/)
  })

  test('lists no scopes of resources where there are too many', async () => {
    const many = await idp.createPool({ name: 'many scopes' })
    for (let resource = 0; resource < 6; resource += 1) {
      const scopes = Array.from({ length: 100 }, (_, index) => ({ name: `s${resource}-${index}` }))
      await many.createResource({ identifier: `${mcp}/${resource}`, scopes })
    }
    assert.deepEqual((await document(many.discoveryUrl))['scopes_supported'], ['openid', 'profile', 'email', 'phone'])
  })

  test('HEAD and preflight are answered', async () => {
    assert.equal((await fetch(pool.discoveryUrl, { method: 'HEAD' })).status, 200)
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' }
    assert.equal((await fetch(pool.discoveryUrl, { method: 'OPTIONS', headers })).status, 204)
  })
})

describe('the origin is the configured one', () => {
  const path = '/pools/found/.well-known/openid-configuration'
  const lies: Record<string, string>[] = [
    { host: 'evil.example' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    { forwarded: 'host=evil.example;proto=https' },
  ]

  for (const headers of lies) {
    test(`whatever ${Object.keys(headers).join(' and ')} say`, async () => {
      const { status, text } = await raw('GET', path, headers)
      assert.equal(status, 200)
      assert.deepEqual(JSON.parse(text), await document(pool.discoveryUrl))
    })
  }

  test('whatever origin the request target has', async () => {
    const { status, text } = await raw('GET', `http://evil.example${path}`)
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(text), await document(pool.discoveryUrl))
  })

  test('in a challenge, too', async () => {
    const headers = { host: 'evil.example', authorization: `Basic ${Buffer.from('x:y').toString('base64')}` }
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await raw('POST', '/pools/found/token', { ...headers, ...form })
    assert.equal(answer.status, 401)
    assert.match(String(answer.headers['www-authenticate']), new RegExp(`realm="${pool.issuer}"`))
  })
})

describe('a pool called like a path of the library', () => {
  for (const id of ['token', 'jwks', 'auth', 'pools', 'well-known']) {
    test(id, async () => {
      const odd = await idp.createPool({ id, name: id, resources: [{ identifier: mcp }] })
      const { issuer, token_endpoint: tokenEndpoint, jwks_uri: jwksUri } = await document(odd.discoveryUrl)
      assert.equal(issuer, `${idp.url}/pools/${id}`)
      assert.equal(tokenEndpoint, `${idp.url}/pools/${id}/token`)
      assert.equal(jwksUri, `${idp.url}/pools/${id}/jwks`)
      const agent = await odd.createClient({ name: 'agent' })
      tokenOf(await requestToken(odd, agent))
      tokenOf(await requestToken(odd, agent, {}, { origin: 'https://app.example' }))
    })
  }
})

describe('a pool that answers nothing', () => {
  const places = (id: string) => [
    `/pools/${id}/.well-known/openid-configuration`,
    `/.well-known/openid-configuration/pools/${id}`,
    `/.well-known/oauth-authorization-server/pools/${id}`,
    `/pools/${id}/jwks`,
    `/pools/${id}/auth`,
    `/pools/${id}/anything`,
    `/pools/${id}`,
  ]

  async function assertNoPool(method: string, path: string): Promise<void> {
    const { status, headers, text } = await raw(method, path)
    assert.equal(status, 404, path)
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    assert.equal(headers['cache-control'], 'no-store')
    assert.deepEqual(JSON.parse(text), {
      error: 'invalid_request',
      error_description: 'there is no such user pool, or it is disabled; the issuer is <origin>/pools/<id of the pool>',
    })
  }

  for (const id of ['unknown', 'No-Id', '..', '%66ound', 'x'.repeat(64), '']) {
    test(`called ${id || 'nothing'}`, async () => {
      for (const path of places(id)) await assertNoPool('GET', path)
    })
  }

  test('which is disabled', async () => {
    const off = await idp.createPool({ id: 'off', name: 'off' })
    assert.equal((await fetch(off.jwksUrl)).status, 200)
    assert.equal((await manage(idp, 'PATCH', '/user-pools/off', { enabled: false })).status, 200)
    for (const path of places('off')) await assertNoPool('GET', path)
    await assertNoPool('POST', '/pools/off/token')
    const [event] = await eventsOf(idp, '&kind=token.refused')
    assert.equal(event?.['reason'], 'pool_disabled')
    assert.equal(event?.['status'], 404)
  })

  test('which is deleted: its keys are gone at once', async () => {
    const gone = await idp.createPool({ id: 'gone', name: 'gone' })
    assert.equal((await fetch(gone.jwksUrl)).status, 200)
    assert.equal((await manage(idp, 'DELETE', '/user-pools/gone')).status, 204)
    for (const path of places('gone')) await assertNoPool('GET', path)
    await assertNoPool('POST', '/pools/gone/token')
    const [event] = await eventsOf(idp, '&kind=token.refused')
    assert.equal(event?.['reason'], 'pool_unknown')
  })
})

describe('a path of a pool', () => {
  for (const path of ['/nothing', '/token/', '/TOKEN', '/jwks/x', '/me', '/auth/a/b', '/auth/', '//token', '/']) {
    test(`${path} is none`, async () => {
      const { status, text } = await raw('GET', `/pools/found${path}`)
      assert.equal(status, 404)
      assert.equal(JSON.parse(text).error, 'invalid_request')
    })
  }

  for (const [method, path, allow] of [
    ['GET', '/token', 'POST, OPTIONS'],
    ['PUT', '/token', 'POST, OPTIONS'],
    ['POST', '/jwks', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/.well-known/openid-configuration', 'GET, HEAD, OPTIONS'],
    ['PUT', '/auth', 'GET, HEAD, POST'],
    ['GET', '/device_authorization', 'POST, OPTIONS'],
    ['GET', '/end-session/confirm', 'POST'],
  ] as const) {
    test(`${method} ${path} is refused, with what is allowed`, async () => {
      const { status, headers, text } = await raw(method, `/pools/found${path}`)
      assert.equal(status, 405)
      assert.equal(headers['allow'], allow)
      assert.match(JSON.parse(text).error_description, new RegExp(`answers ${allow} only`))
    })
  }
})

test('every answer has the id of its request', async () => {
  for (const path of ['/pools/found/jwks', '/pools/unknown/jwks', '/pools/found/nothing']) {
    const given = await raw('GET', path, { 'x-request-id': 'my-own-id' })
    assert.equal(given.headers['x-request-id'], 'my-own-id')
    const made = await raw('GET', path, { 'x-request-id': 'not plain, not plain' })
    assert.match(String(made.headers['x-request-id']), /^[0-9a-f-]{36}$/)
  }
})

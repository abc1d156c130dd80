import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { limits } from '../limits.ts'
import { type Idp, startIdp, type TestClient, type TestPool } from '../testing/index.ts'
import { decode, eventsOf, manage, requestToken, tokenOf } from './token-request.ts'

const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let idp: Idp
let pool: TestPool
let client: TestClient
let keys: { publicKey: CryptoKey; privateKey: CryptoKey }

before(async () => {
  idp = await startIdp()
  pool = await idp.createPool({ name: 'keys', resources: [{ identifier: 'https://mcp.example/mcp' }] })
  keys = await generateKeyPair('ES256')
  client = await keyedClient({ jwks: { keys: [await publicJwk(keys.publicKey, 'one')] } })
})
after(() => idp.close())

type ClientSettings = Parameters<TestPool['createClient']>[0]
type KeySource = Pick<ClientSettings, 'jwks' | 'jwksUri'>
type PublicKey = NonNullable<ClientSettings['jwks']>['keys'][number]

async function publicJwk(key: CryptoKey, kid: string): Promise<PublicKey> {
  const jwk = await exportJWK(key)
  const kty = (['EC', 'OKP', 'RSA'] as const).find((type) => type === jwk.kty)
  if (kty === undefined) throw new Error(`no public key: ${jwk.kty}`)
  return JSON.parse(JSON.stringify({ ...jwk, kty, kid }))
}

function keyedClient(keySource: KeySource): Promise<TestClient> {
  return pool.createClient({ name: 'keyed', tokenEndpointAuthMethod: 'private_key_jwt', ...keySource })
}

interface Assertion {
  readonly alg?: string
  readonly kid?: string
  readonly key?: CryptoKey
  readonly claims?: Record<string, unknown>
}

function sign({ alg = 'ES256', kid = 'one', key = keys.privateKey, claims = {} }: Assertion = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const { clientId } = client
  const usual = { iss: clientId, sub: clientId, aud: pool.issuer, jti: randomUUID(), iat: now, exp: now + 60 }
  const all = Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined)
  return new SignJWT(Object.fromEntries(all)).setProtectedHeader({ alg, kid }).sign(key)
}

const ask = (assertion: string, params: Record<string, string> = {}) =>
  requestToken(pool, undefined, { client_assertion: assertion, client_assertion_type: type, ...params })

async function assertRefused(assertion: string, reason = 'assertion_invalid'): Promise<void> {
  const { status, headers, body } = await ask(assertion)
  assert.equal(status, 401)
  assert.deepEqual(body, { error: 'invalid_client', error_description: 'client authentication failed' })
  assert.match(headers.get('www-authenticate') ?? '', /^Basic realm=/)
  const [event] = await eventsOf(idp)
  assert.equal(event?.['kind'], 'token.refused')
  assert.equal(event?.['reason'], reason)
}

describe('accepted', () => {
  for (const aud of ['issuer', 'tokenUrl'] as const) {
    test(`an assertion for the ${aud}`, async () => {
      const answer = await ask(await sign({ claims: { aud: pool[aud] } }))
      const { claims } = decode(tokenOf(answer))
      assert.equal(claims['client_id'], client.clientId)
      assert.equal(claims['aud'], 'https://mcp.example/mcp')
    })
  }

  test('one of several audiences, and the client_id beside it', async () => {
    const assertion = await sign({ claims: { aud: ['https://else.example', pool.issuer] } })
    assert.equal((await ask(assertion, { client_id: client.clientId })).status, 200)
  })

  for (const alg of ['RS256', 'PS256', 'EdDSA']) {
    test(`a key for ${alg}`, async () => {
      const pair = await generateKeyPair(alg)
      const other = await keyedClient({ jwks: { keys: [await publicJwk(pair.publicKey, 'k')] } })
      const claims = { iss: other.clientId, sub: other.clientId }
      const answer = await ask(await sign({ alg, kid: 'k', key: pair.privateKey, claims }))
      assert.equal(decode(tokenOf(answer)).claims['sub'], other.clientId)
    })
  }
})

describe('refused', () => {
  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
  const cases: [what: string, claims: Record<string, unknown>][] = [
    ['for another audience', { aud: 'https://else.example' }],
    ["for another pool's issuer", { aud: 'http://localhost:1/pools/other' }],
    ['without audience', { aud: undefined }],
    ['by another issuer', { iss: 'https://else.example' }],
    ['without issuer', { iss: undefined }],
    ['expired', { exp: inSeconds(-60) }],
    ['without expiry', { exp: undefined }],
    ['that lives too long', { exp: inSeconds(limits.assertionLifetime + 600) }],
    ['not valid yet', { nbf: inSeconds(600) }],
    ['without jti', { jti: undefined }],
  ]
  for (const [what, claims] of cases) {
    test(`an assertion ${what}`, async () => assertRefused(await sign({ claims })))
  }

  test('of a client that does not exist', async () => {
    await assertRefused(await sign({ claims: { iss: 'nobody', sub: 'nobody' } }), 'unknown_client')
  })

  test('signed with another key', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    await assertRefused(await sign({ key: privateKey }))
  })

  test('signed with a key that is not named', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    await assertRefused(await sign({ kid: 'two', key: privateKey }))
  })

  test('not signed at all', async () => {
    const claims = { iss: client.clientId, sub: client.clientId, aud: pool.issuer, jti: randomUUID() }
    await assertRefused(new UnsecuredJWT({ ...claims, exp: inSeconds(60) }).encode())
  })

  test('signed with HMAC, the public key as the secret', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(keys.publicKey)).padEnd(32))
    const claims = { iss: client.clientId, sub: client.clientId, aud: pool.issuer, jti: randomUUID() }
    const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).setExpirationTime('1m')
    await assertRefused(await token.sign(secret))
  })

  test('used twice', async () => {
    const assertion = await sign()
    assert.equal((await ask(assertion)).status, 200)
    await assertRefused(assertion)
  })

  test('used eight times at once: one is answered', async () => {
    const assertion = await sign()
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(assertion)))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401, 401, 401, 401, 401])
  })

  test('any number of times: signatures cannot be guessed, so nobody has to wait for them', async () => {
    const { privateKey: key } = await generateKeyPair('ES256')
    for (let time = 0; time < 2 * limits.failuresPerPair; time += 1) {
      assert.equal((await ask(await sign({ key }))).status, 401)
    }
    assert.equal((await ask(await sign())).status, 200)
  })

  for (const [assertion, text] of [
    ['x', 'invalid client_assertion format'],
    ['e30.e30.x', 'client authentication failed'],
  ] as const) {
    test(`${assertion} is no assertion`, async () => {
      const { status, body } = await ask(assertion)
      assert.ok(status === 400 || status === 401)
      assert.equal(body['error_description'], text)
    })
  }

  test('with another type', async () => {
    const params = { client_assertion: await sign(), client_assertion_type: 'urn:x' }
    const { status, body } = await requestToken(pool, undefined, params)
    assert.equal(status, 400)
    assert.equal(body['error'], 'invalid_request')
  })
})

describe('jwksUri', () => {
  test('keys are fetched once and kept, though the client is read again', async (t) => {
    const host = await keyHost(t)
    const other = await keyedClient({ jwksUri: host.url })
    const claims = { iss: other.clientId, sub: other.clientId }
    host.answer([await publicJwk(keys.publicKey, 'one')])
    for (let round = 0; round < 3; round += 1) assert.equal((await ask(await sign({ claims }))).status, 200)
    await manage(idp, 'PATCH', `/user-pools/${pool.id}`, { description: `changed at ${Date.now()}` })
    assert.equal((await ask(await sign({ claims }))).status, 200)
    assert.equal(host.requests(), 1)
  })

  test('keys that cannot be had: the client is refused, and the event says why', async (t) => {
    const host = await keyHost(t)
    const other = await keyedClient({ jwksUri: host.url })
    await host.close()
    await assertRefused(await sign({ claims: { iss: other.clientId, sub: other.clientId } }), 'keys_unavailable')
  })

  for (const [what, location] of [
    ['a redirect', 'http://localhost:1/keys'],
    ['no JSON', undefined],
  ] as const) {
    test(`${what} is no key set`, async (t) => {
      const host = await keyHost(t, location)
      const other = await keyedClient({ jwksUri: host.url })
      await assertRefused(await sign({ claims: { iss: other.clientId, sub: other.clientId } }), 'keys_unavailable')
    })
  }
})

async function keyHost(t: TestContext, location?: string) {
  let text = 'nothing yet'
  let requests = 0
  const server = createServer((_req, res) => {
    requests += 1
    if (location !== undefined) res.writeHead(302, { location })
    // A year: the provider must not believe it.
    else res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=31536000' })
    res.end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  t.after(close)
  return {
    url: `http://127.0.0.1:${port}/keys`,
    requests: () => requests,
    answer(published: PublicKey[]) {
      text = JSON.stringify({ keys: published })
    },
    close,
  }
}

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import * as v2 from '@modelcontextprotocol/client'
import * as v1 from '@modelcontextprotocol/sdk/client/auth-extensions.js'
import { type Connected, connectV1, connectV2 } from './clients.ts'
import { type House, startHouse } from './house.ts'

const thinking = { type: 'stdio', command: 'npx', args: ['-y', '@modelcontextprotocol/server-sequential-thinking'] }

/** Every client that a caller may come with, by the bearer that it sends. */
const clients: Record<string, (url: string, bearer: string) => Promise<Connected>> = {
  'SDK v1': (url, bearer) => connectV1(url, { bearer }),
  'SDK v2': (url, bearer) => connectV2(url, { bearer }),
  'SDK v2 pinned to 2026-07-28': (url, bearer) => connectV2(url, { bearer }, '2026-07-28'),
}

async function toolsOf(connecting: Promise<Connected>): Promise<string[]> {
  const client = await connecting
  try {
    return await client.tools()
  } finally {
    await client.close()
  }
}

async function post(url: string, bearer?: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
}

// The steps build on each other, as the tutorial's cells do.
describe('the tutorial, from the first cell to the last', () => {
  let house: House
  before(async () => {
    house = await startHouse()
  })
  after(() => house.close())

  const idp = (method: string, path: string, body?: unknown, status?: number) =>
    house.call(house.idpUrl, method, path, body, status)
  const gateway = (method: string, path: string, body?: unknown, status?: number) =>
    house.call(house.gatewayUrl, method, path, body, status)

  async function createService(body: unknown): Promise<{ id: string; url: string; authorizers: ServiceAuthorizer[] }> {
    const created = await gateway('POST', '/mcp-services', body, 201)
    for (let attempt = 0; attempt < 600; attempt++) {
      const { body: service } = await gateway('GET', `/mcp-services/${created.body.id}`, undefined, 200)
      if (service.status === 'Ready') return created.body
      assert.equal(service.status, 'Creating', service.statusReason)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error('the service was still being created after a minute')
  }

  interface ServiceAuthorizer {
    type: string
    apiKeys: { name: string; key: string }[]
  }

  let keyed: { url: string; keys: string[] }

  test('a service behind three API keys is listed by every client, with every key', async () => {
    const apiKeys = [{ name: 'key-1' }, { name: 'key-2' }, { name: 'key-3' }]
    const service = await createService({
      name: 'thinking-by-key',
      path: '/keyed/mcp',
      backend: thinking,
      authorizers: [{ type: 'ApiKey', apiKeys }],
    })
    const keys = service.authorizers[0]?.apiKeys.map((apiKey) => apiKey.key) ?? []
    assert.equal(keys.length, 3)
    keyed = { url: service.url, keys }
    for (const connect of Object.values(clients)) {
      for (const key of keys) assert.deepEqual(await toolsOf(connect(service.url, key)), ['sequentialthinking'])
    }
  })

  test('without a key, or with one that is not known, nobody gets in', async () => {
    const bare = await post(keyed.url)
    assert.equal(bare.status, 401)
    assert.match(bare.headers.get('www-authenticate') ?? '', /^Bearer realm="/)
    assert.doesNotMatch(bare.headers.get('www-authenticate') ?? '', /resource_metadata|error=/)
    const wrong = await post(keyed.url, `pst_${'A'.repeat(43)}`)
    assert.equal(wrong.status, 401)
    assert.match(wrong.headers.get('www-authenticate') ?? '', /error="invalid_token"/)
  })

  test('the keys survive a restart and a kill', async () => {
    await house.restart()
    assert.deepEqual(await toolsOf(connectV1(keyed.url, { bearer: keyed.keys[1] ?? '' })), ['sequentialthinking'])
    await house.restart('SIGKILL')
    assert.deepEqual(await toolsOf(connectV2(keyed.url, { bearer: keyed.keys[2] ?? '' })), ['sequentialthinking'])
  })

  let pool: { id: string; issuer: string; discoveryUrl: string }
  let client: { clientId: string; clientSecret: string }
  let guarded: { url: string; id: string }

  test('a pool and a machine client', async () => {
    const attributes = ['preferred_username']
    const created = await idp(
      'POST',
      '/user-pools',
      { name: 'tutorial', signInAttributes: attributes, requiredSignUpAttributes: attributes, projectName: 'default' },
      201,
    )
    pool = (await idp('GET', `/user-pools/${created.body.id}`, undefined, 200)).body
    client = await createClient('tutorial-client')
    assert.ok(client.clientId)
    assert.ok(client.clientSecret.length >= 32)
  })

  async function createClient(name: string): Promise<{ clientId: string; clientSecret: string }> {
    const body = { name, clientType: 'MACHINE_TO_MACHINE' }
    return (await idp('POST', `/user-pools/${pool.id}/clients`, body, 201)).body
  }

  test("a service behind the pool's tokens", async () => {
    guarded = await createService({
      name: 'thinking-by-token',
      path: '/guarded/mcp',
      backend: thinking,
      authorizers: [{ type: 'CustomJWT', discoveryUrl: pool.discoveryUrl, allowedClients: [] }],
    })
    await house.restart()
  })

  /** The cell's own request: HTTP Basic and exactly `grant_type=client_credentials`. */
  async function tokenOf(who: { clientId: string; clientSecret: string }, discoveryUrl: string): Promise<string> {
    const { token_endpoint: endpoint } = (await (await fetch(discoveryUrl)).json()) as { token_endpoint: string }
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${who.clientId}:${who.clientSecret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
    })
    const text = await response.text()
    assert.equal(response.status, 200, text)
    return (JSON.parse(text) as { access_token: string }).access_token
  }

  test('a token by HTTP Basic opens it to every client', async () => {
    const token = await tokenOf(client, pool.discoveryUrl)
    for (const connect of Object.values(clients)) {
      assert.deepEqual(await toolsOf(connect(guarded.url, token)), ['sequentialthinking'])
    }
  })

  test("the SDKs' own client-credentials providers find their way from the 401", async () => {
    const options = { ...client, expectedIssuer: pool.issuer }
    const viaV1 = connectV1(guarded.url, { provider: new v1.ClientCredentialsProvider(options) })
    assert.deepEqual(await toolsOf(viaV1), ['sequentialthinking'])
    const viaV2 = connectV2(guarded.url, { provider: new v2.ClientCredentialsProvider(options) })
    assert.deepEqual(await toolsOf(viaV2), ['sequentialthinking'])
  })

  test("the SDKs' private_key_jwt providers do too", async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const body = {
      name: 'tutorial-key-client',
      clientType: 'MACHINE_TO_MACHINE',
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'agent' }] },
    }
    const { clientId } = (await idp('POST', `/user-pools/${pool.id}/clients`, body, 201)).body
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const options = { clientId, privateKey: pem, algorithm: 'ES256', expectedIssuer: pool.issuer }
    const viaV1 = connectV1(guarded.url, { provider: new v1.PrivateKeyJwtProvider(options) })
    assert.deepEqual(await toolsOf(viaV1), ['sequentialthinking'])
    const viaV2 = connectV2(guarded.url, { provider: new v2.PrivateKeyJwtProvider(options) })
    assert.deepEqual(await toolsOf(viaV2), ['sequentialthinking'])
  })

  test('no credential: the challenge names the metadata, and the metadata names the pool', async () => {
    const bare = await post(guarded.url)
    assert.equal(bare.status, 401)
    const challenge = bare.headers.get('www-authenticate') ?? ''
    assert.doesNotMatch(challenge, /error=/)
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1]
    assert.equal(metadataUrl, `${house.gatewayUrl}/.well-known/oauth-protected-resource/guarded/mcp`)
    const metadata = await (await fetch(metadataUrl)).json()
    assert.deepEqual((metadata as { authorization_servers: string[] }).authorization_servers, [pool.issuer])
    assert.equal((metadata as { resource: string }).resource, guarded.url)
  })

  test("another pool's token is refused", async () => {
    const other = (await idp('POST', '/user-pools', { name: 'other' }, 201)).body
    await idp('POST', `/user-pools/${other.id}/resources`, { identifier: guarded.url }, 201)
    const stranger = { name: 'stranger', clientType: 'MACHINE_TO_MACHINE' }
    const who = (await idp('POST', `/user-pools/${other.id}/clients`, stranger, 201)).body
    const response = await post(guarded.url, await tokenOf(who, other.discoveryUrl))
    assert.equal(response.status, 401)
    assert.match(response.headers.get('www-authenticate') ?? '', /error="invalid_token"/)
  })

  test('a client that the service does not allow is told 403, and keeps its token', async () => {
    const authorizers = [{ type: 'CustomJWT', discoveryUrl: pool.discoveryUrl, allowedClients: [client.clientId] }]
    await gateway('PATCH', `/mcp-services/${guarded.id}`, { authorizers }, 200)
    const uninvited = await createClient('uninvited')
    const refused = await post(guarded.url, await tokenOf(uninvited, pool.discoveryUrl))
    assert.equal(refused.status, 403)
    assert.equal(refused.headers.get('www-authenticate'), null)
    assert.equal(((await refused.json()) as { error: string }).error, 'access_denied')
    const token = await tokenOf(client, pool.discoveryUrl)
    assert.deepEqual(await toolsOf(connectV1(guarded.url, { bearer: token })), ['sequentialthinking'])
  })

  test('two callers of one stateful server do not see each other', async () => {
    const thought = (n: number) => ({ thought: 'x', nextThoughtNeeded: true, thoughtNumber: n, totalThoughts: 9 })
    const historyLength = async (caller: Connected, n: number) =>
      (JSON.parse(await caller.call('sequentialthinking', thought(n))) as { thoughtHistoryLength: number })
        .thoughtHistoryLength
    const first = await connectV1(keyed.url, { bearer: keyed.keys[0] ?? '' })
    const second = await connectV1(keyed.url, { bearer: keyed.keys[1] ?? '' })
    try {
      const before = await historyLength(first, 1)
      assert.equal(await historyLength(first, 2), before + 1)
      assert.equal(await historyLength(second, 1), 1)
      assert.equal(await historyLength(first, 3), before + 2)
    } finally {
      await Promise.all([first.close(), second.close()])
    }
  })
})

import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import * as v2 from '@modelcontextprotocol/client'
import * as v1 from '@modelcontextprotocol/sdk/client/auth.js'
import { type Idp, startIdp, type TestPool } from '@postern/idp/testing'

// What an MCP client that is registered nowhere does, from the address of a server to a token: the SDKs' own code.

type Json = Record<string, unknown>

let idp: Idp
let server: Server
let mcp: string
let pool: TestPool
let document: Json = {}
let fetched = 0

before(async () => {
  idp = await startIdp()
  server = createServer((req, res) => {
    if (req.url === '/client.json') {
      fetched += 1
      return void res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
    }
    const found = req.url === '/.well-known/oauth-protected-resource/mcp'
    res.writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ resource: mcp, authorization_servers: [pool.issuer], scopes_supported: ['read'] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  mcp = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  pool = await idp.createPool({
    id: 'tests',
    name: 'tests',
    unattendedUser: 'ada',
    resources: [{ identifier: mcp, scopes: [{ name: 'read' }, { name: 'write' }] }],
  })
  const user = { preferredUsername: 'ada', password: 'Analytical-1843', status: 'CONFIRMED' }
  assert.equal((await manage('POST', '/user-pools/tests/users', user)).status, 201)
})
after(async () => {
  await new Promise<void>((resolve) => server.close(() => resolve()))
  await idp.close()
})

async function manage(method: string, path: string, body?: Json) {
  const response = await fetch(`${idp.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${idp.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Json }
}

const redirectUrl = 'http://127.0.0.1:49200/callback'
const metadata = { client_name: 'SDK client', redirect_uris: ['http://127.0.0.1/callback'] }

interface Store {
  /** Where the person was sent, last. */
  sentTo?: URL
  client?: v1Stored & v2Stored
  tokens?: Json
  verifier?: string
  found?: object
}
type v1Stored = NonNullable<Awaited<ReturnType<v1.OAuthClientProvider['clientInformation']>>>
type v1Full = Awaited<ReturnType<typeof v1.registerClient>>
type v2Full = Awaited<ReturnType<typeof v2.registerClient>>
type v2Stored = NonNullable<Awaited<ReturnType<v2.OAuthClientProvider['clientInformation']>>>

/** A client provider with a memory, as a host application has one. */
function hostOf(store: Store, clientMetadata: Json) {
  return {
    redirectUrl,
    clientMetadata: { ...metadata, ...clientMetadata },
    state: () => 'state-1',
    clientInformation: () => store.client,
    saveClientInformation(client: v1Stored | v2Stored) {
      store.client = client as v1Stored & v2Stored
    },
    tokens: () => store.tokens as never,
    saveTokens(tokens: object) {
      store.tokens = { ...tokens }
    },
    redirectToAuthorization(url: URL) {
      store.sentTo = url
    },
    saveCodeVerifier(verifier: string) {
      store.verifier = verifier
    },
    codeVerifier: () => store.verifier ?? '',
    saveDiscoveryState(found: object) {
      store.found = found
    },
    discoveryState: () => store.found as never,
  }
}

/** What comes back to the callback: the pool approves by itself. */
async function callback(url: URL | undefined): Promise<URLSearchParams> {
  let next = url?.href ?? ''
  for (let hops = 0; hops < 10 && !next.startsWith(redirectUrl); hops += 1) {
    const response = await fetch(next, { redirect: 'manual' })
    next = new URL(response.headers.get('location') ?? assert.fail(await response.text()), next).href
  }
  const { searchParams } = new URL(next)
  assert.equal(searchParams.get('state'), 'state-1')
  assert.equal(searchParams.get('iss'), pool.issuer)
  return searchParams
}

function claimsOf(tokens: Json | undefined): Json {
  return JSON.parse(Buffer.from(String(tokens?.['access_token']).split('.')[1] ?? '', 'base64url').toString())
}

const sdks = {
  'SDK v1': {
    register: v1.registerClient,
    discover: v1.discoverAuthorizationServerMetadata,
    auth: (host: ReturnType<typeof hostOf>, more: Json = {}) => v1.auth(host, { serverUrl: mcp, ...more }),
  },
  'SDK v2': {
    register: v2.registerClient,
    discover: v2.discoverAuthorizationServerMetadata,
    auth: (host: ReturnType<typeof hostOf>, more: Json = {}) => v2.auth(host, { serverUrl: mcp, ...more }),
  },
}

for (const [name, sdk] of Object.entries(sdks)) {
  describe(name, () => {
    test('registers a public client and a confidential one', async () => {
      const found = await sdk.discover(pool.issuer)
      assert.equal(found?.registration_endpoint, `${pool.issuer}/reg`)
      assert.equal(found?.client_id_metadata_document_supported, true)
      for (const method of ['none', 'client_secret_post', 'client_secret_basic']) {
        const full: v1Full | v2Full = await sdk.register(pool.issuer, {
          metadata: found as never,
          clientMetadata: { ...metadata, token_endpoint_auth_method: method },
          scope: 'read unknown',
        })
        assert.deepEqual(full.redirect_uris, metadata.redirect_uris)
        assert.equal(full.scope, 'read')
        assert.equal(full.client_secret === undefined, method === 'none')
        const { body } = await manage('GET', `/user-pools/tests/clients/${full.client_id}`)
        assert.deepEqual([body['registration'], body['name']], ['dynamic', 'SDK client'])
        assert.ok(Date.parse(String(body['expiresAt'])) > Date.now())
      }
    })

    test('is told why it cannot', async () => {
      const found = await sdk.discover(pool.issuer)
      const clientMetadata = { ...metadata, redirect_uris: ['http://evil.example/callback'] }
      await assert.rejects(sdk.register(pool.issuer, { metadata: found as never, clientMetadata }), /use https:\/\//)
    })

    for (const method of ['none', 'client_secret_post', undefined]) {
      test(`goes from the server's address to a token, and to a wider one: ${method ?? 'no method'}`, async () => {
        const store: Store = {}
        const host = hostOf(store, method === undefined ? {} : { token_endpoint_auth_method: method })
        assert.equal(await sdk.auth(host), 'REDIRECT')
        const answer = await callback(store.sentTo)
        const more = { authorizationCode: answer.get('code'), iss: pool.issuer }
        assert.equal(await sdk.auth(host, more), 'AUTHORIZED')
        const { aud, scope, client_id: clientId } = claimsOf(store.tokens)
        assert.deepEqual([aud, scope, clientId], [mcp, 'read', store.client?.client_id])

        // It registered for what it was told of; a tool then asks for more (MCP authorization, step-up).
        const { tokens: _, ...rest } = store
        const wider: Store = { ...rest }
        const again = hostOf(wider, host.clientMetadata)
        assert.equal(await sdk.auth(again, { scope: 'read write' }), 'REDIRECT')
        const code = (await callback(wider.sentTo)).get('code')
        assert.equal(await sdk.auth(again, { authorizationCode: code, iss: pool.issuer }), 'AUTHORIZED')
        assert.equal(claimsOf(wider.tokens)['scope'], 'read write')

        assert.equal(await sdk.auth(again), 'AUTHORIZED', 'it refreshes')
      })
    }
  })
}

test('a client with a metadata document on this machine, where that is allowed', async () => {
  await using loose = await startIdp({ env: { POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS: 'true' } })
  const tests = await loose.createPool({ name: 'documents', resources: [{ identifier: mcp }] })
  const clientId = new URL('/client.json', mcp).href
  document = { ...metadata, client_id: clientId }
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUrl,
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
  })
  const at = async (issuer: string) => await fetch(`${issuer}/auth?${query}`, { redirect: 'manual' })
  const answer = await at(tests.issuer)
  assert.match(answer.headers.get('location') ?? '', /\/sign-in\//)
  assert.equal(fetched, 1)
  const closed = await at(pool.issuer)
  assert.equal(closed.status, 400)
  assert.match(await closed.text(), /POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS/)
  assert.equal(fetched, 1)
})

test('a pool without registration: the client says so', async () => {
  const closed = await idp.createPool({ name: 'closed', dynamicRegistrationEnabled: false })
  const found = await v2.discoverAuthorizationServerMetadata(closed.issuer)
  assert.equal(found?.registration_endpoint, undefined)
  const refused = v2.registerClient(closed.issuer, { metadata: found as never, clientMetadata: metadata })
  await assert.rejects(refused, /does not support dynamic client registration/)
})

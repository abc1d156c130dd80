import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { auth, type OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import { ClientCredentialsProvider, PrivateKeyJwtProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import { type Idp, startIdp, type TestPool } from '../testing/index.ts'
import { decode, eventsOf } from './token-request.ts'

// What an MCP client does, from the address of a server to a token: the SDK's own code, against our endpoints.

let idp: Idp
let pool: TestPool
let server: Server
let mcp: string

before(async () => {
  idp = await startIdp()
  server = createServer((req, res) => {
    const found = req.url === '/.well-known/oauth-protected-resource/mcp'
    res.writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ resource: mcp, authorization_servers: [pool.issuer], scopes_supported: ['read'] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  mcp = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/mcp`
  pool = await idp.createPool({
    name: 'sdk',
    resources: [{ identifier: 'https://other.example' }, { identifier: mcp, scopes: [{ name: 'read' }] }],
  })
})
after(async () => {
  await new Promise<void>((resolve) => server.close(() => resolve()))
  await idp.close()
})

async function assertToken(provider: OAuthClientProvider, clientId: string): Promise<void> {
  assert.equal(await auth(provider, { serverUrl: mcp }), 'AUTHORIZED')
  const tokens = await provider.tokens()
  const { claims } = decode(tokens?.access_token ?? '')
  assert.deepEqual([claims['aud'], claims['client_id'], claims['scope']], [mcp, clientId, 'read'])
  assert.equal(tokens?.token_type, 'Bearer')
}

describe('SDK v1', () => {
  test('ClientCredentialsProvider', async () => {
    const { clientId, clientSecret = '' } = await pool.createClient({ name: 'secret' })
    await assertToken(new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer: pool.issuer }), clientId)
  })

  for (const algorithm of ['ES256', 'RS256']) {
    test(`PrivateKeyJwtProvider, ${algorithm}`, async () => {
      const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
      const { kty, crv, x, y, n, e } = await exportJWK(publicKey)
      const key = kty === 'EC' ? { kty: 'EC' as const, crv, x, y } : { kty: 'RSA' as const, n, e }
      const { clientId } = await pool.createClient({
        name: algorithm,
        tokenEndpointAuthMethod: 'private_key_jwt',
        jwks: { keys: [JSON.parse(JSON.stringify(key))] },
      })
      const pem = await exportPKCS8(privateKey)
      const options = { clientId, privateKey: pem, algorithm, expectedIssuer: pool.issuer }
      await assertToken(new PrivateKeyJwtProvider(options), clientId)
    })
  }

  test('a wrong secret comes out as what it is', async () => {
    const { clientId } = await pool.createClient({ name: 'wrong' })
    const clientSecret = 'wrong-secret-of-at-least-32-characters'
    const provider = new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer: pool.issuer })
    await assert.rejects(auth(provider, { serverUrl: mcp }), { name: 'InvalidClientError' })
    const [event] = await eventsOf(idp)
    assert.equal(event?.['reason'], 'wrong_secret')
  })
})

import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { type Idp, startIdp, type TestPool } from '@postern/idp/testing'
import express, { type RequestHandler } from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { MCPAuth } from 'mcp-auth'

const resource = 'http://localhost:9999/mcp'

/** Guards that others wrote, each as its own documentation sets it up. */
const guards: Record<string, (pool: TestPool) => RequestHandler> = {
  'mcp-auth 0.2.0': (pool) => {
    const mcpAuth = new MCPAuth({
      protectedResources: {
        metadata: { resource, authorizationServers: [{ issuer: pool.issuer, type: 'oidc' }] },
      },
    })
    return mcpAuth.bearerAuth('jwt', { resource, audience: resource, requiredScopes: ['read'] })
  },
  "the SDK's requireBearerAuth with jose": (pool) => {
    const keys = createRemoteJWKSet(new URL(`${pool.issuer}/jwks`))
    const verifier = {
      async verifyAccessToken(token: string) {
        const { payload } = await jwtVerify(token, keys, {
          issuer: pool.issuer,
          audience: resource,
          typ: 'at+jwt',
        }).catch(() => {
          throw new InvalidTokenError('the token is not valid')
        })
        const { client_id: clientId, scope, exp } = payload
        const scopes = String(scope).split(' ')
        // mcp-auth's types, in this program too, want the issuer and the claims beside what the SDK asks for.
        return {
          token,
          clientId: String(clientId),
          scopes,
          expiresAt: Number(exp),
          issuer: pool.issuer,
          claims: payload,
        }
      },
    }
    return requireBearerAuth({ verifier, requiredScopes: ['read'] })
  },
  'express-oauth2-jwt-bearer': (pool) => auth({ issuerBaseURL: pool.issuer, audience: resource, strict: true }),
}

describe('tokens of a pool at resource servers that others wrote', () => {
  let idp: Idp
  before(async () => {
    idp = await startIdp()
  })
  after(() => idp.close())

  for (const [name, guard] of Object.entries(guards)) {
    for (const signingAlgorithm of ['ES256', 'RS256'] as const) {
      test(`${name} takes an ${signingAlgorithm} token and refuses another pool's`, async () => {
        const id = `${signingAlgorithm.toLowerCase()}-${Object.keys(guards).indexOf(name)}`
        const settings = { signingAlgorithm, resources: [{ identifier: resource, scopes: [{ name: 'read' }] }] }
        const pool = await idp.createPool({ name: id, ...settings })
        const other = await idp.createPool({ name: `${id}-other`, ...settings })
        const token = await pool.token({ client: await pool.createClient({ name: 'agent' }) })
        const foreign = await other.token({ client: await other.createClient({ name: 'agent' }) })
        await withServer(guard(pool), async (url) => {
          assert.equal(await statusOf(url, token), 200)
          assert.equal(await statusOf(url, foreign), 401)
        })
      })
    }
  }
})

async function statusOf(url: string, token: string): Promise<number> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  await response.arrayBuffer()
  return response.status
}

async function withServer(guard: RequestHandler, use: (url: string) => Promise<void>): Promise<void> {
  const app = express()
  // Express's own error page is quieter in production; the refusals of these guards arrive as errors.
  app.set('env', 'test')
  app.get('/mcp', guard, (_request, response) => {
    response.json({ ok: true })
  })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

// One Express 5 route behind a guard that verifies each token anew; all check the same of it.
// node cold.ts kit|mcp-auth|sdk ES256|RS256 <issuer> <jwks_uri>
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { createResourceServer } from '@postern/resource-server'
import { guard } from '@postern/resource-server/express'
import express, { type RequestHandler } from 'express'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { MCPAuth } from 'mcp-auth'
import { resource } from './resource.ts'
import { serve } from './serve.ts'

const [kind = '', algorithm = 'ES256', issuer = '', jwksUri = ''] = process.argv.slice(2)
const rules = { algorithms: [algorithm], typ: 'at+jwt', requiredClaims: ['exp', 'sub', 'client_id', 'iat', 'jti'] }

const guards: Record<string, () => RequestHandler> = {
  kit: () =>
    guard(createResourceServer({ resource, issuers: [{ issuer, jwksUri }], requiredScopes: ['read'], cache: false })),
  'mcp-auth': () => {
    const metadata = {
      issuer,
      jwksUri,
      authorizationEndpoint: `${issuer}/authorize`,
      tokenEndpoint: `${issuer}/token`,
      responseTypesSupported: ['code'],
      grantTypesSupported: ['authorization_code'],
      codeChallengeMethodsSupported: ['S256'],
    }
    const mcpAuth = new MCPAuth({
      protectedResources: { metadata: { resource, authorizationServers: [{ type: 'oauth', metadata }] } },
    })
    return mcpAuth.bearerAuth('jwt', { resource, audience: resource, requiredScopes: ['read'], jwtVerify: rules })
  },
  sdk: () => {
    const keys = createRemoteJWKSet(new URL(jwksUri))
    const verifyAccessToken = async (token: string) => {
      const { payload } = await jwtVerify(token, keys, { ...rules, issuer, audience: resource }).catch(() => {
        throw new InvalidTokenError('the token is not valid')
      })
      const scopes = String(payload['scope'] ?? '').split(' ')
      const clientId = String(payload['client_id'])
      return { token, clientId, scopes, expiresAt: Number(payload.exp), issuer, claims: payload }
    }
    return requireBearerAuth({ verifier: { verifyAccessToken }, requiredScopes: ['read'] })
  },
}

const make = guards[kind]
if (make === undefined) throw new Error(`no such guard: ${kind}`)
const app = express()
app.get('/mcp', make(), (_request, response) => {
  response.json({ ok: true })
})
serve(app)

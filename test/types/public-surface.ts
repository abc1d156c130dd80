/*
 * Types of the public surface, checked by the compiler alone (`npm run check`): what must be accepted, what must not
 * (@ts-expect-error fails where the line below it compiles), and what things are.
 */

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  type ApiKeyStore,
  type AuthInfo,
  type byHost,
  createResourceServer,
  type createUpstreamFetch,
  type ExchangedToken,
  exchangeToken,
  type IssuerHealth,
  type Operations,
  type RequestBody,
  type ResourceServer,
  signMetadata,
} from '@postern/resource-server'
import * as expressKit from '@postern/resource-server/express'
import * as fastifyKit from '@postern/resource-server/fastify'
import * as fetchKit from '@postern/resource-server/fetch'
import * as honoKit from '@postern/resource-server/hono'
import * as koaKit from '@postern/resource-server/koa'
import { authInfoOf, bindSessions, type bindToCaller, protectOperations } from '@postern/resource-server/mcp'
import { MCPAuth } from '@postern/resource-server/mcp-auth'
import * as nextKit from '@postern/resource-server/next'
import * as nodeKit from '@postern/resource-server/node'
import { auth0, entra } from '@postern/resource-server/presets'
import { brokenToken, createFakeIssuer } from '@postern/resource-server/testing'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'

/** Compiles where the two types are one and the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(proof?: T): void => void proof

const resource = 'https://mcp.example/mcp'
const issuer = 'https://as.example'

/** Never called: it is there to be compiled. */
export async function surface(request: Request): Promise<void> {
  const rs = createResourceServer({ resource, issuers: [{ issuer }] })
  holds<Same<typeof rs, ResourceServer>>()
  holds<Same<Awaited<ReturnType<typeof rs.authenticate>>, AuthInfo | Response>>()
  holds<Same<ReturnType<typeof rs.metadata>, Response | undefined>>()
  holds<Same<Awaited<ReturnType<typeof rs.check>>, readonly IssuerHealth[]>>()
  holds<Same<AuthInfo['kind'], 'jwt' | 'introspected' | 'api-key' | 'custom'>>()
  holds<Same<AuthInfo['resource'], URL>>()
  holds<Same<Extract<RequestBody, string>, 'too_long' | 'cut_off' | 'gone'>>()

  // Options
  createResourceServer({ resource, issuers: [entra({ tenantId: 't', clientId: 'c' }), auth0({ domain: 'd' })] })
  createResourceServer({
    resource,
    issuers: [{ issuer, profile: 'rfc9068', algorithms: ['ES256'] }],
    requiredScopes: { anyOf: ['a'] },
  })
  createResourceServer({
    resource,
    apiKeys: { find: async (hash) => (hash === '' ? undefined : { id: 'i', name: 'n' }) } satisfies ApiKeyStore,
  })
  createResourceServer({ resource, verify: (token) => ({ subject: token, clientId: 'c', scopes: [], expiresAt: 1 }) })
  // @ts-expect-error: the resource is required
  createResourceServer({ issuers: [{ issuer }] })
  // @ts-expect-error: an issuer has a name
  createResourceServer({ resource, issuers: [{}] })
  // @ts-expect-error: no such option
  createResourceServer({ resource, issuers: [{ issuer }], remoteJwtSet: {} })
  // @ts-expect-error: symmetric algorithms are none
  createResourceServer({ resource, issuers: [{ issuer, algorithms: ['HS256'] }] })
  // @ts-expect-error: an audience cannot be switched off
  createResourceServer({ resource, issuers: [{ issuer, audience: false }] })
  // @ts-expect-error: scopes are a list
  createResourceServer({ resource, issuers: [{ issuer }], requiredScopes: 'read write' })
  // @ts-expect-error: two networks and no third
  createResourceServer({ resource, issuers: [{ issuer }], network: 'private' })
  // @ts-expect-error: a guard has no such option
  nodeKit.guard(rs, { scope: ['read'] })
  // @ts-expect-error: issuers are a list, and no function decides later
  createResourceServer({ resource, issuers: () => [] })

  // The caller is not to be changed.
  const auth = await rs.authenticate(request)
  if (auth instanceof Response) return
  // @ts-expect-error: read only
  auth.subject = 'admin'
  // @ts-expect-error: read only
  auth.claims['role'] = 'admin'

  // Every framework takes the middlewares as its own.
  const operations: Operations = protectOperations(rs, { tools: { delete: ['files:write'] } })
  express()
    .use(expressKit.metadata(rs))
    .all('/mcp', expressKit.guard(rs, { scopes: ['read'], operations }))
  new Koa().use(koaKit.metadata(rs)).use(koaKit.guard(rs))
  Fastify()
    .addHook('onRequest', fastifyKit.metadata(rs))
    .all('/mcp', { onRequest: fastifyKit.guard(rs) }, () => '')
  new Hono().use(honoKit.metadata(rs)).all('/mcp', honoKit.guard(rs), (c) => {
    const caller: AuthInfo = c.get('auth')
    return c.text(caller.subject)
  })
  const route = nextKit.guard(rs)((incoming: Request, caller, context: { params: Promise<{ id: string }> }) => {
    holds<Same<typeof caller, AuthInfo>>()
    void incoming
    return Response.json(context.params)
  })
  holds<Same<Parameters<typeof route>[1], { params: Promise<{ id: string }> }>>()
  fetchKit.guard(rs)((_request, caller) => new Response(caller.subject))
  holds<Same<ReturnType<typeof expressKit.authOf>, AuthInfo>>()
  // @ts-expect-error: rules are about tools, prompts, resources and completion
  protectOperations(rs, { tool: {} })

  // Around it.
  holds<Same<ReturnType<typeof byHost>, ResourceServer>>()
  holds<Same<ReturnType<typeof createUpstreamFetch>, typeof fetch>>()
  const client = { tokenEndpoint: 'https://as.example/token', clientId: 'c', clientSecret: 's' }
  holds<Same<Awaited<ReturnType<typeof exchangeToken>>, ExchangedToken>>()
  await exchangeToken(auth, { ...client, resource: 'https://api.example' })
  // @ts-expect-error: somebody has to ask
  await exchangeToken(auth, { tokenEndpoint: client.tokenEndpoint })
  createResourceServer(await signMetadata({ resource, issuers: [{ issuer }] }, { key: {}, algorithm: 'ES256' }))
  bindSessions<string>().set('id', auth, 'session')
  holds<Same<ReturnType<typeof bindToCaller>, string>>()

  // In tests.
  const fake = await createFakeIssuer({ audience: resource })
  brokenToken(fake, 'expired')
  // @ts-expect-error: the list of kinds is closed
  brokenToken(fake, 'somehow-wrong')

  // The names of MCP Auth, and what a tool of SDK v1 sees with them imported.
  const mcpAuth = new MCPAuth({
    protectedResources: { metadata: { resource, authorizationServers: [{ issuer, type: 'oidc' }] } },
  })
  mcpAuth.bearerAuth('jwt', {
    requiredScopes: ['read'],
    jwtVerify: { clockTolerance: 1 },
    remoteJwtSet: { timeoutDuration: 1 },
  })
  mcpAuth.bearerAuth(async (token) => ({ token, issuer, clientId: 'c', scopes: [], subject: 's' }))
  // @ts-expect-error: one mode is built in
  mcpAuth.bearerAuth('opaque')
  // @ts-expect-error: one mode of the two
  new MCPAuth({})
  new McpServer({ name: 'n', version: '1' }).registerTool('whoami', {}, (extra) => {
    holds<Same<NonNullable<typeof extra.authInfo>['subject'], string | undefined>>()
    return { content: [{ type: 'text', text: authInfoOf(extra).subject }] }
  })
}

import type { ResourceServerOptions } from '@postern/resource-server'
import { authOf } from '@postern/resource-server/express'
import { MCPAuth } from '@postern/resource-server/mcp-auth'
import { createFakeIssuer } from '@postern/resource-server/testing'
import express from 'express'
import { listen } from '../frameworks.ts'
import { type Issuers, resolvePart } from './fixture.ts'
import { recordCallers, type StartHost, sendOver } from './hosts.ts'
import type { Row } from './row.ts'

/** Options of an issuer that MCP Auth's own have a place for. */
const issuerRules = new Set(['issuer', 'jwksUri', 'audience', 'algorithms'])

/** Options of the kit that its `kit` does not take, but for those that MCP Auth has by another name. */
const notForKit = new Set(['resourceName', 'verify', 'metadata', 'scopesSupported', 'legacyServerMetadata'])

// Its name and keys are enough to see which options a row sets; nobody ever asks it.
const nobody = await createFakeIssuer()
await nobody.close()

/** Rows about something that the drop-in layer has otherwise, or not at all. */
const others: readonly { readonly id: string; readonly what?: RegExp; readonly because: string }[] = [
  {
    id: 'C22',
    what: /client-missing/,
    because: 'mcp-auth has an empty clientId for such tokens, and many servers issue them',
  },
  { id: 'D6', what: /^scopes, not configured/, because: 'mcp-auth reads scopes from this claim too' },
  { id: 'E12', what: /reload/, because: 'it has no reload()' },
  { id: 'E15', because: 'jwtVerify.algorithms is one list for all issuers' },
  { id: 'E20', because: 'the type of a server says where its metadata stands' },
  { id: 'E21', because: 'the type of a server says where its metadata stands' },
]

/** Does a row belong to what can be said in MCP Auth's options? */
export function appliesToMcpAuth({ id, what, setUp = {} }: Row): boolean {
  if (others.some((other) => other.id === id && (other.what?.test(what) ?? true)) || setUp.within !== undefined)
    return false
  if (typeof setUp.guard === 'function' || setUp.guard?.operations !== undefined) return false
  const issuers: Issuers = {
    clock: { now: () => 0, advance: () => undefined, set: () => undefined },
    issuer: nobody,
    stranger: nobody,
  }
  const options = resolvePart<Partial<ResourceServerOptions>>(setUp.options, issuers)
  const rules = [resolvePart(setUp.rules, issuers), ...(options.issuers ?? [])]
  if (Object.keys(options).some((name) => notForKit.has(name))) return false
  return rules.every((rule) => Object.keys(rule).every((name) => issuerRules.has(name)))
}

/** The drop-in for the MCP Auth library on Express, made of the same options. */
export const startMcpAuth: StartHost = async (_rs, guard, { resource: own, issuers = [], requiredScopes, ...kit }) => {
  const mcpAuth = new MCPAuth({
    protectedResources: {
      metadata: {
        resource: own,
        authorizationServers: issuers.map(({ issuer, jwksUri }) =>
          jwksUri === undefined
            ? { issuer, type: 'oauth' as const }
            : {
                type: 'oauth' as const,
                metadata: {
                  issuer,
                  jwksUri,
                  authorizationEndpoint: `${issuer}/a`,
                  tokenEndpoint: `${issuer}/t`,
                  responseTypesSupported: ['code'],
                  codeChallengeMethodsSupported: ['S256'],
                },
              },
        ),
        scopesSupported: ['read', 'write'],
      },
    },
    kit,
  })
  const { callers, behind } = recordCallers()
  const { audience, algorithms } = issuers[0] ?? {}
  const scopes = [requiredScopes, guard?.scopes].flatMap((part) => (Array.isArray(part) ? part : []))
  const check = mcpAuth.bearerAuth('jwt', {
    resource: own,
    requiredScopes: requiredScopes !== undefined && 'anyOf' in requiredScopes ? requiredScopes : scopes,
    ...(audience === undefined ? {} : { audience }),
    ...(algorithms === undefined ? {} : { jwtVerify: { algorithms: [...algorithms] } }),
  })
  const app = express()
    .use(mcpAuth.protectedResourceMetadataRouter())
    .all('/mcp', check, (req, res) => behind.node(req, res, authOf(req)))
  const { port, close } = await listen(app)
  return { callers, port, seesPeers: true, send: (attack) => sendOver(port, attack), close }
}

import type { KoaContextWithOIDC } from 'oidc-provider'
import { limits } from '../limits.ts'
import { exchangeOf } from './exchange.ts'
import { openIdScopes } from './openid-scopes.ts'

/** Fields of the library's document that say nothing about what a pool can do. */
const empty = ['claims_parameter_supported', 'claim_types_supported']

/**
 * Finishes the discovery document (RFC 8414 §2, OpenID Connect Discovery §3) and the JWKS: adds the scopes of the
 * pool's resources, drops what means nothing, and says how long both may be kept.
 */
export async function publish(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next()
  if (ctx.status !== 200 || ctx.method === 'OPTIONS') return
  if (ctx['routerName'] === 'jwks') ctx.set('cache-control', `public, max-age=${limits.jwksMaxAge}`)
  if (ctx['routerName'] !== 'discovery') return
  ctx.set('cache-control', `public, max-age=${limits.discoveryMaxAge}`)
  const document: Record<string, unknown> = { ...(ctx.body as Record<string, unknown>) }
  for (const field of empty) delete document[field]
  ctx.body = { ...document, scopes_supported: scopesOf(ctx) }
}

function scopesOf(ctx: KoaContextWithOIDC): readonly string[] {
  const { resources } = exchangeOf(ctx.req).opened.pool
  const names = new Set([...openIdScopes, ...resources.flatMap(({ scopes }) => scopes.map(({ name }) => name))])
  return names.size > limits.advertisedScopes ? openIdScopes : [...names]
}

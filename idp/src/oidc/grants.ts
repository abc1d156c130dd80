import { parseScope } from '@postern/core'
import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import type { HotClient } from '../directory/types.ts'
import { type Access, decideAccess, findResource } from './access.ts'
import { exchangeOf } from './exchange.ts'
import type { LibraryClient } from './library-clients.ts'
import { Refusal, refusals } from './refusal.ts'

/** What oidc-provider asks about a resource (RFC 8707). */
export interface ResourceAnswers {
  defaultResource(
    ctx: KoaContextWithOIDC,
    client: LibraryClient,
    oneOf?: readonly string[],
  ): Promise<string | readonly string[]>
  getResourceServerInfo(ctx: KoaContextWithOIDC, identifier: string, client: LibraryClient): Promise<ResourceServer>
}

/**
 * Answers the library's questions by the house's own rules: its stock behaviour opens every scope of a resource to
 * every client, drops in silence what it does not know, and makes opaque tokens where no resource is named.
 *
 * @param clientOf our record of a client of the library
 */
export function resourceAnswers(clientOf: (client: LibraryClient) => HotClient): ResourceAnswers {
  return {
    async defaultResource(ctx, client, oneOf) {
      if (oneOf !== undefined) return oneOf
      if (!isMachineRequest(ctx)) return []
      return decide(ctx, clientOf(client), undefined).resource.identifier
    },
    async getResourceServerInfo(ctx, identifier, client) {
      const access = decide(ctx, clientOf(client), identifier)
      const { params } = ctx.oidc
      // Runs before the library reads the scope: without one it would put none into the token.
      if (isMachineRequest(ctx) && params?.['scope'] === undefined && access.scopes.length > 0) {
        Object.assign(params ?? {}, { scope: access.scopes.join(' ') })
      }
      const { signer } = exchangeOf(ctx.req).opened
      return {
        scope: access.scopes.join(' '),
        audience: access.resource.identifier,
        accessTokenTTL: access.ttl,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: signer.alg, kid: signer.kid } },
      }
    },
  }
}

function isMachineRequest(ctx: KoaContextWithOIDC): boolean {
  return ctx.oidc.route === 'token' && ctx.oidc.params?.['grant_type'] === 'client_credentials'
}

function decide(ctx: KoaContextWithOIDC, client: HotClient, resource: string | undefined): Access {
  try {
    if (Array.isArray(ctx.oidc.params?.['resource'])) throw refusals.severalResources()
    return decideAccess(exchangeOf(ctx.req).opened.pool, client, { resource, scopes: askedScopes(ctx) })
  } catch (error) {
    throw error instanceof Refusal ? libraryError(error) : error
  }
}

function askedScopes(ctx: KoaContextWithOIDC): readonly string[] | undefined {
  const scope = ctx.oidc.params?.['scope']
  // Where a person signs in, the scopes of OpenID stand beside those of the resource, and the library intersects them.
  if (typeof scope !== 'string' || !isMachineRequest(ctx)) return undefined
  const scopes = parseScope(scope)
  if (scopes === undefined) throw refusals.malformedScope()
  return scopes
}

function libraryError(refusal: Refusal): Error {
  return new errors.CustomOIDCProviderError(refusal.code, refusal.description)
}

/** The resource that a request asked for, where it is one of the pool's: other texts are not repeated in events. */
export function knownResource(ctx: KoaContextWithOIDC): string | undefined {
  const resource = ctx.oidc.params?.['resource']
  return typeof resource === 'string' ? findResource(exchangeOf(ctx.req).opened.pool, resource)?.identifier : undefined
}

import { parseScope } from '@postern/core'
import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import type { HotClient } from '../directory/types.ts'
import { type Access, type AccessRequest, decideAccess, findResource } from './access.ts'
import { unlikeRegistered } from './diagnosis.ts'
import { exchangeOf } from './exchange.ts'
import type { LibraryClient } from './library-clients.ts'
import { isOpenIdScope } from './openid-scopes.ts'
import { Refusal, refusals } from './refusal.ts'

/** What oidc-provider asks about a resource (RFC 8707). */
export interface ResourceAnswers {
  defaultResource(
    ctx: KoaContextWithOIDC,
    client: LibraryClient,
    oneOf?: readonly string[],
  ): Promise<string | readonly string[]>
  /** A grant stays good for its resource when a token request names none. */
  useGrantedResource(): boolean
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
      if (isMachineRequest(ctx)) {
        return decide(ctx, clientOf(client), { scopes: askedScopes(ctx), lenient: true }).resource.identifier
      }
      if (!begins(ctx) || asksForIdentityAlone(ctx)) return []
      return decide(ctx, clientOf(client), { person: true }).resource.identifier
    },
    useGrantedResource: () => true,
    async getResourceServerInfo(ctx, resource, client) {
      const record = clientOf(client)
      const access = isMachineRequest(ctx) ? forMachine(ctx, record, resource) : forPerson(ctx, record, resource)
      const { signer } = exchangeOf(ctx.req).opened
      return {
        scope: access.scopes.join(' '),
        audience: access.audience,
        accessTokenTTL: access.ttl,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: signer.alg, kid: signer.kid } },
      }
    },
  }
}

function forMachine(ctx: KoaContextWithOIDC, client: HotClient, resource: string): Access {
  const access = decide(ctx, client, { resource, scopes: askedScopes(ctx), lenient: true })
  // Runs before the library reads the scope: without one it would put none into the token.
  Object.assign(ctx.oidc.params ?? {}, { scope: access.scopes.join(' ') || undefined })
  return access
}

/**
 * Where a person is going to be asked, the scope of the request becomes what may be granted: the scopes of OpenID that
 * were asked for, and those of the resource, all of them where none was named. Later requests are bound by the grant.
 */
function forPerson(ctx: KoaContextWithOIDC, client: HotClient, resource: string): Access {
  if (!begins(ctx)) return decide(ctx, client, { resource, person: true })
  const asked = askedScopes(ctx) ?? []
  const ofResource = asked.filter((name) => !isOpenIdScope(name))
  const scopes = ofResource.length === 0 ? undefined : ofResource
  const access = decide(ctx, client, { resource, scopes, person: true, lenient: true })
  const granted = [...asked.filter(isOpenIdScope), ...access.scopes]
  // The library takes a grant without any scope for a refusal, and a resource need not have scopes.
  setScope(ctx, granted.length === 0 ? ['openid'] : granted)
  return access
}

function setScope(ctx: KoaContextWithOIDC, scopes: readonly string[]): void {
  if (scopes.length > 0) Object.assign(ctx.oidc.params ?? {}, { scope: scopes.join(' ') })
}

function isMachineRequest(ctx: KoaContextWithOIDC): boolean {
  return ctx.oidc.route === 'token' && ctx.oidc.params?.['grant_type'] === 'client_credentials'
}

/** A request that starts something a person is asked about; what follows it works with what is granted. */
function begins(ctx: KoaContextWithOIDC): boolean {
  return ctx.oidc.route === 'authorization' || ctx.oidc.route === 'device_authorization'
}

/** A plain OpenID sign-in: its access token is for the userinfo endpoint and for nothing else. */
function asksForIdentityAlone(ctx: KoaContextWithOIDC): boolean {
  const scopes = askedScopes(ctx) ?? []
  return scopes.includes('openid') && scopes.every(isOpenIdScope)
}

function decide(ctx: KoaContextWithOIDC, client: HotClient, request: AccessRequest): Access {
  const { pool } = exchangeOf(ctx.req).opened
  try {
    if (Array.isArray(ctx.oidc.params?.['resource'])) throw refusals.severalResources()
    return decideAccess(pool, client, request)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const diagnosis = error.code === 'invalid_target' && request.resource !== undefined && request.person
    throw libraryError(error, diagnosis ? unlikeRegistered(pool, request.resource) : undefined)
  }
}

function askedScopes(ctx: KoaContextWithOIDC): readonly string[] | undefined {
  const scope = ctx.oidc.params?.['scope']
  if (typeof scope !== 'string') return undefined
  const scopes = parseScope(scope)
  if (scopes === undefined) throw libraryError(refusals.malformedScope())
  return scopes
}

function libraryError(refusal: Refusal, description: string = refusal.description): Error {
  return new errors.CustomOIDCProviderError(refusal.code, description)
}

/** The resource that a request asked for, where it is one of the pool's: other texts are not repeated in events. */
export function knownResource(ctx: KoaContextWithOIDC): string | undefined {
  const resource = ctx.oidc.params?.['resource']
  return typeof resource === 'string' ? findResource(exchangeOf(ctx.req).opened.pool, resource)?.identifier : undefined
}

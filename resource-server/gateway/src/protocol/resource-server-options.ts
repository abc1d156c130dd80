import type { ScopeHierarchy } from '@postern/core'
import type { ApiKeyGrant, ClaimRule, IssuerOptions, ResourceServerOptions } from '@postern/resource-server'
import type { ApiKey, Authorizer, JwtAuthorizer, ServedService } from '../catalog/types.ts'
import type { AccessOptions } from './access.ts'

/** A service's authorizers in the words of the kit. A bearer of API-key shape goes to its keys only, any other to its issuer only. */
export function resourceServerOptions(
  service: ServedService,
  scopeHierarchy: ScopeHierarchy | undefined,
  options: AccessOptions,
): ResourceServerOptions {
  const { catalog, clock, onEvent } = options
  const jwt = service.authorizers.find(isJwt)
  const hasKeys = service.authorizers.some(({ type }) => type === 'ApiKey')
  const requiredScopes = jwt?.requiredScopes ?? []
  const find = (hash: string): ApiKeyGrant | undefined => {
    const key = catalog.findKeyByHash(service.id, hash)
    if (key === undefined) return undefined
    const grant = grantOf(key, hash, requiredScopes)
    // Who is turned away with a value whose time is over has not used the key.
    if ((grant.expiresAt ?? Number.POSITIVE_INFINITY) > clock.now() / 1000) catalog.touchKey(service.id, key.id, hash)
    return grant
  }
  return {
    resource: service.url,
    resourceName: service.name,
    clock,
    rootMetadata: service.rootMetadata,
    // The gateway has judged that itself, for it knows where it is bound.
    allowedHosts: 'any',
    onEvent: (event) => onEvent(service.id, event),
    ...(scopeHierarchy === undefined ? {} : { scopeHierarchy }),
    ...(jwt === undefined ? {} : { issuers: [issuerOptions(jwt)], requiredScopes }),
    ...(hasKeys ? { apiKeys: { find } } : {}),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  }
}

function isJwt(authorizer: Authorizer): authorizer is JwtAuthorizer {
  return authorizer.type === 'CustomJWT'
}

function issuerOptions(authorizer: JwtAuthorizer): IssuerOptions {
  const {
    issuer,
    discoveryUrl,
    allowedClients = [],
    allowedAudiences = [],
    claims,
    acceptClientIdAudience,
  } = authorizer
  return {
    issuer,
    discoveryUrl,
    ...(allowedClients.length === 0 ? {} : { allowedClients }),
    ...(allowedAudiences.length === 0 ? {} : { audience: allowedAudiences }),
    ...(claims === undefined ? {} : { claims: claimRules(claims) }),
    ...(acceptClientIdAudience === true ? { acceptClientIdAudience } : {}),
  }
}

/** A key without scopes of its own is good for the whole service, so it has those that the service asks of tokens. */
function grantOf(key: ApiKey, hash: string, requiredScopes: readonly string[]): ApiKeyGrant {
  const { id, name, tools, scopes, previous } = key
  const { expiresAt } = previous?.hash === hash ? previous : key
  return {
    id,
    name,
    scopes: scopes ?? requiredScopes,
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt / 1000 }),
    ...(tools === undefined ? {} : { tools }),
  }
}

function claimRules(claims: Readonly<Record<string, unknown>>): Record<string, ClaimRule> {
  const rules: Record<string, ClaimRule> = {}
  for (const [name, rule] of Object.entries(claims)) {
    if (!isRule(rule)) throw new TypeError(`claims.${name}: give a text, a number, a boolean or a list of them`)
    rules[name] = rule
  }
  return rules
}

function isRule(rule: unknown): rule is ClaimRule {
  return isSimple(rule) || (Array.isArray(rule) && rule.every(isSimple))
}

function isSimple(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

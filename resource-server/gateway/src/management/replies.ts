import type { Access, ApiKeyReply, AuthorizerReply, ServiceReply, ToolsetReply } from '@postern/server'
import { maskBackend } from '../catalog/masked.ts'
import type { ApiKey, Authorizer, CreatedKey, PreviousKey, Service, ServiceAccess } from '../catalog/types.ts'

function time(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

function timeOrNull(epochMs: number | undefined): string | null {
  return epochMs === undefined ? null : time(epochMs)
}

/** @param value the key itself: in the answer to the request that made it, and nowhere else */
export function apiKeyReply(key: ApiKey, value?: string): ApiKeyReply {
  return {
    id: key.id,
    name: key.name,
    ...(value === undefined ? {} : { key: value }),
    hint: key.hint,
    ...(key.tools === undefined ? {} : { tools: [...key.tools] }),
    ...(key.scopes === undefined ? {} : { scopes: [...key.scopes] }),
    expiresAt: timeOrNull(key.expiresAt),
    createdAt: time(key.createdAt),
    lastUsedAt: timeOrNull(key.lastUsedAt),
    ...(key.previous === undefined ? {} : { previous: previousReply(key.previous) }),
  }
}

function previousReply({ hint, expiresAt, lastUsedAt }: PreviousKey) {
  return { hint, expiresAt: time(expiresAt), lastUsedAt: timeOrNull(lastUsedAt) }
}

function authorizerReply(authorizer: Authorizer, keys: ApiKeyReply[]): AuthorizerReply {
  if (authorizer.type === 'ApiKey') return { type: 'ApiKey', apiKeys: keys }
  const { allowedClients, allowedAudiences, requiredScopes, claims, acceptClientIdAudience } = authorizer
  return {
    type: 'CustomJWT',
    discoveryUrl: authorizer.discoveryUrl,
    issuer: authorizer.issuer,
    ...(allowedClients === undefined ? {} : { allowedClients: [...allowedClients] }),
    ...(allowedAudiences === undefined ? {} : { allowedAudiences: [...allowedAudiences] }),
    ...(requiredScopes === undefined ? {} : { requiredScopes: [...requiredScopes] }),
    ...(claims === undefined ? {} : { claims: { ...claims } }),
    ...(acceptClientIdAudience === undefined ? {} : { acceptClientIdAudience }),
  }
}

/**
 * @param endpoint the gateway's origin: `url` is it and `path`
 * @param created keys that this very request made
 */
export function serviceReply(
  service: Service,
  keys: readonly ApiKey[],
  endpoint: string,
  created: readonly CreatedKey[] = [],
): ServiceReply {
  const newValue = (key: ApiKey) => created.find(({ apiKey }) => apiKey.id === key.id)?.key
  const keyReplies = keys.map((key) => apiKeyReply(key, newValue(key)))
  return {
    id: service.id,
    name: service.name,
    path: service.path,
    url: service.url,
    endpoint,
    status: service.status,
    ...(service.statusReason === undefined ? {} : { statusReason: service.statusReason }),
    backend: { ...maskBackend(service.backend) },
    authorizers: service.authorizers.map((one) => authorizerReply(one, keyReplies)),
    isolation: service.isolation,
    rootMetadata: service.rootMetadata,
    ...(service.access === undefined ? {} : { access: accessOf(service.access) }),
    projectName: service.projectName,
    warnings: [...service.warnings],
    createdAt: time(service.createdAt),
    updatedAt: time(service.updatedAt),
  }
}

/** As {@link serviceReply}. @throws TypeError for a service that is none */
export function toolsetReply(
  service: Service,
  keys: readonly ApiKey[],
  endpoint: string,
  created: readonly CreatedKey[] = [],
): ToolsetReply {
  if (service.backend.type !== 'toolset') throw new TypeError('a service with a backend of its own is no toolset')
  const { serviceIds, mode } = service.backend
  const { backend: _, isolation: __, ...rest } = serviceReply(service, keys, endpoint, created)
  return { ...rest, serviceIds: [...serviceIds], mode }
}

/** A copy: a reply is its receiver's own. */
function accessOf(access: ServiceAccess): Access {
  return structuredClone(access) as Access
}

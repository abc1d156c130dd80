import type { ClientReply, KeyReply, PoolReply, ResourceReply, SecretCreated, SecretReply } from '@postern/server'
import { given } from '../directory/given.ts'
import type { Client, CreatedSecret, Key, PoolWithTotals, Resource, Scope, Secret } from '../directory/types.ts'
import { poolUrls } from '../directory/urls.ts'

function time(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

function timeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : time(epochMs)
}

function times(record: { readonly createdAt: number; readonly updatedAt: number }) {
  return { createdAt: time(record.createdAt), updatedAt: time(record.updatedAt) }
}

/** @param idpUrl public origin, of which the pool's addresses are made */
export function poolReply(idpUrl: string, pool: PoolWithTotals): PoolReply {
  return {
    id: pool.id,
    name: pool.name,
    ...given('description', pool.description),
    projectName: pool.projectName,
    signInAttributes: [...pool.signInAttributes],
    requiredSignUpAttributes: [...pool.requiredSignUpAttributes],
    selfSignUpEnabled: pool.selfSignUpEnabled,
    ...given('accessTokenTtl', pool.accessTokenTtl),
    signingAlgorithm: pool.signingAlgorithm,
    ...given('defaultResource', pool.defaultResource),
    ...poolUrls(idpUrl, pool.id),
    enabled: pool.enabled,
    totalUsers: pool.totalUsers,
    totalClients: pool.totalClients,
    ...times(pool),
  }
}

/** @param clientSecret in the answer to the request that made it, and nowhere else */
export function clientReply(client: Client, clientSecret?: string): ClientReply {
  const { redirectUris, scopes, resources } = client
  return {
    clientId: client.clientId,
    ...given('clientSecret', clientSecret),
    name: client.name,
    clientType: client.clientType,
    tokenEndpointAuthMethod: client.tokenEndpointAuthMethod,
    ...given('jwks', client.jwks === null ? null : { keys: client.jwks.keys.map((key) => ({ ...key })) }),
    ...given('jwksUri', client.jwksUri),
    ...given('redirectUris', client.clientType === 'MACHINE_TO_MACHINE' ? null : [...redirectUris]),
    ...given('scopes', scopes && [...scopes]),
    ...given('resources', resources && [...resources]),
    ...given('defaultResource', client.defaultResource),
    ...given('accessTokenTtl', client.accessTokenTtl),
    ...times(client),
  }
}

export function secretReply(secret: Secret): SecretReply {
  return {
    id: secret.id,
    createdAt: time(secret.createdAt),
    expiresAt: timeOrNull(secret.expiresAt),
    lastUsedAt: timeOrNull(secret.lastUsedAt),
  }
}

export function createdSecretReply({ secret, clientSecret }: CreatedSecret): SecretCreated {
  const { id, createdAt, expiresAt } = secret
  return { id, clientSecret, createdAt: time(createdAt), expiresAt: timeOrNull(expiresAt) }
}

function scopeReply(scope: Scope): ResourceReply['scopes'][number] {
  return {
    name: scope.name,
    ...given('description', scope.description),
    ...given('implies', scope.implies && [...scope.implies]),
  }
}

export function resourceReply(resource: Resource): ResourceReply {
  return {
    id: resource.id,
    identifier: resource.identifier,
    ...given('name', resource.name),
    scopes: resource.scopes.map(scopeReply),
    ...given('accessTokenTtl', resource.accessTokenTtl),
    ...times(resource),
  }
}

export function keyReply(key: Key): KeyReply {
  return {
    kid: key.kid,
    alg: key.alg,
    state: key.state,
    createdAt: time(key.createdAt),
    activatedAt: timeOrNull(key.activatedAt),
    retiresAt: timeOrNull(key.retiresAt),
  }
}

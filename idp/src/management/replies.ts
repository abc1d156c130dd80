import type {
  ClientReply,
  GroupReply,
  KeyReply,
  Mode,
  OutboxReply,
  PoolReply,
  ResourceReply,
  SecretCreated,
  SecretReply,
  UserReply,
} from '@postern/server'
import { registersDynamically } from '../directory/development-only.ts'
import { given } from '../directory/given.ts'
import type {
  Client,
  CreatedSecret,
  Group,
  Key,
  OutboxMessage,
  PoolWithTotals,
  Resource,
  Scope,
  Secret,
  User,
} from '../directory/types.ts'
import { poolUrls } from '../directory/urls.ts'

export interface ReplySettings {
  readonly idpUrl: string
  readonly mode: Mode
}

function time(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

function timeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : time(epochMs)
}

function times(record: { readonly createdAt: number; readonly updatedAt: number }) {
  return { createdAt: time(record.createdAt), updatedAt: time(record.updatedAt) }
}

/** @param settings the public origin, of which the pool's addresses are made, and the mode, which decides what is on */
export function poolReply({ idpUrl, mode }: ReplySettings, pool: PoolWithTotals): PoolReply {
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
    passwordPolicy: { ...pool.passwordPolicy },
    brand: { ...pool.brand },
    selfAccountRecoveryEnabled: pool.selfAccountRecoveryEnabled,
    signUpAutoVerificationEnabled: pool.signUpAutoVerificationEnabled,
    refreshTokenTtl: pool.refreshTokenTtl,
    refreshTokenGrace: pool.refreshTokenGrace,
    dynamicRegistrationEnabled: registersDynamically(pool, mode),
    clientIdMetadataDocumentsEnabled: pool.clientIdMetadataDocumentsEnabled,
    deviceFlowEnabled: pool.deviceFlowEnabled,
    ...given('unattendedUser', pool.unattendedUser),
    audience: pool.audience,
    ...poolUrls(idpUrl, pool.id),
    enabled: pool.enabled,
    totalUsers: pool.totalUsers,
    totalClients: pool.totalClients,
    ...times(pool),
  }
}

/** @param clientSecret in the answer to the request that made it, and nowhere else */
export function clientReply(client: Client, clientSecret?: string): ClientReply {
  const { redirectUris, postLogoutRedirectUris, scopes, resources } = client
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
    grantTypes: [...client.grantTypes],
    ...given('postLogoutRedirectUris', postLogoutRedirectUris.length === 0 ? null : [...postLogoutRedirectUris]),
    ...given('logoUri', client.logoUri),
    ...given('clientUri', client.clientUri),
    ...given('refreshTokenTtl', client.refreshTokenTtl),
    skipConsentEnabled: client.skipConsentEnabled,
    ...given('unattendedUser', client.unattendedUser),
    registration: client.registration,
    ...given('expiresAt', timeOrNull(client.expiresAt)),
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

/** Never the password, in any form. */
export function userReply(user: User): UserReply {
  return {
    id: user.id,
    status: user.status,
    ...given('preferredUsername', user.preferredUsername),
    ...given('email', user.email),
    ...given('emailVerified', user.email === null ? null : user.emailVerified),
    ...given('phoneNumber', user.phoneNumber),
    ...given('phoneNumberVerified', user.phoneNumber === null ? null : user.phoneNumberVerified),
    ...user.profile,
    ...given('metadata', user.metadata),
    groups: user.groups.map(({ id }) => id),
    ...times(user),
    ...given('lastSignInAt', timeOrNull(user.lastSignInAt)),
  }
}

export function groupReply(group: Group): GroupReply {
  return {
    id: group.id,
    name: group.name,
    ...given('description', group.description),
    ...given('precedence', group.precedence),
    ...times(group),
  }
}

export function outboxReply(message: OutboxMessage): OutboxReply {
  return { ...message, createdAt: time(message.createdAt), expiresAt: time(message.expiresAt) }
}

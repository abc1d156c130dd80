import { defaultGrantTypes, defaultPasswordPolicy } from '@postern/server'
import type { Selectable } from 'kysely'
import type { ClientSecretTable, ClientTable, PoolTable, ResourceTable, SigningKeyTable } from '../schema.ts'
import type { Client, Key, Pool, Resource, Secret } from './types.ts'

/** What was written here as JSON of type T is read back as T: the one place that trusts the stored text. */
export function fromJson<T>(text: string): T {
  return JSON.parse(text) as T
}

function fromJsonOrNull<T>(text: string | null): T | null {
  return text === null ? null : fromJson<T>(text)
}

export function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value)
}

/** Databases bind no booleans, or not all of them. */
export function flag(value: boolean): number {
  return value ? 1 : 0
}

export function poolFromRow(row: Selectable<PoolTable>): Pool {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    projectName: row.project_name,
    enabled: row.enabled !== 0,
    signInAttributes: fromJson(row.sign_in_attributes),
    requiredSignUpAttributes: fromJson(row.required_sign_up_attributes),
    selfSignUpEnabled: row.self_sign_up_enabled !== 0,
    accessTokenTtl: row.access_token_ttl,
    signingAlgorithm: row.signing_algorithm as Pool['signingAlgorithm'],
    defaultResource: row.default_resource,
    passwordPolicy: { ...defaultPasswordPolicy, ...fromJson<Partial<Pool['passwordPolicy']>>(row.password_policy) },
    brand: fromJson(row.brand),
    selfAccountRecoveryEnabled: row.self_account_recovery_enabled !== 0,
    signUpAutoVerificationEnabled: row.sign_up_auto_verification_enabled !== 0,
    refreshTokenTtl: row.refresh_token_ttl,
    refreshTokenGrace: row.refresh_token_grace,
    dynamicRegistrationEnabled:
      row.dynamic_registration_enabled === null ? null : row.dynamic_registration_enabled !== 0,
    clientIdMetadataDocumentsEnabled: row.metadata_documents_enabled !== 0,
    deviceFlowEnabled: row.device_flow_enabled !== 0,
    unattendedUser: row.unattended_user,
    audience: row.audience as Pool['audience'],
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** The columns that a person may set. */
export function poolColumns(pool: Omit<Pool, 'id' | 'revision' | 'createdAt' | 'updatedAt'>) {
  return {
    name: pool.name,
    description: pool.description,
    project_name: pool.projectName,
    enabled: flag(pool.enabled),
    sign_in_attributes: JSON.stringify(pool.signInAttributes),
    required_sign_up_attributes: JSON.stringify(pool.requiredSignUpAttributes),
    self_sign_up_enabled: flag(pool.selfSignUpEnabled),
    access_token_ttl: pool.accessTokenTtl,
    signing_algorithm: pool.signingAlgorithm,
    default_resource: pool.defaultResource,
    password_policy: JSON.stringify(pool.passwordPolicy),
    brand: JSON.stringify(pool.brand),
    self_account_recovery_enabled: flag(pool.selfAccountRecoveryEnabled),
    sign_up_auto_verification_enabled: flag(pool.signUpAutoVerificationEnabled),
    refresh_token_ttl: pool.refreshTokenTtl,
    refresh_token_grace: pool.refreshTokenGrace,
    dynamic_registration_enabled:
      pool.dynamicRegistrationEnabled === null ? null : flag(pool.dynamicRegistrationEnabled),
    metadata_documents_enabled: flag(pool.clientIdMetadataDocumentsEnabled),
    device_flow_enabled: flag(pool.deviceFlowEnabled),
    unattended_user: pool.unattendedUser,
    audience: pool.audience,
  }
}

export function clientFromRow(row: Selectable<ClientTable>): Client {
  return {
    poolId: row.pool_id,
    clientId: row.client_id,
    name: row.name,
    clientType: row.client_type as Client['clientType'],
    tokenEndpointAuthMethod: row.token_endpoint_auth_method as Client['tokenEndpointAuthMethod'],
    jwks: fromJsonOrNull(row.jwks),
    jwksUri: row.jwks_uri,
    redirectUris: fromJson(row.redirect_uris),
    scopes: fromJsonOrNull(row.scopes),
    resources: fromJsonOrNull(row.resources),
    defaultResource: row.default_resource,
    accessTokenTtl: row.access_token_ttl,
    grantTypes: fromJsonOrNull(row.grant_types) ?? defaultGrantTypes(row.client_type as Client['clientType']),
    postLogoutRedirectUris: fromJson(row.post_logout_redirect_uris),
    logoUri: row.logo_uri,
    clientUri: row.client_uri,
    refreshTokenTtl: row.refresh_token_ttl,
    skipConsentEnabled: row.skip_consent_enabled !== 0,
    unattendedUser: row.unattended_user,
    registration: row.registration as Client['registration'],
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** The columns that a person may set. */
export function clientColumns(client: Omit<Client, 'poolId' | 'clientId' | 'createdAt' | 'updatedAt'>) {
  return {
    name: client.name,
    client_type: client.clientType,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    jwks: jsonOrNull(client.jwks),
    jwks_uri: client.jwksUri,
    redirect_uris: JSON.stringify(client.redirectUris),
    scopes: jsonOrNull(client.scopes),
    resources: jsonOrNull(client.resources),
    default_resource: client.defaultResource,
    access_token_ttl: client.accessTokenTtl,
    grant_types: JSON.stringify(client.grantTypes),
    post_logout_redirect_uris: JSON.stringify(client.postLogoutRedirectUris),
    logo_uri: client.logoUri,
    client_uri: client.clientUri,
    refresh_token_ttl: client.refreshTokenTtl,
    skip_consent_enabled: flag(client.skipConsentEnabled),
    unattended_user: client.unattendedUser,
    registration: client.registration,
    expires_at: client.expiresAt,
  }
}

export function secretFromRow(row: Selectable<ClientSecretTable>): Secret {
  return { id: row.id, createdAt: row.created_at, expiresAt: row.expires_at, lastUsedAt: row.last_used_at }
}

export function resourceFromRow(row: Selectable<ResourceTable>): Resource {
  return {
    id: row.id,
    poolId: row.pool_id,
    identifier: row.identifier,
    name: row.name,
    scopes: fromJson(row.scopes),
    accessTokenTtl: row.access_token_ttl,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

export function keyFromRow(row: Omit<Selectable<SigningKeyTable>, 'sealed_private' | 'public_jwk' | 'pool_id'>): Key {
  return {
    kid: row.kid,
    alg: row.alg as Key['alg'],
    state: row.state as Key['state'],
    createdAt: row.created_at,
    activatedAt: row.activated_at,
    retiresAt: row.retires_at,
  }
}

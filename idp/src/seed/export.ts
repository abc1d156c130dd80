import {
  defaultGrantTypes,
  type Seed,
  type SeedClient,
  type SeedGroup,
  type SeedPool,
  type SeedResource,
  type SeedUser,
} from '@postern/server'
import { needsSecret } from '../directory/client-authentication.ts'
import { given } from '../directory/given.ts'
import { sameColumns } from '../directory/merge.ts'
import type { Client, ClientContent, Directory, Group, HashedUser, PoolContent, Resource } from '../directory/types.ts'
import { exportedSecrets } from './secrets.ts'

/** Two directories of the same content export the same text, whatever order they were filled in. */
function inOrder<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

function exportResource(resource: Resource): SeedResource {
  const scopes = resource.scopes.map((scope) => ({
    name: scope.name,
    ...given('description', scope.description),
    ...given('implies', scope.implies && [...scope.implies]),
  }))
  return {
    identifier: resource.identifier,
    ...given('name', resource.name),
    scopes,
    ...given('accessTokenTtl', resource.accessTokenTtl),
  }
}

/** Also where a client with keys has secrets, for it may change its method again. */
function exportSecrets(client: ClientContent): SeedClient['secretHash'] | null {
  return client.secrets.length > 0 || needsSecret(client) ? exportedSecrets(client.secrets) : null
}

function exportClient(client: ClientContent): SeedClient {
  const { redirectUris, postLogoutRedirectUris } = client
  return {
    clientId: client.clientId,
    name: client.name,
    clientType: client.clientType,
    tokenEndpointAuthMethod: client.tokenEndpointAuthMethod,
    ...given('secretHash', exportSecrets(client)),
    ...given('jwks', exportJwks(client)),
    ...given('jwksUri', client.jwksUri),
    ...given('redirectUris', redirectUris.length === 0 ? null : [...redirectUris]),
    ...given('scopes', client.scopes && [...client.scopes]),
    ...given('resources', client.resources && [...client.resources]),
    ...given('defaultResource', client.defaultResource),
    ...given('accessTokenTtl', client.accessTokenTtl),
    ...given('grantTypes', exportGrants(client)),
    ...given('postLogoutRedirectUris', postLogoutRedirectUris.length === 0 ? null : [...postLogoutRedirectUris]),
    ...given('logoUri', client.logoUri),
    ...given('clientUri', client.clientUri),
    ...given('refreshTokenTtl', client.refreshTokenTtl),
    ...given('skipConsentEnabled', client.skipConsentEnabled || null),
    ...given('unattendedUser', client.unattendedUser),
  }
}

function exportGrants({ clientType, grantTypes }: Client): SeedClient['grantTypes'] | null {
  return sameColumns(grantTypes, defaultGrantTypes(clientType)) ? null : [...grantTypes]
}

function exportGroup({ id, name, description, precedence }: Group): SeedGroup {
  return { id, name, ...given('description', description), ...given('precedence', precedence) }
}

function exportUser(user: HashedUser): SeedUser {
  return {
    id: user.id,
    status: user.status,
    ...given('preferredUsername', user.preferredUsername),
    ...given('email', user.email),
    ...given('emailVerified', user.emailVerified || null),
    ...given('phoneNumber', user.phoneNumber),
    ...given('phoneNumberVerified', user.phoneNumberVerified || null),
    ...user.profile,
    ...given('metadata', user.metadata),
    ...given('groups', user.groups.length === 0 ? null : user.groups.map(({ id }) => id).sort()),
    ...given('passwordHash', user.passwordHash),
    ...given('signedUp', user.signedUp || null),
  }
}

function exportJwks({ jwks }: Client): SeedClient['jwks'] | null {
  // The contract's own schema let it in; nothing else writes this column.
  return jwks === null ? null : (structuredClone(jwks) as NonNullable<SeedClient['jwks']>)
}

/** Said as well where there is none: the first resource would become it. */
function exportDefault({ defaultResource, resources }: PoolContent): Pick<SeedPool, 'defaultResource'> {
  if (defaultResource === null) return resources.length === 0 ? {} : { defaultResource }
  const isThere = resources.some(({ identifier }) => identifier === defaultResource)
  return { defaultResource: isThere ? defaultResource : { toCome: defaultResource } }
}

function exportPeopleSettings(pool: PoolContent): Partial<SeedPool> {
  const { brand } = pool
  return {
    passwordPolicy: { ...pool.passwordPolicy },
    ...given('brand', Object.keys(brand).length === 0 ? null : { ...brand }),
    selfAccountRecoveryEnabled: pool.selfAccountRecoveryEnabled,
    signUpAutoVerificationEnabled: pool.signUpAutoVerificationEnabled,
    refreshTokenTtl: pool.refreshTokenTtl,
    refreshTokenGrace: pool.refreshTokenGrace,
    ...given('dynamicRegistrationEnabled', pool.dynamicRegistrationEnabled),
    clientIdMetadataDocumentsEnabled: pool.clientIdMetadataDocumentsEnabled,
    deviceFlowEnabled: pool.deviceFlowEnabled,
    ...given('unattendedUser', pool.unattendedUser),
    ...given('audience', pool.audience === 'resource' ? null : pool.audience),
  }
}

function exportPool(pool: PoolContent): SeedPool {
  return {
    id: pool.id,
    name: pool.name,
    ...given('description', pool.description),
    projectName: pool.projectName,
    // Where a pool was disabled since, a file must not enable it again because it is older.
    ...given('enabled', pool.enabled ? null : false),
    signInAttributes: [...pool.signInAttributes],
    requiredSignUpAttributes: [...pool.requiredSignUpAttributes],
    selfSignUpEnabled: pool.selfSignUpEnabled,
    ...given('accessTokenTtl', pool.accessTokenTtl),
    signingAlgorithm: pool.signingAlgorithm,
    ...exportDefault(pool),
    ...exportPeopleSettings(pool),
    resources: inOrder(pool.resources, ({ identifier }) => identifier).map(exportResource),
    ...given('groups', pool.groups.length === 0 ? null : inOrder(pool.groups, ({ id }) => id).map(exportGroup)),
    ...given('users', pool.users.length === 0 ? null : inOrder(pool.users, ({ id }) => id).map(exportUser)),
    clients: inOrder(pool.clients, ({ clientId }) => clientId).map(exportClient),
  }
}

/** The directory as a seed: applied to an empty one, it makes the same again. Secrets are in it as hashes. */
export async function exportSeed(directory: Directory): Promise<Pick<Seed, 'version' | 'pools'>> {
  const pools = await directory.contents()
  return { version: 1, pools: inOrder(pools, ({ id }) => id).map(exportPool) }
}

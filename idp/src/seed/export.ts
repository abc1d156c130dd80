import type { Seed, SeedClient, SeedPool, SeedResource } from '@postern/server'
import { needsSecret } from '../directory/client-authentication.ts'
import { given } from '../directory/given.ts'
import type { Client, ClientContent, Directory, PoolContent, Resource } from '../directory/types.ts'
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
  const { redirectUris } = client
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
    resources: inOrder(pool.resources, ({ identifier }) => identifier).map(exportResource),
    clients: inOrder(pool.clients, ({ clientId }) => clientId).map(exportClient),
  }
}

/** The directory as a seed: applied to an empty one, it makes the same again. Secrets are in it as hashes. */
export async function exportSeed(directory: Directory): Promise<Pick<Seed, 'version' | 'pools'>> {
  const pools = await directory.contents()
  return { version: 1, pools: inOrder(pools, ({ id }) => id).map(exportPool) }
}

import { apiKeyHint, hashApiKey } from '@postern/core'
import type { Seed, SeedApiKey, SeedAuthorizer, SeedService, SeedToolset } from '@postern/server'
import type { AuthorizerInput, KeyInput, SeedInput } from '../catalog/types.ts'

/** What a seed says of services and toolsets, as the catalogue takes it: the services first. */
export function seedInputs(
  { services, toolsets }: Pick<Seed, 'services' | 'toolsets'>,
  idpUrl: string,
): Promise<SeedInput[]> {
  const all = [...services.map((one) => seedInput(one, idpUrl)), ...toolsets.map((one) => toolsetInput(one, idpUrl))]
  return Promise.all(all)
}

function toolsetInput({ serviceIds, mode, ...rest }: SeedToolset, idpUrl: string): Promise<SeedInput> {
  return seedInput({ ...rest, backend: { type: 'toolset', serviceIds, mode } }, idpUrl)
}

type Seeded = Omit<SeedService, 'backend' | 'isolation'> & Pick<SeedInput, 'backend' | 'isolation'>

/** `pool` means a pool of the identity provider at `idpUrl`. */
async function seedInput(service: Seeded, idpUrl: string): Promise<SeedInput> {
  const { name, authorizers, ...rest } = service
  const named = { ...rest, name: name ?? service.id }
  if (authorizers === undefined) return named
  return { ...named, authorizers: await Promise.all(authorizers.map((one) => authorizerInput(one, idpUrl))) }
}

async function authorizerInput(authorizer: SeedAuthorizer, idpUrl: string): Promise<AuthorizerInput> {
  if (authorizer.type === 'ApiKey') {
    return { type: 'ApiKey', apiKeys: await Promise.all((authorizer.apiKeys ?? []).map(keyInput)) }
  }
  const { pool, discoveryUrl, ...rest } = authorizer
  return { ...rest, discoveryUrl: discoveryUrl ?? poolDiscoveryUrl(idpUrl, pool ?? '') }
}

/** Where a pool of our own identity provider publishes its metadata. */
export function poolDiscoveryUrl(idpUrl: string, poolId: string): string {
  return `${idpUrl}/pools/${poolId}/.well-known/openid-configuration`
}

async function keyInput({ key, keyHash, expiresAt, ...rest }: SeedApiKey): Promise<KeyInput> {
  const value = key === undefined ? {} : { hash: await hashApiKey(key), hint: apiKeyHint(key) }
  return {
    ...rest,
    ...value,
    ...(keyHash === undefined ? {} : { hash: keyHash }),
    ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
  }
}

import { maskBackend } from '../catalog/masked.ts'
import type { ApiKey, Authorizer, Catalog, Service, ServiceRoom } from '../catalog/types.ts'
import { poolDiscoveryUrl } from './inputs.ts'

/** The gateway's part of a seed; the contract's schema `seed` takes it. */
export interface ExportedSeed {
  readonly version: 1
  readonly services: readonly ReturnType<typeof exportService>[]
  /** Only where there are some. */
  readonly toolsets?: readonly ReturnType<typeof exportToolset>[]
}

/**
 * All services and toolsets as a seed. Keys are in it as hashes. Values of env and headers are masked ("***"): applied
 * where the service is, they stand for what is stored there; elsewhere they have to be written in.
 */
export function exportSeed(catalog: Catalog, idpUrl: string): ExportedSeed {
  const services = all(catalog.services).map((one) => exportService(one, catalog.keys.list(one.id), idpUrl))
  const toolsets = all(catalog.toolsets).map((one) => exportToolset(one, catalog.keys.list(one.id), idpUrl))
  return { version: 1, services, ...(toolsets.length === 0 ? {} : { toolsets }) }
}

function all(room: Pick<ServiceRoom, 'list'>): Service[] {
  const found: Service[] = []
  let place: Parameters<ServiceRoom['list']>[1]
  do {
    const { items, next } = room.list(100, place)
    found.push(...items.filter(({ status }) => status !== 'Deleting'))
    place = next ?? undefined
  } while (place)
  return found
}

function exportToolset(toolset: Service, keys: readonly ApiKey[], idpUrl: string) {
  const { backend, isolation: _, ...rest } = exportService(toolset, keys, idpUrl)
  return { ...rest, ...(backend.type === 'toolset' ? { serviceIds: [...backend.serviceIds], mode: backend.mode } : {}) }
}

function exportService(service: Service, keys: readonly ApiKey[], idpUrl: string) {
  return {
    id: service.id,
    name: service.name,
    path: service.path,
    projectName: service.projectName,
    backend: maskBackend(service.backend),
    authorizers: service.authorizers.map((one) => exportAuthorizer(one, keys, idpUrl)),
    isolation: service.isolation,
    rootMetadata: service.rootMetadata,
    ...(service.access === undefined ? {} : { access: service.access }),
  }
}

function exportAuthorizer(authorizer: Authorizer, keys: readonly ApiKey[], idpUrl: string) {
  if (authorizer.type === 'ApiKey') return { type: 'ApiKey', apiKeys: keys.map(exportKey) }
  const { issuer, discoveryUrl, ...rest } = authorizer
  const poolId = issuer.startsWith(`${idpUrl}/pools/`) ? issuer.slice(`${idpUrl}/pools/`.length) : ''
  // A pool of ours goes by its name, unless its metadata is asked for at another of its three places.
  const place = discoveryUrl === poolDiscoveryUrl(idpUrl, poolId) ? { pool: poolId } : { discoveryUrl }
  return { ...rest, ...place }
}

function exportKey({ name, hash, expiresAt, tools, scopes }: ApiKey) {
  return {
    name,
    keyHash: hash,
    ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
    ...(tools === undefined ? {} : { tools: tools }),
    ...(scopes === undefined ? {} : { scopes: scopes }),
  }
}

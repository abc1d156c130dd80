import { issuerFromDiscoveryUrl } from '@postern/core'
import type {
  Annotations,
  ApiKeyAuthorizer,
  Authorizer,
  Backend,
  Isolation,
  JwtAuthorizer,
  ServedService,
  Service,
  ServiceAccess,
  ServiceStatus,
} from './types.ts'

/** A CustomJWT authorizer as stored. */
export interface StoredJwtAuthorizer extends Omit<JwtAuthorizer, 'issuer' | 'discoveryUrl'> {
  /** Below the identity provider's origin it is stored from the path on, so that it moves along with that origin. */
  readonly discoveryUrl: string
}

export type StoredAuthorizer = ApiKeyAuthorizer | StoredJwtAuthorizer

/** A service as the catalogue keeps it, opened. */
export interface StoredService {
  readonly id: string
  readonly name: string
  readonly projectName: string
  readonly path: string
  readonly backend: Backend
  /** The revision that asked for `backend` and `isolation`. */
  readonly backendRevision: number
  /** What passed its check last, and the revision since when it serves. */
  readonly live?: { readonly backend: Backend; readonly revision: number }
  readonly authorizers: readonly StoredAuthorizer[]
  readonly isolation: Isolation
  readonly rootMetadata: boolean
  readonly access?: ServiceAccess
  readonly annotations?: Annotations
  readonly status: ServiceStatus
  readonly statusReason?: string
  readonly idempotency?: { readonly token: string; readonly request: string }
  readonly revision: number
  readonly createdAt: number
  readonly updatedAt: number
}

/** The public origins, from which URLs are made. */
export interface Origins {
  readonly publicUrl: string
  readonly idpUrl: string
}

/** Is the service waiting for a check of its backend? */
export function isPending(service: StoredService): boolean {
  return service.status === 'Creating' || service.status === 'Updating'
}

/** The part of a discovery URL that is stored: without the identity provider's origin, where it begins with it. */
export function storedDiscoveryUrl(url: string, { idpUrl }: Origins): string {
  return url.startsWith(`${idpUrl}/`) ? url.slice(idpUrl.length) : url
}

function fullDiscoveryUrl(stored: string, { idpUrl }: Origins): string {
  return stored.startsWith('/') ? idpUrl + stored : stored
}

/** An authorizer with its URLs made whole. */
export function openAuthorizer(stored: StoredAuthorizer, origins: Origins): Authorizer {
  if (stored.type === 'ApiKey') return stored
  const discoveryUrl = fullDiscoveryUrl(stored.discoveryUrl, origins)
  const issuer = issuerFromDiscoveryUrl(discoveryUrl)
  if (issuer === undefined) throw new TypeError('a stored discovery URL belongs to no issuer')
  return { ...stored, discoveryUrl, issuer }
}

/** The service as the management API shows it. */
export function viewOf(stored: StoredService, origins: Origins, warnings: readonly string[]): Service {
  return {
    id: stored.id,
    name: stored.name,
    projectName: stored.projectName,
    path: stored.path,
    url: origins.publicUrl + stored.path,
    backend: stored.backend,
    authorizers: stored.authorizers.map((one) => openAuthorizer(one, origins)),
    isolation: stored.isolation,
    rootMetadata: stored.rootMetadata,
    ...(stored.access === undefined ? {} : { access: stored.access }),
    status: stored.status,
    ...(stored.statusReason === undefined ? {} : { statusReason: stored.statusReason }),
    warnings,
    ...(stored.annotations === undefined ? {} : { annotations: stored.annotations }),
    createdAt: stored.createdAt,
    updatedAt: stored.updatedAt,
  }
}

/** The service as it is served. */
export function servedOf(stored: StoredService, origins: Origins): ServedService {
  return {
    id: stored.id,
    name: stored.name,
    path: stored.path,
    url: origins.publicUrl + stored.path,
    revision: stored.revision,
    ...(stored.live === undefined ? {} : { backend: stored.live.backend }),
    backendRevision: stored.live?.revision ?? stored.backendRevision,
    authorizers: stored.authorizers.map((one) => openAuthorizer(one, origins)),
    isolation: stored.isolation,
    rootMetadata: stored.rootMetadata,
    ...(stored.access === undefined ? {} : { access: stored.access }),
    preparing: stored.live === undefined && stored.status === 'Creating',
  }
}

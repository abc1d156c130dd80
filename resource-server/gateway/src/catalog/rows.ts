import type { Sealer } from '@postern/server'
import type { Selectable } from 'kysely'
import type { ApiKeyTable, ServiceTable } from '../schema.ts'
import type { StoredService } from './stored.ts'
import type { Annotations, ApiKey, Backend, Isolation, PreviousKey, ServiceAccess, ServiceStatus } from './types.ts'

/** What was written here as JSON of type T is read back as T: the one place that trusts the stored text. */
function fromJson<T>(text: string): T {
  return JSON.parse(text) as T
}

const sealedAs = (id: string, column: 'backend' | 'client_token_body' | 'annotations') => `service/${id}/${column}`

/** Seals a text of a service under the name of its column: it opens in no other row and no other column. */
export function sealRequest(sealer: Sealer, id: string, request: string): string {
  return sealer.seal(request, sealedAs(id, 'client_token_body'))
}

export function openRequest(sealer: Sealer, id: string, sealed: string): string {
  return sealer.open(sealed, sealedAs(id, 'client_token_body'))
}

export function serviceToRow(sealer: Sealer, service: StoredService): ServiceTable {
  const seal = (backend: Backend) => sealer.seal(JSON.stringify(backend), sealedAs(service.id, 'backend'))
  return {
    id: service.id,
    name: service.name,
    project_name: service.projectName,
    path: service.path,
    path_key: service.path.toLowerCase(),
    backend: seal(service.backend),
    live_backend: service.live === undefined ? null : seal(service.live.backend),
    backend_revision: service.backendRevision,
    live_revision: service.live?.revision ?? null,
    authorizers: JSON.stringify(service.authorizers),
    isolation: service.isolation,
    root_metadata: service.rootMetadata ? 1 : 0,
    status: service.status,
    status_reason: service.statusReason ?? null,
    client_token: service.idempotency?.token ?? null,
    client_token_body: service.idempotency?.request ?? null,
    revision: service.revision,
    annotations:
      service.annotations === undefined
        ? null
        : sealer.seal(JSON.stringify(service.annotations), sealedAs(service.id, 'annotations')),
    access: service.access === undefined ? null : JSON.stringify(service.access),
    created_at: service.createdAt,
    updated_at: service.updatedAt,
  }
}

export function serviceFromRow(sealer: Sealer, row: Selectable<ServiceTable>): StoredService {
  const open = (sealed: string) => fromJson<Backend>(sealer.open(sealed, sealedAs(row.id, 'backend')))
  const { live_backend: live, live_revision: revision, client_token: token, client_token_body: request } = row
  return {
    id: row.id,
    name: row.name,
    projectName: row.project_name,
    path: row.path,
    backend: open(row.backend),
    backendRevision: row.backend_revision,
    ...(live === null || revision === null ? {} : { live: { backend: open(live), revision } }),
    authorizers: fromJson(row.authorizers),
    isolation: row.isolation as Isolation,
    rootMetadata: row.root_metadata !== 0,
    ...(row.annotations === null
      ? {}
      : { annotations: fromJson<Annotations>(sealer.open(row.annotations, sealedAs(row.id, 'annotations'))) }),
    ...(row.access === null ? {} : { access: fromJson<ServiceAccess>(row.access) }),
    status: row.status as ServiceStatus,
    ...(row.status_reason === null ? {} : { statusReason: row.status_reason }),
    ...(token === null || request === null ? {} : { idempotency: { token, request } }),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

export function keyToRow(key: ApiKey): ApiKeyTable {
  return {
    service_id: key.serviceId,
    id: key.id,
    name: key.name,
    hash: key.hash,
    hint: key.hint,
    kept: key.kept ?? null,
    tools: key.tools === undefined ? null : JSON.stringify(key.tools),
    scopes: key.scopes === undefined ? null : JSON.stringify(key.scopes),
    created_at: key.createdAt,
    expires_at: key.expiresAt ?? null,
    last_used_at: key.lastUsedAt ?? null,
    previous_hash: key.previous?.hash ?? null,
    previous_hint: key.previous?.hint ?? null,
    previous_expires_at: key.previous?.expiresAt ?? null,
    previous_last_used_at: key.previous?.lastUsedAt ?? null,
    seed_hash: key.seedHash ?? null,
    rotated_hashes: key.rotated === undefined ? null : JSON.stringify(key.rotated),
  }
}

export function keyFromRow(row: Selectable<ApiKeyTable>): ApiKey {
  return {
    id: row.id,
    serviceId: row.service_id,
    name: row.name,
    hash: row.hash,
    hint: row.hint,
    ...(row.kept === null ? {} : { kept: row.kept }),
    createdAt: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
    ...previousOf(row),
    ...(row.seed_hash === null ? {} : { seedHash: row.seed_hash }),
    ...(row.rotated_hashes === null ? {} : { rotated: fromJson<string[]>(row.rotated_hashes) }),
    ...(row.tools === null ? {} : { tools: fromJson<string[]>(row.tools) }),
    ...(row.scopes === null ? {} : { scopes: fromJson<string[]>(row.scopes) }),
  }
}

function previousOf(row: Selectable<ApiKeyTable>): { previous?: PreviousKey } {
  const { previous_hash: hash, previous_hint: hint, previous_expires_at: expiresAt, previous_last_used_at: last } = row
  if (hash === null || hint === null || expiresAt === null) return {}
  return { previous: { hash, hint, expiresAt, ...(last === null ? {} : { lastUsedAt: last }) } }
}

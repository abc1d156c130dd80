import type { BackendService, ToolsetBackend } from '../../backends/types.ts'
import type { HotCatalog } from '../../catalog/types.ts'

/** A toolset that can be served. */
export interface ReadyToolset extends BackendService {
  readonly backend: ToolsetBackend
}

/** A service in a toolset; without `service` it cannot be served now. */
export interface Member {
  readonly id: string
  readonly service: BackendService | undefined
}

export function isToolset(service: BackendService): service is ReadyToolset {
  return service.backend.type === 'toolset'
}

/** The services of a toolset as they are at this moment, in its order. */
export function membersOf({ backend }: ReadyToolset, catalog: Pick<HotCatalog, 'findById'>): readonly Member[] {
  return backend.serviceIds.map((id) => ({ id, service: readyService(id, catalog) }))
}

/** Undefined for one that is not ready, is gone, or is itself a toolset: no toolset leads to another. */
export function readyService(id: string, { findById }: Pick<HotCatalog, 'findById'>): BackendService | undefined {
  const service = findById(id)
  if (service?.backend === undefined || service.backend.type === 'toolset') return undefined
  return { ...service, backend: service.backend }
}

import type { Clock } from '@postern/core'
import type { Sealer } from '@postern/server'
import type { JsonObject } from '../backends/json-rpc.ts'
import type { Catalog } from '../catalog/types.ts'

export interface VolcengineContext {
  readonly catalog: Catalog
  /** Keeps keys, so that Get can show them again. undefined: they are shown nowhere but in the management API's 201. */
  readonly sealer: Sealer | undefined
  readonly clock: Clock
  /** The tools of a service as it lists them. Rejects when it cannot be asked. */
  readonly listTools: (serviceId: string) => Promise<readonly JsonObject[]>
  /** Public origin of the gateway. */
  readonly gatewayUrl: string
}

/** Where a service of the originals' API stands, so that any number of them can ask for one path. */
export function placeOf(serviceId: string): string {
  return `/services/${serviceId}`
}

/** A sealed key opens for its own service alone. */
export function sealContext(serviceId: string): string {
  return `api-key:${serviceId}`
}

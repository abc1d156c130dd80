import type { Caller } from '../../backends/types.ts'
import type { HotCatalog } from '../../catalog/types.ts'
import type { ToolsetLimits } from '../../limits.ts'
import type { Relay, RelayRequest } from '../relay.ts'
import type { ReadyToolset } from './members.ts'
import type { Notes } from './notes.ts'
import type { UriBook, Viewer } from './uris.ts'

/** What every part of the toolsets stands on. */
export interface Ground {
  readonly catalog: Pick<HotCatalog, 'findById'>
  /** Takes a request to one service. */
  readonly relay: Relay
  readonly uris: UriBook
  readonly notes: Notes
  readonly limits: ToolsetLimits
}

/** A request on a toolset. */
export interface ToolsetRequest extends RelayRequest {
  readonly service: ReadyToolset
}

export function viewerOf({ service, principal }: ToolsetRequest): Viewer {
  return viewOf(service, principal.caller)
}

export function viewOf({ id, backend }: ReadyToolset, { key }: Caller): Viewer {
  return { toolsetId: id, callerKey: key, serviceIds: backend.serviceIds }
}

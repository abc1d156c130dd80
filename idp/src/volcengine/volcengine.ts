import { type NodeHandler, type WireApiOptions, wireApi } from '@postern/server'
import type { VolcengineContext } from './context.ts'
import { poolClientActions } from './pool-clients.ts'
import { userPoolActions } from './user-pools.ts'

export type VolcengineOptions = VolcengineContext & Omit<WireApiOptions, 'service' | 'version' | 'actions'>

/** The directory under the originals' Agent Identity API: service `id`, the same rooms, their spelling. */
export function createVolcengine(options: VolcengineOptions): NodeHandler {
  return wireApi({
    ...options,
    service: 'id',
    version: '2025-10-30',
    actions: { ...userPoolActions(options), ...poolClientActions(options) },
  })
}

import { type NodeHandler, type WireApiOptions, wireApi } from '@postern/server'
import type { VolcengineContext } from './context.ts'
import { serviceActions } from './services.ts'
import { toolActions } from './tools.ts'
import { toolsetActions } from './toolsets.ts'

export type VolcengineOptions = VolcengineContext & Omit<WireApiOptions, 'service' | 'version' | 'actions'>

/** The catalogue under the originals' gateway API: service `agentkit`, the same rooms, their spelling. */
export function createVolcengine(options: VolcengineOptions): NodeHandler {
  const actions = { ...serviceActions(options), ...toolsetActions(options), ...toolActions(options) }
  return wireApi({ ...options, service: 'agentkit', version: '2025-10-30', actions })
}

import { isJsonObject, type JsonObject } from '../../backends/json-rpc.ts'
import type { Era, ServerDescription } from '../../backends/types.ts'
import { gatewayInfo, latestLegacyVersion, latestModernVersion } from '../../backends/versions.ts'
import type { ReadyToolset } from './members.ts'

/** How a toolset introduces itself: with its own name. */
export function serverInfoOf({ name }: Pick<ReadyToolset, 'name'>): JsonObject {
  return { name, version: gatewayInfo.version }
}

/** A toolset's introduction, in the era of whoever asks; it can do what any of its services can. */
export function describeToolset(
  toolset: Pick<ReadyToolset, 'name'>,
  era: Era,
  capabilities: JsonObject,
  instructions?: string,
): ServerDescription {
  return {
    era,
    protocolVersion: era === 'modern' ? latestModernVersion : latestLegacyVersion,
    serverInfo: serverInfoOf(toolset),
    capabilities,
    ...(instructions === undefined ? {} : { instructions }),
  }
}

/** What a toolset passes on; tasks, extensions and experiments belong to a service of one's own. */
const areas = ['tools', 'prompts', 'resources', 'completions', 'logging'] as const

/**
 * What several services can do together. Lists change when a service goes or comes back, whether or not one of them ever
 * says so itself.
 */
export function mergeCapabilities(all: readonly JsonObject[]): JsonObject {
  const merged: Record<string, JsonObject> = {}
  for (const area of areas) {
    const own = all.flatMap((capabilities) => (isJsonObject(capabilities[area]) ? [capabilities[area]] : []))
    if (own.length === 0) continue
    const subscribe = own.some((one) => one['subscribe'] === true)
    merged[area] =
      area === 'completions' || area === 'logging' ? {} : { listChanged: true, ...(subscribe ? { subscribe } : {}) }
  }
  return merged
}

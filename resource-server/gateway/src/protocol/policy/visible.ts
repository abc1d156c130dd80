import { isJsonObject, type Json, type RpcOutcome } from '../../backends/json-rpc.ts'
import type { Relay, RelayRequest } from '../relay.ts'

const keptByNobodyElse = { ttlMs: 0, cacheScope: 'private' }

/** A relay whose lists of tools show what the caller may call. */
export function withVisibleTools(relay: Relay): Relay {
  return async (request) => {
    const relayed = await relay(request)
    return { ...relayed, outcome: visibleOutcome(relayed.outcome, request) }
  }
}

/**
 * The answer without what the caller may not see: a list of tools, or a page of one, shows those that may be called. What
 * a backend says of how long its list is good, and for whom, it says of the whole of it.
 */
function visibleOutcome(outcome: RpcOutcome, { request, client, mayReach }: RelayRequest): RpcOutcome {
  if (mayReach === undefined || request.method !== 'tools/list' || 'error' in outcome) return outcome
  const listed = outcome.result['tools']
  if (!Array.isArray(listed)) return outcome
  const visible = listed.filter(
    (tool: Json) => isJsonObject(tool) && typeof tool['name'] === 'string' && mayReach(tool['name']),
  )
  return { result: { ...outcome.result, tools: visible, ...(client.era === 'modern' ? keptByNobodyElse : {}) } }
}

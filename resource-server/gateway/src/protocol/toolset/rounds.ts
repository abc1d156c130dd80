import type { JsonObject } from '../../backends/json-rpc.ts'
import type { Relayed } from '../relay.ts'

/** A service that asks something first is the one that gets the answers (MCP 2026-07-28, Multi Round-Trip Requests). */
export function asksBack({ outcome }: Relayed): boolean {
  return !('error' in outcome) && outcome.result['resultType'] === 'input_required'
}

/** Params without what was answered to a service: it is for no other to read. */
export function withoutRounds({ inputResponses: _, requestState: __, ...params }: JsonObject): JsonObject {
  return params
}

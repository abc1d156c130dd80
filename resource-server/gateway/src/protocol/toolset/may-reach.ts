import type { Json } from '../../backends/json-rpc.ts'
import type { ToolsetRequest } from './ground.ts'

/** May the caller see and call the tool with this merged name? */
export function mayReach({ mayReach: allows }: ToolsetRequest, merged: Json | undefined): boolean {
  return typeof merged === 'string' && (allows?.(merged) ?? true)
}

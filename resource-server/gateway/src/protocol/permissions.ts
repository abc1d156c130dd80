import { isJsonObject, type Json, type RpcOutcome, type RpcRequest } from '../backends/json-rpc.ts'
import type { Principal } from './caller.ts'
import type { Exchange } from './exchange.ts'
import { AccessDenied } from './replies.ts'

/** The tool that a request calls. */
export function calledTool({ method, params }: RpcRequest): string | undefined {
  const name = method === 'tools/call' ? params?.['name'] : undefined
  return typeof name === 'string' ? name : undefined
}

/**
 * Lets a request pass that the caller may make.
 * @throws AccessDenied for a tool that an API key is not good for
 */
export function requirePermission({ principal, note, refused }: Exchange, request: RpcRequest): void {
  const tool = calledTool(request)
  if (tool !== undefined) note({ tool })
  if (principal.tools === undefined || request.method !== 'tools/call') return
  // Names are compared as they are: no other spelling of a tool is the same tool.
  if (tool !== undefined && principal.tools.has(tool)) return
  refused('tool_not_allowed')
  throw new AccessDenied()
}

/** The answer without what the caller may not see: a list of tools shows those that may be called. */
export function visibleOutcome(outcome: RpcOutcome, { method }: RpcRequest, { tools }: Principal): RpcOutcome {
  if (tools === undefined || method !== 'tools/list' || 'error' in outcome) return outcome
  const listed = outcome.result['tools']
  if (!Array.isArray(listed)) return outcome
  const visible = listed.filter(
    (tool: Json) => isJsonObject(tool) && typeof tool['name'] === 'string' && tools.has(tool['name']),
  )
  return { result: { ...outcome.result, tools: visible } }
}

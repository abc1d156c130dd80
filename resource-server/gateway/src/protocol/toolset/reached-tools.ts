import type { JsonObject, RpcRequest } from '../../backends/json-rpc.ts'
import type { BackendConfig } from '../../backends/types.ts'
import { searchToolName, useToolName } from './search/tools.ts'
import { readUses } from './search/uses.ts'

/** Is it a tool that leads to others, and does nothing by itself? */
export function isSearchTool({ type, ...backend }: BackendConfig, tool: string): boolean {
  const searches = type === 'toolset' && 'mode' in backend && backend.mode === 'search'
  return searches && (tool === searchToolName || tool === useToolName)
}

/** Is it a search for tools? */
export function isSearch(backend: BackendConfig, { method, params }: RpcRequest): boolean {
  return method === 'tools/call' && params?.['name'] === searchToolName && isSearchTool(backend, searchToolName)
}

/**
 * The tools that a `tools/call` on a service with this backend reaches, by their merged names: those that mcp_use_tool
 * calls; none for a search, or for arguments by which nothing will be called. Undefined: the named tool itself.
 */
export function reachedTools(backend: BackendConfig, params: JsonObject | undefined): readonly string[] | undefined {
  const name = params?.['name']
  if (typeof name !== 'string' || !isSearchTool(backend, name)) return undefined
  if (name !== useToolName) return []
  const uses = readUses(params?.['arguments'])
  return typeof uses === 'string' ? [] : uses.map(({ merged }) => merged)
}

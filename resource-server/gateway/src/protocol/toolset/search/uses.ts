import { parseJson } from '@postern/core'
import { isJsonObject, type Json, type JsonObject } from '../../../backends/json-rpc.ts'
import { toolsetLimits } from '../../../limits.ts'
import { mergedName } from '../names.ts'

/** One call that mcp_use_tool asks for. */
export interface Use {
  /** The name that the tool has in a merged toolset: by it is decided who may call it, and what is called. */
  readonly merged: string
  readonly arguments: JsonObject
}

/** What the arguments of mcp_use_tool ask for, or the sentence that tells what is wrong with them: then nothing is called. */
export function readUses(args: Json | undefined): readonly Use[] | string {
  const infos = isJsonObject(args) ? args['use_tool_info'] : undefined
  const list: readonly Json[] = isJsonObject(infos) ? [infos] : Array.isArray(infos) ? infos : []
  if (list.length === 0) return 'use_tool_info: give an array of {server_id, tool_name, argument}'
  if (list.length > toolsetLimits.uses) return `use_tool_info: call at most ${toolsetLimits.uses} tools at once`
  const uses: Use[] = []
  for (const [index, info] of list.entries()) {
    const use = readUse(info)
    if (typeof use === 'string') return `use_tool_info[${index}]${use}`
    uses.push(use)
  }
  return uses
}

function readUse(info: Json): Use | string {
  if (!isJsonObject(info)) return ': give {server_id, tool_name, argument}'
  const { server_id: serverId, tool_name: name, tool_id: id } = info
  if (typeof serverId !== 'string' || serverId === '') return '.server_id: give it as mcp_search_tool did'
  if (typeof name !== 'string' || name === '') return '.tool_name: give it as mcp_search_tool did'
  const merged = mergedName(serverId, name)
  // Two names for two tools would leave open which of them is meant.
  if (id !== undefined && id !== '' && id !== merged && id !== name)
    return '.tool_id: names another tool than tool_name'
  const given = argumentsOf(info['argument'] ?? info['arguments'])
  return given === undefined ? '.argument: give an object' : { merged, arguments: given }
}

/** Some models write the object as a text. */
function argumentsOf(value: Json | undefined): JsonObject | undefined {
  if (value === undefined || value === null || value === '') return {}
  if (isJsonObject(value)) return value
  if (typeof value !== 'string') return undefined
  try {
    const parsed = parseJson(value)
    return isJsonObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

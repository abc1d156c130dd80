import { parseJson } from '@postern/core'
import { type Actions, action, WireError } from '@postern/server'
import type { JsonObject } from '../backends/json-rpc.ts'
import { isSame } from '../catalog/canonical.ts'
import type { VolcengineContext } from './context.ts'
import { idsOf } from './ids.ts'
import { oneToolset, someToolsets, updateTools } from './schemas.ts'

const ofToolset = { resource: 'MCPToolset' }
const ofService = { resource: 'MCPService' }

/** GetMCPTools, ListMCPTools, UpdateMCPTools. */
export function toolActions({ catalog, listTools }: VolcengineContext): Actions {
  return {
    GetMCPTools: action(ofToolset, oneToolset, async ({ MCPToolsetId }) => {
      const listed = await toolsOf(membersOf(MCPToolsetId))
      const all = listed.flatMap(({ id, tools }) => tools.map((tool) => ({ MCPServiceId: id, ...tool })))
      return { Tools: JSON.stringify(all) }
    }),

    ListMCPTools: action(ofToolset, someToolsets, async ({ MCPToolsetIds }) => {
      const ids = new Set(idsOf(MCPToolsetIds, 'MCPToolsetIds').flatMap(membersOf))
      const listed = await toolsOf([...ids])
      return { MCPServiceTools: listed.map(({ id, tools }) => ({ MCPServiceId: id, Tools: JSON.stringify(tools) })) }
    }),

    UpdateMCPTools: action(ofService, updateTools, async ({ MCPServiceId, Tools }) => {
      const wanted = parsed(Tools)
      const [present] = await toolsOf([catalog.services.get(MCPServiceId).id])
      if (!isSame(wanted, present?.tools ?? [])) throw unsupported()
      return { MCPServiceId }
    }),
  }

  function membersOf(toolsetId: string): readonly string[] {
    const { backend } = catalog.toolsets.get(toolsetId)
    return backend.type === 'toolset' ? backend.serviceIds : []
  }

  /** A service that cannot be asked now has none. */
  async function toolsOf(serviceIds: readonly string[]) {
    const none: readonly JsonObject[] = []
    return await Promise.all(serviceIds.map(async (id) => ({ id, tools: await listTools(id).catch(() => none) })))
  }
}

function parsed(text: string): unknown {
  try {
    const tools = parseJson(text)
    if (Array.isArray(tools)) return tools
  } catch {
    // What is no JSON is told as what is no list.
  }
  throw new WireError('InvalidParameter.Tools', 400, 'Tools: must be a JSON list, as ListMCPTools gives it')
}

function unsupported(): WireError {
  const message =
    'Tools: the tools of a service are those of its backend. Change them there (of an API: send its new document with ' +
    'UpdateMCPService); to let callers have some of them alone, give API keys their tools, or the service rules'
  return new WireError('UnsupportedOperation', 400, message)
}

import {
  listQuery,
  listReply,
  type Route,
  route,
  toolsetCreate,
  toolsetPatch,
  toolsetReply as toolsetSchema,
} from '@postern/server'
import type { Catalog, CreatedKey, Service } from '../catalog/types.ts'
import { toolsetChange, toolsetInput } from './inputs.ts'
import { pageReply, placeAfter } from './paging.ts'
import { toolsetReply } from './replies.ts'

/** @param gatewayUrl public origin of the gateway */
export function toolsetRoutes(catalog: Catalog, gatewayUrl: string): Route[] {
  const tag = 'MCP toolsets'
  const { toolsets, keys } = catalog
  const reply = (toolset: Service, created?: readonly CreatedKey[]) =>
    toolsetReply(toolset, keys.list(toolset.id), gatewayUrl, created)
  return [
    route({
      method: 'GET',
      path: '/mcp-toolsets',
      summary: 'Lists the MCP toolsets, oldest first',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(toolsetSchema) },
      handler: ({ query }) => pageReply(toolsets.list(query.limit, placeAfter(query)), (toolset) => reply(toolset)),
    }),
    route({
      method: 'POST',
      path: '/mcp-toolsets',
      summary: 'Makes an MCP toolset: several MCP services as one endpoint with authorizers and keys of its own',
      tag,
      body: toolsetCreate,
      reply: { status: 201, schema: toolsetSchema },
      async handler({ body, requestId }) {
        const { clientToken: token } = body
        const idempotency = token === undefined ? undefined : { token, request: body }
        const { service, keys: created } = await toolsets.create(toolsetInput(body), { requestId }, idempotency)
        return { body: reply(service, created), headers: { location: `/api/v1/mcp-toolsets/${service.id}` } }
      },
    }),
    route({
      method: 'GET',
      path: '/mcp-toolsets/:serviceId',
      summary: 'Shows an MCP toolset',
      tag,
      reply: { status: 200, schema: toolsetSchema },
      handler: ({ params }) => ({ body: reply(toolsets.get(params.serviceId)) }),
    }),
    route({
      method: 'PATCH',
      path: '/mcp-toolsets/:serviceId',
      summary: 'Changes an MCP toolset; serviceIds and authorizers are replaced as a whole',
      tag,
      body: toolsetPatch,
      reply: { status: 200, schema: toolsetSchema },
      async handler({ params, body, requestId }) {
        return { body: reply(await toolsets.update(params.serviceId, toolsetChange(body), { requestId })) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/mcp-toolsets/:serviceId',
      summary: 'Deletes an MCP toolset with its keys; its services stay, and so does its resource at the pool',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await toolsets.delete(params.serviceId, { requestId })
        return {}
      },
    }),
  ]
}

import { apiKeyCreate, apiKeyReply as apiKeySchema, listQuery, listReply, type Route, route } from '@postern/server'
import type { Catalog } from '../catalog/types.ts'
import { keyInput } from './inputs.ts'
import { pageReply, placeAfter } from './paging.ts'
import { apiKeyReply } from './replies.ts'

export function apiKeyRoutes({ keys }: Catalog): Route[] {
  const tag = 'API keys'
  return [
    route({
      method: 'GET',
      path: '/mcp-services/:serviceId/api-keys',
      summary: 'Lists the API keys of a service, oldest first',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(apiKeySchema) },
      handler({ params, query }) {
        return pageReply(keys.page(params.serviceId, query.limit, placeAfter(query)), (key) => apiKeyReply(key))
      },
    }),
    route({
      method: 'POST',
      path: '/mcp-services/:serviceId/api-keys',
      summary: 'Makes an API key; its value is in this answer and nowhere else',
      tag,
      body: apiKeyCreate,
      reply: { status: 201, schema: apiKeySchema },
      async handler({ params, body, requestId }) {
        const { apiKey, key } = await keys.create(params.serviceId, keyInput(body), { requestId })
        const location = `/api/v1/mcp-services/${apiKey.serviceId}/api-keys/${apiKey.id}`
        return { body: apiKeyReply(apiKey, key), headers: { location } }
      },
    }),
    route({
      method: 'GET',
      path: '/mcp-services/:serviceId/api-keys/:keyId',
      summary: 'Shows an API key, without its value',
      tag,
      reply: { status: 200, schema: apiKeySchema },
      handler: ({ params }) => ({ body: apiKeyReply(keys.get(params.serviceId, params.keyId)) }),
    }),
    route({
      method: 'DELETE',
      path: '/mcp-services/:serviceId/api-keys/:keyId',
      summary: 'Ends an API key at once',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await keys.delete(params.serviceId, params.keyId, { requestId })
        return {}
      },
    }),
  ]
}

import {
  apiKeyCreate,
  apiKeyRotate,
  apiKeyReply as apiKeySchema,
  listQuery,
  listReply,
  type Route,
  route,
} from '@postern/server'
import type { Catalog } from '../catalog/types.ts'
import { keyInput, keyRotation } from './inputs.ts'
import { pageReply, placeAfter } from './paging.ts'
import { apiKeyReply } from './replies.ts'

/** The API keys below services, or below toolsets. */
export function apiKeyRoutes(catalog: Catalog, kind: 'services' | 'toolsets'): Route[] {
  const tag = 'API keys'
  const base = `/mcp-${kind}/:serviceId/api-keys` as const
  const { keys } = catalog
  /** @throws CatalogError `not_found` for what is of the other kind */
  const own = (serviceId: string): string => catalog[kind].get(serviceId).id
  return [
    route({
      method: 'GET',
      path: base,
      summary: 'Lists the API keys of a service, oldest first',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(apiKeySchema) },
      handler({ params, query }) {
        return pageReply(keys.page(own(params.serviceId), query.limit, placeAfter(query)), (key) => apiKeyReply(key))
      },
    }),
    route({
      method: 'POST',
      path: base,
      summary: 'Makes an API key; its value is in this answer and nowhere else',
      tag,
      body: apiKeyCreate,
      reply: { status: 201, schema: apiKeySchema },
      async handler({ params, body, requestId }) {
        const { apiKey, key } = await keys.create(own(params.serviceId), keyInput(body), { requestId })
        const location = `/api/v1/mcp-${kind}/${apiKey.serviceId}/api-keys/${apiKey.id}`
        return { body: apiKeyReply(apiKey, key), headers: { location } }
      },
    }),
    route({
      method: 'GET',
      path: `${base}/:keyId`,
      summary: 'Shows an API key, without its value',
      tag,
      reply: { status: 200, schema: apiKeySchema },
      handler: ({ params }) => ({ body: apiKeyReply(keys.get(own(params.serviceId), params.keyId)) }),
    }),
    route({
      method: 'POST',
      path: `${base}/:keyId/rotate`,
      summary:
        'Gives an API key a new value, which is in this answer and nowhere else; the old one is good for the grace period',
      tag,
      body: apiKeyRotate,
      reply: { status: 200, schema: apiKeySchema },
      async handler({ params, body, requestId }) {
        const { serviceId, keyId } = params
        const { apiKey, key } = await keys.rotate(own(serviceId), keyId, keyRotation(body), { requestId })
        return { body: apiKeyReply(apiKey, key) }
      },
    }),
    route({
      method: 'DELETE',
      path: `${base}/:keyId`,
      summary: 'Ends an API key at once',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await keys.delete(own(params.serviceId), params.keyId, { requestId })
        return {}
      },
    }),
  ]
}

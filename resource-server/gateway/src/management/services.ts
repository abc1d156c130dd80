import {
  listQuery,
  listReply,
  type Route,
  route,
  serviceCreate,
  servicePatch,
  serviceReply as serviceSchema,
} from '@postern/server'
import type { Catalog, CreatedKey, Service } from '../catalog/types.ts'
import { serviceChange, serviceInput } from './inputs.ts'
import { pageReply, placeAfter } from './paging.ts'
import { serviceReply } from './replies.ts'

/** @param gatewayUrl public origin of the gateway */
export function serviceRoutes(catalog: Catalog, gatewayUrl: string): Route[] {
  const tag = 'MCP services'
  const { services, keys } = catalog
  const reply = (service: Service, created?: readonly CreatedKey[]) =>
    serviceReply(service, keys.list(service.id), gatewayUrl, created)
  return [
    route({
      method: 'GET',
      path: '/mcp-services',
      summary: 'Lists the MCP services, oldest first',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(serviceSchema) },
      handler: ({ query }) => pageReply(services.list(query.limit, placeAfter(query)), (service) => reply(service)),
    }),
    route({
      method: 'POST',
      path: '/mcp-services',
      summary: 'Makes an MCP service: answers at once with status Creating; poll it until it is Ready or CreateFailed',
      tag,
      body: serviceCreate,
      reply: { status: 201, schema: serviceSchema },
      async handler({ body, requestId }) {
        const { clientToken: token } = body
        const idempotency = token === undefined ? undefined : { token, request: body }
        const { service, keys: created } = await services.create(serviceInput(body), { requestId }, idempotency)
        return { body: reply(service, created), headers: { location: `/api/v1/mcp-services/${service.id}` } }
      },
    }),
    route({
      method: 'GET',
      path: '/mcp-services/:serviceId',
      summary: 'Shows an MCP service',
      tag,
      reply: { status: 200, schema: serviceSchema },
      handler: ({ params }) => ({ body: reply(services.get(params.serviceId)) }),
    }),
    route({
      method: 'PATCH',
      path: '/mcp-services/:serviceId',
      summary:
        'Changes an MCP service: at once, but for a new backend, which serves when it was checked (status Updating). ' +
        'backend and authorizers are replaced as a whole; "***" keeps a stored value',
      tag,
      body: servicePatch,
      reply: { status: 200, schema: serviceSchema },
      async handler({ params, body, requestId }) {
        return { body: reply(await services.update(params.serviceId, serviceChange(body), { requestId })) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/mcp-services/:serviceId',
      summary: 'Deletes an MCP service with its keys and ends its processes; its resource at the pool stays',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await services.delete(params.serviceId, { requestId })
        return {}
      },
    }),
  ]
}

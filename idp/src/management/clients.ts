import {
  clientCreate,
  clientPatch,
  clientReply as clientSchema,
  listQuery,
  listReply,
  type Route,
  route,
} from '@postern/server'
import type { Directory } from '../directory/types.ts'
import { pageReply, pageRequest } from './paging.ts'
import { clientReply } from './replies.ts'
import { without } from './without.ts'

export function clientRoutes(directory: Directory): Route[] {
  const tag = 'Clients'
  return [
    route({
      method: 'GET',
      path: '/user-pools/:poolId/clients',
      summary: 'Lists the clients of a pool, oldest first',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(clientSchema) },
      async handler({ params, query }) {
        const page = await directory.clients.list(params.poolId, pageRequest(query))
        return pageReply(page, (client) => clientReply(client))
      },
    }),
    route({
      method: 'POST',
      path: '/user-pools/:poolId/clients',
      summary: 'Creates a client; its secret is in this answer only',
      tag,
      body: clientCreate,
      reply: { status: 201, schema: clientSchema },
      async handler({ params, body, requestId }) {
        const { client, clientSecret } = await directory.from({ requestId }).clients.create(params.poolId, body)
        const location = `/api/v1/user-pools/${client.poolId}/clients/${client.clientId}`
        return { body: clientReply(client, clientSecret), headers: { location } }
      },
    }),
    route({
      method: 'GET',
      path: '/user-pools/:poolId/clients/:clientId',
      summary: 'Shows a client',
      tag,
      reply: { status: 200, schema: clientSchema },
      async handler({ params }) {
        return { body: clientReply(await directory.clients.get(params.poolId, params.clientId)) }
      },
    }),
    route({
      method: 'PATCH',
      path: '/user-pools/:poolId/clients/:clientId',
      summary: 'Changes a client (merge patch: null clears)',
      tag,
      body: clientPatch,
      reply: { status: 200, schema: clientSchema },
      async handler({ params, body, requestId }) {
        const { clients } = directory.from({ requestId })
        const patch = without(body, 'clientId', 'clientSecret')
        return { body: clientReply(await clients.update(params.poolId, params.clientId, patch)) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/user-pools/:poolId/clients/:clientId',
      summary: 'Deletes a client; it gets no more tokens',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await directory.from({ requestId }).clients.delete(params.poolId, params.clientId)
        return {}
      },
    }),
  ]
}

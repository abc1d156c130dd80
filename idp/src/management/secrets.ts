import {
  listQuery,
  listReply,
  type Route,
  route,
  secretCreate,
  secretCreated,
  secretReply as secretSchema,
} from '@postern/server'
import type { Directory } from '../directory/types.ts'
import { pageOfAll } from './paging.ts'
import { createdSecretReply, secretReply } from './replies.ts'

export function secretRoutes(directory: Directory): Route[] {
  const tag = 'Clients'
  return [
    route({
      method: 'GET',
      path: '/user-pools/:poolId/clients/:clientId/secrets',
      summary: 'Lists the live secrets of a client, without the secrets',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(secretSchema) },
      async handler({ params, query }) {
        const secrets = await directory.secrets.list(params.poolId, params.clientId)
        return pageOfAll(secrets, query, ({ id }) => id, secretReply)
      },
    }),
    route({
      method: 'POST',
      path: '/user-pools/:poolId/clients/:clientId/secrets',
      summary: 'Makes a second secret beside the first; it is in this answer only',
      tag,
      body: secretCreate,
      reply: { status: 201, schema: secretCreated },
      async handler({ params, body, requestId }) {
        const { poolId, clientId } = params
        const expiresAt = body.expiresAt === undefined ? null : Date.parse(body.expiresAt)
        const created = await directory.from({ requestId }).secrets.create(poolId, clientId, { expiresAt })
        const location = `/api/v1/user-pools/${poolId}/clients/${clientId}/secrets/${created.secret.id}`
        return { body: createdSecretReply(created), headers: { location } }
      },
    }),
    route({
      method: 'DELETE',
      path: '/user-pools/:poolId/clients/:clientId/secrets/:secretId',
      summary: 'Deletes a secret; it stops at once',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await directory.from({ requestId }).secrets.delete(params.poolId, params.clientId, params.secretId)
        return {}
      },
    }),
  ]
}

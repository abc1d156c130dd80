import {
  listQuery,
  listReply,
  type Route,
  resourceCreate,
  resourcePatch,
  resourceReply as resourceSchema,
  route,
} from '@postern/server'
import type { Directory } from '../directory/types.ts'
import { pageReply, pageRequest } from './paging.ts'
import { resourceReply } from './replies.ts'
import { without } from './without.ts'

/** 204 has no body to say it in. */
const defaultCleared =
  'this was the default resource of the pool, which has none now; set defaultResource, or requests must name a resource'

export function resourceRoutes(directory: Directory): Route[] {
  const tag = 'Resources'
  return [
    route({
      method: 'GET',
      path: '/user-pools/:poolId/resources',
      summary: 'Lists the resources of a pool, oldest first',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(resourceSchema) },
      async handler({ params, query }) {
        return pageReply(await directory.resources.list(params.poolId, pageRequest(query)), resourceReply)
      },
    }),
    route({
      method: 'POST',
      path: '/user-pools/:poolId/resources',
      summary: 'Registers a resource; the first of a pool becomes its default',
      tag,
      body: resourceCreate,
      reply: { status: 201, schema: resourceSchema },
      async handler({ params, body, requestId }) {
        const resource = await directory.from({ requestId }).resources.create(params.poolId, body)
        const location = `/api/v1/user-pools/${resource.poolId}/resources/${resource.id}`
        return { body: resourceReply(resource), headers: { location } }
      },
    }),
    route({
      method: 'GET',
      path: '/user-pools/:poolId/resources/:resourceId',
      summary: 'Shows a resource',
      tag,
      reply: { status: 200, schema: resourceSchema },
      async handler({ params }) {
        return { body: resourceReply(await directory.resources.get(params.poolId, params.resourceId)) }
      },
    }),
    route({
      method: 'PATCH',
      path: '/user-pools/:poolId/resources/:resourceId',
      summary: 'Changes a resource (merge patch: null clears); clients lose scopes that go',
      tag,
      body: resourcePatch,
      reply: { status: 200, schema: resourceSchema },
      async handler({ params, body, requestId }) {
        const { resources } = directory.from({ requestId })
        const patch = without(body, 'id')
        return { body: resourceReply(await resources.update(params.poolId, params.resourceId, patch)) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/user-pools/:poolId/resources/:resourceId',
      summary: 'Deletes a resource; clients that list it lose it, and no other becomes the default',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        const deleted = await directory.from({ requestId }).resources.delete(params.poolId, params.resourceId)
        return deleted.defaultCleared ? { headers: { 'postern-notice': defaultCleared } } : {}
      },
    }),
  ]
}

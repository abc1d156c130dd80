import {
  listQuery,
  listReply,
  poolCreate,
  poolPatch,
  poolReply as poolSchema,
  type Route,
  route,
} from '@postern/server'
import type { Directory } from '../directory/types.ts'
import { pageReply, pageRequest } from './paging.ts'
import { poolReply, type ReplySettings } from './replies.ts'
import { without } from './without.ts'

export interface PoolRoutesOptions {
  readonly directory: Directory
  readonly settings: ReplySettings
}

export function poolRoutes({ directory, settings }: PoolRoutesOptions): Route[] {
  const tag = 'User pools'
  return [
    route({
      method: 'GET',
      path: '/user-pools',
      summary: 'Lists user pools, oldest first',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(poolSchema) },
      async handler({ query }) {
        return pageReply(await directory.pools.list(pageRequest(query)), (pool) => poolReply(settings, pool))
      },
    }),
    route({
      method: 'POST',
      path: '/user-pools',
      summary: 'Creates a user pool with its signing keys',
      tag,
      body: poolCreate,
      reply: { status: 201, schema: poolSchema },
      async handler({ body, requestId }) {
        const pool = await directory.from({ requestId }).pools.create(body)
        return { body: poolReply(settings, pool), headers: { location: `/api/v1/user-pools/${pool.id}` } }
      },
    }),
    route({
      method: 'GET',
      path: '/user-pools/:poolId',
      summary: 'Shows a user pool',
      tag,
      reply: { status: 200, schema: poolSchema },
      async handler({ params }) {
        return { body: poolReply(settings, await directory.pools.get(params.poolId)) }
      },
    }),
    route({
      method: 'PATCH',
      path: '/user-pools/:poolId',
      summary: 'Changes a user pool (merge patch: null clears)',
      tag,
      body: poolPatch,
      reply: { status: 200, schema: poolSchema },
      async handler({ params, body, requestId }) {
        const patch = without(body, 'id')
        return { body: poolReply(settings, await directory.from({ requestId }).pools.update(params.poolId, patch)) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/user-pools/:poolId',
      summary: 'Deletes a user pool and everything in it; its clients stop at once',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await directory.from({ requestId }).pools.delete(params.poolId)
        return {}
      },
    }),
  ]
}

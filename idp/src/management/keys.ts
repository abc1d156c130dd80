import { keyReply as keySchema, listQuery, listReply, page, type Route, rotate, route } from '@postern/server'
import type { Directory } from '../directory/types.ts'
import { pageOfAll } from './paging.ts'
import { keyReply } from './replies.ts'

export function keyRoutes(directory: Directory): Route[] {
  const tag = 'Signing keys'
  return [
    route({
      method: 'GET',
      path: '/user-pools/:poolId/keys',
      summary: 'Lists the signing keys that the JWKS publishes',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(keySchema) },
      async handler({ params, query }) {
        return pageOfAll(await directory.keys.list(params.poolId), query, ({ kid }) => kid, keyReply)
      },
    }),
    route({
      method: 'POST',
      path: '/user-pools/:poolId/keys/rotate',
      summary: 'Makes the next key active; the old one stays in the JWKS while its tokens live',
      tag,
      body: rotate,
      reply: { status: 200, schema: listReply(keySchema) },
      async handler({ params, requestId }) {
        const keys = await directory.from({ requestId }).keys.rotate(params.poolId)
        return { body: page(keys.map(keyReply), null) }
      },
    }),
  ]
}

import {
  listReply,
  type Route,
  route,
  userCreate,
  userPatch,
  userQuery,
  userReply as userSchema,
} from '@postern/server'
import type { Directory } from '../directory/types.ts'
import { pageReply, pageRequest } from './paging.ts'
import { userReply } from './replies.ts'
import { without } from './without.ts'

export function userRoutes(directory: Directory): Route[] {
  const tag = 'Users'
  return [
    route({
      method: 'GET',
      path: '/user-pools/:poolId/users',
      summary: 'Lists the users of a pool, oldest first; of one name to sign in with, one status or one group',
      tag,
      query: userQuery,
      reply: { status: 200, schema: listReply(userSchema) },
      async handler({ params, query }) {
        const { limit, cursor, ...filter } = query
        const request = pageRequest({ limit, ...(cursor === undefined ? {} : { cursor }) })
        return pageReply(await directory.users.list(params.poolId, request, filter), userReply)
      },
    }),
    route({
      method: 'POST',
      path: '/user-pools/:poolId/users',
      summary: 'Creates a user; a password given here is changed at the first sign-in unless status is CONFIRMED',
      tag,
      body: userCreate,
      reply: { status: 201, schema: userSchema },
      async handler({ params, body, requestId }) {
        const user = await directory.from({ requestId }).users.create(params.poolId, body)
        return {
          body: userReply(user),
          headers: { location: `/api/v1/user-pools/${user.poolId}/users/${user.id}` },
        }
      },
    }),
    route({
      method: 'GET',
      path: '/user-pools/:poolId/users/:userId',
      summary: 'Shows a user',
      tag,
      reply: { status: 200, schema: userSchema },
      async handler({ params }) {
        return { body: userReply(await directory.users.get(params.poolId, params.userId)) }
      },
    }),
    route({
      method: 'PATCH',
      path: '/user-pools/:poolId/users/:userId',
      summary: 'Changes a user (merge patch: null clears); a new password or DISABLED ends what the user signed in to',
      tag,
      body: userPatch,
      reply: { status: 200, schema: userSchema },
      async handler({ params, body, requestId }) {
        const { users } = directory.from({ requestId })
        return { body: userReply(await users.update(params.poolId, params.userId, without(body, 'id'))) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/user-pools/:poolId/users/:userId',
      summary: 'Deletes a user and ends what the user signed in to',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await directory.from({ requestId }).users.delete(params.poolId, params.userId)
        return {}
      },
    }),
  ]
}

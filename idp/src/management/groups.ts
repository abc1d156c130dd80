import {
  groupCreate,
  groupPatch,
  groupReply as groupSchema,
  listQuery,
  listReply,
  type Route,
  route,
  userReply as userSchema,
} from '@postern/server'
import type { Directory } from '../directory/types.ts'
import { pageReply, pageRequest } from './paging.ts'
import { groupReply, userReply } from './replies.ts'
import { without } from './without.ts'

const tag = 'Groups'

export function groupRoutes(directory: Directory): Route[] {
  return [
    route({
      method: 'GET',
      path: '/user-pools/:poolId/groups',
      summary: 'Lists the groups of a pool, oldest first',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(groupSchema) },
      async handler({ params, query }) {
        return pageReply(await directory.groups.list(params.poolId, pageRequest(query)), groupReply)
      },
    }),
    route({
      method: 'POST',
      path: '/user-pools/:poolId/groups',
      summary: 'Creates a group; its name is in the groups claim of its members',
      tag,
      body: groupCreate,
      reply: { status: 201, schema: groupSchema },
      async handler({ params, body, requestId }) {
        const group = await directory.from({ requestId }).groups.create(params.poolId, body)
        return {
          body: groupReply(group),
          headers: { location: `/api/v1/user-pools/${group.poolId}/groups/${group.id}` },
        }
      },
    }),
    route({
      method: 'GET',
      path: '/user-pools/:poolId/groups/:groupId',
      summary: 'Shows a group',
      tag,
      reply: { status: 200, schema: groupSchema },
      async handler({ params }) {
        return { body: groupReply(await directory.groups.get(params.poolId, params.groupId)) }
      },
    }),
    route({
      method: 'PATCH',
      path: '/user-pools/:poolId/groups/:groupId',
      summary: 'Changes a group (merge patch: null clears)',
      tag,
      body: groupPatch,
      reply: { status: 200, schema: groupSchema },
      async handler({ params, body, requestId }) {
        const { groups } = directory.from({ requestId })
        return { body: groupReply(await groups.update(params.poolId, params.groupId, without(body, 'id'))) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/user-pools/:poolId/groups/:groupId',
      summary: 'Deletes a group; its members stay',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await directory.from({ requestId }).groups.delete(params.poolId, params.groupId)
        return {}
      },
    }),
    ...memberRoutes(directory),
  ]
}

function memberRoutes(directory: Directory): Route[] {
  const path = '/user-pools/:poolId/groups/:groupId/members/:userId'
  return [
    route({
      method: 'GET',
      path: '/user-pools/:poolId/groups/:groupId/members',
      summary: 'Lists the members of a group, in the order in which they came',
      tag,
      query: listQuery,
      reply: { status: 200, schema: listReply(userSchema) },
      async handler({ params, query }) {
        const page = await directory.groups.members(params.poolId, params.groupId, pageRequest(query))
        return pageReply(page, userReply)
      },
    }),
    route({
      method: 'PUT',
      path,
      summary: 'Puts a user into a group',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await directory.from({ requestId }).groups.addMember(params.poolId, params.groupId, params.userId)
        return {}
      },
    }),
    route({
      method: 'DELETE',
      path,
      summary: 'Takes a user out of a group',
      tag,
      reply: { status: 204 },
      async handler({ params, requestId }) {
        await directory.from({ requestId }).groups.removeMember(params.poolId, params.groupId, params.userId)
        return {}
      },
    }),
  ]
}

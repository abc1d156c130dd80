import {
  listReply,
  type Mode,
  outboxQuery,
  outboxReply as outboxSchema,
  problem,
  type Route,
  route,
} from '@postern/server'
import type { Directory } from '../directory/types.ts'
import { pageReply, pageRequest } from './paging.ts'
import { outboxReply } from './replies.ts'

export interface OutboxRoutesOptions {
  readonly directory: Directory
  readonly mode: Mode
}

export function outboxRoutes({ directory, mode }: OutboxRoutesOptions): Route[] {
  return [
    route({
      method: 'GET',
      path: '/outbox',
      summary: 'Lists the codes that people would have been sent, the newest first, in development only',
      tag: 'Outbox',
      query: outboxQuery,
      reply: { status: 200, schema: listReply(outboxSchema) },
      async handler({ query }) {
        if (mode === 'production') problem(404, 'not_found', 'There is an outbox in development only.')
        const { limit, cursor, ...filter } = query
        const request = pageRequest({ limit, ...(cursor === undefined ? {} : { cursor }) })
        return pageReply(await directory.outbox.list(request, filter), outboxReply)
      },
    }),
  ]
}

import type { Context, MiddlewareHandler } from 'hono'
import type { AuthInfo } from '../auth-info.ts'
import type { Reply } from '../reply.ts'
import { fromFetchRequest, type InboundRequest } from '../request.ts'
import type { GuardOptions, ResourceServer } from '../resource-server.ts'
import { type HeadersSoFar, prepareHeaders } from './answer.ts'
import { finish } from './web.ts'

/** What routes behind a guard find in their context: `c.get('auth')`. */
export interface GuardedEnv {
  Variables: { auth: AuthInfo }
}

/**
 * Lets only callers with a good token (and the given scopes) pass, with `c.get('auth')` telling who they are.
 *
 * @example
 * app.all('/mcp', guard(rs), (c) => mcp.fetch(c.req.raw, { authInfo: c.get('auth') }))
 */
export function guard(rs: ResourceServer, options: GuardOptions = {}): MiddlewareHandler<GuardedEnv> {
  const gate = rs.gate(options)
  return async (c, next) => {
    const { auth, reply } = await gate(viewOf(c))
    if (reply !== undefined) return answer(c, reply)
    c.set('auth', auth)
    await next()
    const response = c.res
    const finished = finish(rs, options, { request: c.req.raw, response, auth })
    if (finished !== response) {
      c.res = undefined // or Hono would carry over the old headers
      c.res = finished
    }
    return undefined
  }
}

/** Serves the protected resource metadata, and passes every other request on. */
export function metadata(rs: ResourceServer): MiddlewareHandler {
  return async (c, next) => {
    const reply = rs.publish(fromFetchRequest(c.req.raw))
    return reply === undefined ? next() : answer(c, reply)
  }
}

/** Where a handler before the guard has read the body by Hono's means, Hono keeps it. */
function viewOf({ req }: Context): InboundRequest {
  const view = fromFetchRequest(req.raw)
  return req.raw.bodyUsed ? { ...view, body: async () => ({ parsed: await req.text() }) } : view
}

function answer(c: Context, { status, headers, body }: Reply): Response {
  const soFar = c.res.headers
  const reader = {
    hasHeader: (name: string) => soFar.has(name),
    getHeader: (name: string) => soFar.get(name) ?? undefined,
  }
  for (const [name, value] of Object.entries(prepareHeaders(reader satisfies HeadersSoFar, headers)))
    c.header(name, value)
  return c.newResponse(body ?? null, status as Parameters<typeof c.newResponse>[1])
}

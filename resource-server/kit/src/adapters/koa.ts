import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuthInfo } from '../auth-info.ts'
import type { Decision } from '../gate.ts'
import type { Reply } from '../reply.ts'
import type { GuardOptions, ResourceServer } from '../resource-server.ts'
import { openToOtherOrigins, prepareHeaders } from './answer.ts'
import { type FrameworkView, viewOf } from './inbound.ts'
import { createLateStreamEnds } from './stream-ends.ts'

/** What the middlewares use of Koa's context. */
export interface KoaContext extends FrameworkView {
  readonly req: IncomingMessage & { auth?: AuthInfo }
  readonly res: ServerResponse
  state: { auth?: AuthInfo; [name: string]: unknown }
  status: number
  body: unknown
  set(name: string, value: string): void
}

export type KoaMiddleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<unknown> | undefined

/**
 * Lets only callers with a good token (and the given scopes) pass, with `ctx.state.auth` set to who they are, and
 * `ctx.req.auth`, where the transports of both MCP SDK generations look.
 *
 * @example
 * app.use(guard(rs)).use((ctx) => { ctx.respond = false; return transport.handleRequest(ctx.req, ctx.res) })
 */
export function guard(rs: ResourceServer, options: GuardOptions = {}): KoaMiddleware {
  const gate = rs.gate(options)
  const endWithToken = createLateStreamEnds(rs, options)
  return (ctx, next) => {
    const conclude = ({ auth, reply }: Decision): Promise<unknown> | undefined => {
      if (reply !== undefined) return answer(ctx, reply)
      ctx.state.auth = auth
      ctx.req.auth = auth
      if (rs.cors && ctx.req.headers.origin !== undefined) openToOtherOrigins(ctx.res)
      endWithToken(ctx.res, auth)
      return next()
    }
    const decision = gate(viewOf(ctx.req, ctx))
    return decision instanceof Promise ? decision.then(conclude) : conclude(decision)
  }
}

/** Serves the protected resource metadata, and passes every other request on. */
export function metadata(rs: ResourceServer): KoaMiddleware {
  return (ctx, next) => {
    const reply = rs.publish(viewOf(ctx.req, ctx))
    return reply === undefined ? next() : answer(ctx, reply)
  }
}

function answer(ctx: KoaContext, { status, headers, body }: Reply): undefined {
  ctx.body = body ?? null
  ctx.status = status
  for (const [name, value] of Object.entries(prepareHeaders(ctx.res, headers))) ctx.set(name, value)
}

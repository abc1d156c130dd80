import type { ServerResponse } from 'node:http'
import { whenReady } from '@postern/core'
import type { Decision } from '../gate.ts'
import type { Reply } from '../reply.ts'
import type { GuardOptions, ResourceServer } from '../resource-server.ts'
import { type HeadersSoFar, openToOtherOrigins, prepareHeaders } from './answer.ts'
import { type NodeRequest, viewOf } from './inbound.ts'
import { createLateStreamEnds } from './stream-ends.ts'

export { authOf } from './node.ts'

/** What the hooks use of Fastify's request and reply. */
export type FastifyRequestLike = { readonly raw: NodeRequest; readonly originalUrl: string }

export interface FastifyReplyLike extends HeadersSoFar {
  readonly raw: ServerResponse
  code(status: number): unknown
  headers(headers: Reply['headers']): unknown
  send(body?: unknown): unknown
}

/** A hook for `onRequest`: before bodies are parsed, so that who has no token is told that first. */
export type FastifyHook = (request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void) => void

/**
 * Lets only callers with a good token (and the given scopes) pass. `authOf(request)` tells who they are; `request.raw.auth`
 * does so to the transports of both MCP SDK generations.
 *
 * @example
 * app.all('/mcp', { onRequest: guard(rs) }, (request, reply) => { reply.hijack(); return answer(request.raw, reply.raw) })
 */
export function guard(rs: ResourceServer, options: GuardOptions = {}): FastifyHook {
  const gate = rs.gate(options)
  const endWithToken = createLateStreamEnds(rs, options)
  return (request, reply, done) => {
    const conclude = ({ auth, reply: refusal }: Decision): unknown => {
      if (refusal !== undefined) return answer(reply, refusal)
      request.raw.auth = Object.assign(request, { auth }).auth
      if (rs.cors && request.raw.headers.origin !== undefined) openToOtherOrigins(reply.raw, reply)
      endWithToken(reply.raw, auth)
      return done()
    }
    const decision = gate(viewOf(request.raw, { originalUrl: request.originalUrl, request }))
    void whenReady(decision, conclude)
  }
}

/** Serves the protected resource metadata: `app.addHook('onRequest', metadata(rs))`. */
export function metadata(rs: ResourceServer): FastifyHook {
  return (request, reply, done) => {
    const published = rs.publish(viewOf(request.raw, { originalUrl: request.originalUrl, request }))
    if (published === undefined) done()
    else answer(reply, published)
  }
}

function answer(reply: FastifyReplyLike, { status, headers, body }: Reply): void {
  reply.headers(prepareHeaders(reply, headers))
  reply.code(status)
  reply.send(body)
}

import type { ServerResponse } from 'node:http'
import { corsHeaders } from '../cors.ts'
import type { Reply } from '../reply.ts'

/**
 * Sends a reply over a response of Node's, unless somebody has answered while the decision was made, say after a time-out.
 * An answer that was begun and is no refusal is cut off, or the client would wait for its end for ever.
 */
export function send(res: ServerResponse, { status, headers, body }: Reply): void {
  if (res.headersSent) {
    if (!res.writableEnded) res.destroy()
    return
  }
  res.statusCode = status
  for (const [name, value] of Object.entries(prepareHeaders(res, headers))) res.setHeader(name, value)
  res.end(body)
}

/** Makes the handler's answer readable for pages of other origins, unless somebody sees to that already. */
export function openToOtherOrigins(res: ServerResponse, soFar: HeadersSoFar = res): void {
  if (res.headersSent || soFar.hasHeader('access-control-allow-origin')) return
  for (const [name, value] of Object.entries(corsHeaders)) res.setHeader(name, value)
}

/** The headers that were set so far, on a response of Node's or a reply of Fastify's. */
export type HeadersSoFar = Pick<ServerResponse, 'hasHeader' | 'getHeader'>

/** Where a CORS middleware went before, its origin stays, and only what it does not expose is added. */
export function prepareHeaders(res: HeadersSoFar, headers: Reply['headers']): Reply['headers'] {
  if (!res.hasHeader('access-control-allow-origin')) return headers
  const { 'access-control-allow-origin': _, 'access-control-expose-headers': ours, ...rest } = headers
  const theirs = res.getHeader('access-control-expose-headers')
  if (ours === undefined) return rest
  return { ...rest, 'access-control-expose-headers': theirs === undefined ? ours : `${theirs}, ${ours}` }
}

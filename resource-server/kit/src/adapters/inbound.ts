import type { IncomingMessage } from 'node:http'
import type { InboundRequest } from '../request.ts'

/**
 * A request. The guard writes to `auth`, where the transports of both MCP SDK generations look for the caller; what was
 * there before is never read. (Untyped here, because SDK v1 declares it for Express in a type of its own.)
 */
export type NodeRequest = IncomingMessage & { originalUrl?: string; auth?: unknown }

/** The kit's view of a request of Node's. Behind a mounted router `url` is shortened, `originalUrl` is not. */
export function viewOf(req: NodeRequest): InboundRequest {
  const { method = 'GET', originalUrl, url = '/', rawHeaders, headers } = req
  return { method, url: originalUrl ?? url, rawHeaders, header: (name) => headers[name]?.toString() }
}

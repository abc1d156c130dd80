import type { GuardOptions, ResourceServer } from '../resource-server.ts'
import * as node from './node.ts'

/** A middleware for Express 4 and 5, which are servers of Node's in the style of Connect. */
export type ExpressHandler = node.NodeHandler

export { authOf } from './node.ts'

/**
 * Lets only callers with a good token (and the given scopes) pass, with `req.auth` set to who they are.
 *
 * @example
 * app.all('/mcp', guard(rs), (req, res) => transport.handleRequest(req, res, req.body))
 */
export function guard(rs: ResourceServer, options: GuardOptions = {}): ExpressHandler {
  return node.guard(rs, options)
}

/**
 * Serves the protected resource metadata at its place under the origin, so mount it there: `app.use(metadata(rs))`.
 */
export function metadata(rs: ResourceServer): ExpressHandler {
  return node.metadata(rs)
}

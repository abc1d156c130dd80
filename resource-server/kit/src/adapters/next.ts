import type { ResourceServer } from '../resource-server.ts'

/**
 * For route handlers of Next.js: one handler for all methods, which gets the caller before the route's context.
 *
 * @example
 * // app/mcp/route.ts
 * const handler = guard(rs)((request, auth) => mcp.fetch(request, { authInfo: auth }))
 * export { handler as DELETE, handler as GET, handler as OPTIONS, handler as POST }
 */
export { type Guard, type GuardedHandler, guard } from './fetch.ts'

/**
 * Serves the protected resource metadata from a route of its own.
 *
 * @example
 * // app/.well-known/oauth-protected-resource/mcp/route.ts
 * const handler = metadata(rs)
 * export { handler as GET, handler as OPTIONS }
 */
export function metadata(rs: ResourceServer): (request: Request) => Response {
  return (request) => rs.metadata(request) ?? Response.json({ error: 'not_found' }, { status: 404 })
}

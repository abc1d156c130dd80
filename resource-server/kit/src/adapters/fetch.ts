import type { MaybePromise } from '@postern/core'
import type { AuthInfo } from '../auth-info.ts'
import { fromFetchRequest } from '../request.ts'
import type { GuardOptions, ResourceServer } from '../resource-server.ts'
import { finish, toResponse } from './web.ts'

/** A handler behind a guard. What the runtime gives besides the request (`env`, `info`, a route's context) comes last. */
export type GuardedHandler<R extends Request, Rest extends unknown[]> = (
  request: R,
  auth: AuthInfo,
  ...rest: Rest
) => MaybePromise<Response>

/** Puts a guard before a handler. */
export type Guard = <R extends Request, Rest extends unknown[]>(
  handler: GuardedHandler<R, Rest>,
) => (request: R, ...rest: Rest) => Promise<Response>

/**
 * For servers of `Request` and `Response`: Bun, Deno, Workers and whoever else speaks fetch. The handler runs only for
 * callers with a good token (and the given scopes), and is told who they are.
 *
 * @example
 * export default { fetch: guard(rs)((request, auth) => mcp.fetch(request, { authInfo: auth })) }
 */
export function guard(rs: ResourceServer, options: GuardOptions = {}): Guard {
  const gate = rs.gate(options)
  return (handler) =>
    async (request, ...rest) => {
      const { auth, reply } = await gate(fromFetchRequest(request))
      if (reply !== undefined) return toResponse(reply)
      const response = await handler(request, auth, ...rest)
      return finish(rs, options, { request, response, auth })
    }
}

/** Serves the protected resource metadata; undefined for every other request. A guard that sees all paths serves it itself. */
export function metadata(rs: ResourceServer): (request: Request) => Response | undefined {
  return (request) => rs.metadata(request)
}

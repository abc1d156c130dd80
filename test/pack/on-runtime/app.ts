import { createResourceServer, type ResourceServerOptions } from '@postern/resource-server'
import { guard, metadata } from '@postern/resource-server/fetch'

/*
 * Runs inside Bun, Deno and workerd, on the kit as it is packed: what a server of Request and Response is given there. It tells
 * a caller who they are, at /mcp through the adapter and at /bare without one. At /move it moves its time.
 */
export function createApp(options: ResourceServerOptions): (request: Request) => Response | Promise<Response> {
  let ahead = 0
  const rs = createResourceServer({ ...options, clock: { now: () => Date.now() + ahead } })
  const document = metadata(rs)
  const guarded = guard(rs)((_request, auth) => describe(auth))
  const bare = async (request: Request) => {
    const auth = await rs.authenticate(request)
    return auth instanceof Response ? auth : describe(auth)
  }
  const move = (query: URLSearchParams) => {
    ahead += Number(query.get('clock'))
    const passed = Number(query.get('passed'))
    const now = performance.now.bind(performance)
    Object.defineProperty(performance, 'now', { configurable: true, value: () => now() + passed })
    return new Response()
  }
  return (request) => {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/mcp') return guarded(request)
    if (pathname === '/bare') return bare(request)
    if (pathname === '/move') return move(searchParams)
    return document(request) ?? new Response(null, { status: 404 })
  }
}

type Auth = Parameters<Parameters<ReturnType<typeof guard>>[0]>[1]

function describe({ kind, issuer, subject, clientId, scopes, confirmation }: Auth): Response {
  return Response.json({ kind, issuer, subject, clientId, scopes, confirmation })
}

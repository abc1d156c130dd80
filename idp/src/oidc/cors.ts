import type { IncomingMessage, ServerResponse } from 'node:http'
import { limits } from '../limits.ts'

const read = 'GET'
const write = 'POST'

/**
 * What scripts of any origin may call, with its methods: everything by which an OAuth client in a browser gets and uses
 * its tokens. Not where a person and the person's cookies come: /auth, pages, sign-out.
 */
const methodsByPath: Readonly<Record<string, string>> = {
  '/.well-known/openid-configuration': read,
  '/.well-known/oauth-authorization-server': read,
  '/jwks': read,
  '/revocations': read,
  '/reg': write,
  '/token': write,
  '/revoke': write,
  '/introspect': write,
  '/device_authorization': write,
  '/userinfo': 'GET, POST',
}

const exposed = 'WWW-Authenticate, Retry-After, X-Request-Id'

/**
 * Lets scripts of any origin read what the path answers, refusals as well (Fetch Standard, CORS protocol), and answers
 * their preflights. Never with credentials: no endpoint in the list looks at a cookie, so a foreign page can do no
 * more than any other caller. Says whether it has answered.
 *
 * @param path below the issuer
 */
export function allowOrigins(req: IncomingMessage, res: ServerResponse, path: string): boolean {
  const methods = Object.hasOwn(methodsByPath, path) ? methodsByPath[path] : undefined
  if (methods === undefined) return false
  const { origin, 'access-control-request-method': asked } = req.headers
  res.setHeader('vary', 'Origin')
  res.setHeader('access-control-allow-origin', origin ?? '*')
  if (req.method !== 'OPTIONS' || asked === undefined) {
    res.setHeader('access-control-expose-headers', exposed)
    return false
  }
  // The wildcard would leave out Authorization.
  const headers = req.headers['access-control-request-headers']
  res.writeHead(204, {
    'access-control-allow-methods': methods,
    ...(headers === undefined ? {} : { 'access-control-allow-headers': headers }),
    'access-control-max-age': String(limits.preflightMaxAge),
  })
  res.end()
  return true
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { isId } from '@postern/core'
import { type Logger, requestIdOf } from '@postern/server'

import { poolPaths } from '../directory/urls.ts'
import { noteExchange } from './exchange.ts'
import type { OpenPool, OpenPools } from './open-pools.ts'
import type { ProviderHandler } from './provider.ts'
import { type ErrorAnswer, sendError } from './respond.ts'
import type { TokenEndpoint } from './token-endpoint.ts'

export interface MountOptions {
  readonly pools: OpenPools
  readonly tokenEndpoint: TokenEndpoint
  readonly providerOf: (opened: OpenPool) => ProviderHandler
  /** Told of token requests that came to no pool, or to no end. */
  readonly refused: (facts: RefusedRequest) => void
  readonly log: Logger
}

export interface RefusedRequest {
  readonly poolId: string
  readonly requestId: string
  readonly reason: 'pool_unknown' | 'pool_disabled' | 'internal'
  readonly status: number
}

/** Where the front listens besides `/pools`: the two forms that put the well-known path before the issuer's. */
export const wellKnownPrefixes = [
  '/.well-known/openid-configuration/pools',
  '/.well-known/oauth-authorization-server/pools',
] as const

const read = 'GET, HEAD, OPTIONS'

/** What a pool answers, below its issuer. The library's router would take other spellings of these paths too. */
const routes: Readonly<Record<string, string>> = {
  [poolPaths.token]: 'POST, OPTIONS',
  [poolPaths.jwks]: read,
  [poolPaths.discovery]: read,
  '/.well-known/oauth-authorization-server': read,
  '/auth': 'GET, HEAD',
}

const noPool = 'there is no such user pool, or it is disabled; the issuer is <origin>/pools/<id of the pool>'
const failed = 'something went wrong here; the log has it under the x-request-id of this answer'
const noPath = 'there is nothing at this path; see /.well-known/openid-configuration below the issuer'

interface Target {
  readonly poolId: string
  /** Path below the issuer. */
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
}

/**
 * The front of all pools: finds the pool of a request, and hands it to the token endpoint or to the pool's instance of
 * oidc-provider, which gets to see the path below the issuer. The mount point goes into `baseUrl`; given through
 * `originalUrl`, the library's URLs would break for a pool that is called like one of its routes.
 */
export function createMount({ pools, tokenEndpoint, providerOf, refused, log }: MountOptions) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const requestId = requestIdOf(req)
    res.setHeader('x-request-id', requestId)
    res.setHeader('x-content-type-options', 'nosniff')
    const target = targetOf(req.url ?? '')
    try {
      await answer(req, res, target, requestId)
    } catch (error) {
      log.error({ err: error, requestId, poolId: target?.poolId }, 'a request to a pool failed')
      if (res.headersSent) res.destroy()
      else refuse(res, target, { reason: 'internal', requestId }, serverError)
    }
  }

  async function answer(
    req: IncomingMessage,
    res: ServerResponse,
    target: Target | undefined,
    requestId: string,
  ): Promise<void> {
    const startedAt = performance.now()
    const opened = target && (await pools.open(target.poolId))
    if (target === undefined || opened === undefined || !opened.pool.enabled) {
      const reason = opened === undefined ? 'pool_unknown' : 'pool_disabled'
      return refuse(res, target, { reason, requestId }, notFound(noPool))
    }
    const refusal = refusalOf(target.path, req.method ?? '')
    if (refusal !== undefined) return sendError(res, refusal)

    Object.assign(req, { baseUrl: `/pools/${target.poolId}`, url: target.path + target.query })
    const address = req.socket.remoteAddress ?? ''
    const exchange = { opened, requestId, startedAt, address, claim: undefined }
    if (target.path === poolPaths.token && req.method === 'POST') {
      return tokenEndpoint(req, res, exchange, () => providerOf(opened))
    }
    noteExchange(req, exchange)
    return providerOf(opened)(req, res)
  }

  function refuse(
    res: ServerResponse,
    target: Target | undefined,
    facts: Pick<RefusedRequest, 'reason' | 'requestId'>,
    error: ErrorAnswer,
  ): void {
    if (target?.path === poolPaths.token) refused({ ...facts, poolId: target.poolId, status: error.status })
    sendError(res, error)
  }
}

const serverError: ErrorAnswer = { status: 500, error: 'server_error', description: failed }

function notFound(description: string): ErrorAnswer {
  return { status: 404, error: 'invalid_request', description }
}

function refusalOf(path: string, method: string): ErrorAnswer | undefined {
  const allow = routes[path]
  if (allow === undefined) return notFound(noPath)
  if (allow.split(', ').includes(method)) return undefined
  const description = `this path answers ${allow} only`
  return { status: 405, error: 'invalid_request', description, headers: { allow } }
}

const poolPath = /^\/pools\/([^/]*)(\/.*)?$/s
const insertedPath = /^(\/\.well-known\/(?:openid-configuration|oauth-authorization-server))\/pools\/([^/]*)$/

function targetOf(url: string): Target | undefined {
  const { path, query } = split(url)
  const inserted = insertedPath.exec(path)
  const [, poolId = '', below = ''] = inserted ? [path, inserted[2], inserted[1]] : (poolPath.exec(path) ?? [])
  return isId(poolId) ? { poolId, path: below, query } : undefined
}

/** A request target is a path, or a whole URL (RFC 9112 §3.2.2) whose origin means nothing here. */
function split(url: string): { path: string; query: string } {
  if (!url.startsWith('/')) {
    const { pathname = '', search = '' } = URL.parse(url) ?? {}
    return { path: pathname, query: search }
  }
  const start = url.indexOf('?')
  return start === -1 ? { path: url, query: '' } : { path: url.slice(0, start), query: url.slice(start) }
}

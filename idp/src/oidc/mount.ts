import type { IncomingMessage, ServerResponse } from 'node:http'
import { isId } from '@postern/core'
import { type Logger, requestIdOf } from '@postern/server'
import type { HotPool } from '../directory/types.ts'
import { poolPaths } from '../directory/urls.ts'
import { askAgainWithGet } from './ask-again.ts'
import { allowOrigins } from './cors.ts'
import { type Exchange, noteExchange } from './exchange.ts'
import { isForeign } from './foreign.ts'
import type { OpenPool, OpenPools } from './open-pools.ts'
import type { Pages } from './pages.ts'
import type { PoolProvider } from './provider.ts'
import { createRefuse } from './refuse.ts'
import { respellQuery } from './resource-spelling.ts'
import { type ErrorAnswer, sendError } from './respond.ts'
import type { Feed } from './revocation/feed.ts'
import { revocationPaths } from './revocation/paths.ts'
import type { Room } from './rooms.ts'
import { type Route, routeOf } from './routes.ts'
import type { TokenEndpoint } from './token-endpoint.ts'

export interface MountOptions {
  readonly pools: OpenPools
  readonly tokenEndpoint: TokenEndpoint
  readonly providerOf: (opened: OpenPool) => PoolProvider
  readonly rooms: readonly Room[]
  /** Answers for pools that are disabled or gone, too. */
  readonly feed: Feed
  readonly pages: Pages
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
 * The front of all pools: finds the pool of a request, and hands it to the token endpoint, to one of the other rooms, to
 * the pages, or to the pool's instance of oidc-provider, which gets to see the path below the issuer. The mount point
 * goes into `baseUrl`; given through `originalUrl`, the library's URLs would break for a pool that is called like one
 * of its routes.
 */
export function createMount({ pools, tokenEndpoint, providerOf, rooms, feed, pages, refused, log }: MountOptions) {
  const refuse = createRefuse(pages)
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const requestId = requestIdOf(req)
    res.setHeader('x-request-id', requestId)
    res.setHeader('x-content-type-options', 'nosniff')
    const [, asset] = assetPath.exec(req.url ?? '') ?? []
    if (asset !== undefined && pages.asset(req, res, asset)) return
    const target = targetOf(req.url ?? '')
    // Before anything can be refused: a script has to be able to read why.
    if (target !== undefined && allowOrigins(req, res, target.path)) return
    try {
      await answer(req, res, target, requestId)
    } catch (error) {
      log.error({ err: error, requestId, poolId: target?.poolId }, 'a request to a pool failed')
      if (res.headersSent) res.destroy()
      else {
        note(target, { reason: 'internal', requestId }, serverError)
        sendError(res, serverError)
      }
    }
  }

  async function answer(
    req: IncomingMessage,
    res: ServerResponse,
    target: Target | undefined,
    requestId: string,
  ): Promise<void> {
    const startedAt = performance.now()
    if (target?.path === revocationPaths.feed && isRead(req.method)) return await feed(req, res, target)
    const opened = target && (await pools.open(target.poolId))
    if (target === undefined || opened === undefined || !opened.pool.enabled) {
      const error = notFound(noPool)
      note(target, { reason: opened === undefined ? 'pool_unknown' : 'pool_disabled', requestId }, error)
      return refuse(req, res, target?.path, { opened: undefined, requestId }, error)
    }
    const address = req.socket.remoteAddress ?? ''
    Object.assign(req, { baseUrl: `/pools/${target.poolId}`, url: target.path + target.query })
    const exchange = { opened, requestId, startedAt, address, claim: undefined }
    return await below(req, res, target, exchange)
  }

  async function below(req: IncomingMessage, res: ServerResponse, target: Target, exchange: Exchange): Promise<void> {
    const { path } = target
    const room = rooms.find((one) => one.path === path || (one.below && path.startsWith(`${one.path}/`)))
    const route = room ?? routeOf(path)
    if (route === undefined) return await page(req, res, target, exchange)
    const refusal = refusalOf(route, exchange.opened.pool, req.method ?? '')
    if (refusal !== undefined) return refuse(req, res, target.path, exchange, refusal)
    if (room === undefined) return await library(req, res, target, exchange)
    noteExchange(req, exchange)
    return await room.handle(req, res, exchange)
  }

  async function library(req: IncomingMessage, res: ServerResponse, target: Target, exchange: Exchange): Promise<void> {
    const { opened } = exchange
    const { path, query } = target
    if (req.method === 'POST' && ownForms.has(path) && isForeign(req, new URL(opened.issuer).origin)) {
      return refuse(req, res, target.path, exchange, foreignForm)
    }
    if (req.method === 'POST' && formPaths.has(path)) {
      const endpoint = path === poolPaths.token ? 'token' : 'device'
      return await tokenEndpoint(req, res, exchange, () => providerOf(opened).handle, endpoint)
    }
    if (req.method === 'POST' && pathsOfQueries.has(path)) return await askAgainWithGet(req, res, opened.issuer + path)
    noteExchange(req, exchange)
    if (path === poolPaths.authorization) req.url = path + respellQuery(opened.pool, query)
    return await providerOf(opened).handle(req, res)
  }

  async function page(req: IncomingMessage, res: ServerResponse, target: Target, exchange: Exchange): Promise<void> {
    const { path, query } = target
    const { opened, address, requestId = '' } = exchange
    noteExchange(req, exchange)
    const { interactions } = providerOf(opened)
    const facts = { req, res, opened, path, query, requestId, address, interactions }
    if (!(await pages.handle(facts))) refuse(req, res, target.path, exchange, notFound(noPath))
  }

  function note(
    target: Target | undefined,
    facts: Pick<RefusedRequest, 'reason' | 'requestId'>,
    { status }: ErrorAnswer,
  ): void {
    if (target?.path === poolPaths.token) refused({ ...facts, poolId: target.poolId, status })
  }
}

const foreignForm: ErrorAnswer = {
  status: 403,
  error: 'access_denied',
  description: 'the form was sent by another site',
  mend: 'Go back, reload the page of this provider, and send its own form.',
  // Its body was not read, and would be taken for the next request.
  headers: { connection: 'close' },
}

const serverError: ErrorAnswer = { status: 500, error: 'server_error', description: failed }

function notFound(description: string): ErrorAnswer {
  return { status: 404, error: 'invalid_request', description }
}

/** What a client may send the browser to with a form instead of a link. */
const pathsOfQueries: ReadonlySet<string> = new Set([poolPaths.authorization, poolPaths.endSession])

/** Forms of pages that oidc-provider answers. Their token alone would do; where a browser says whose form it is, that counts too. */
const ownForms: ReadonlySet<string> = new Set([poolPaths.device, `${poolPaths.endSession}/confirm`])

/** Endpoints that authenticate clients by a form. */
const formPaths: ReadonlySet<string> = new Set([poolPaths.token, poolPaths.deviceAuthorization])

function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
}

function refusalOf({ methods, isOn }: Route, pool: HotPool, method: string): ErrorAnswer | undefined {
  if (isOn?.(pool) === false) return notFound(noPath)
  if (methods.split(', ').includes(method)) return undefined
  const description = `this path answers ${methods} only`
  return { status: 405, error: 'invalid_request', description, headers: { allow: methods } }
}

const assetPath = /^\/pools\/[^/?]+(\/assets\/[^/?]+)$/
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

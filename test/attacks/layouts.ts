import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { type AuthInfo, isAuthInfo, type ResourceServer, type ResourceServerOptions } from '@postern/resource-server'
import * as expressKit from '@postern/resource-server/express'
import * as fastifyKit from '@postern/resource-server/fastify'
import * as fetchKit from '@postern/resource-server/fetch'
import * as honoKit from '@postern/resource-server/hono'
import * as koaKit from '@postern/resource-server/koa'
import { MCPAuth } from '@postern/resource-server/mcp-auth'
import * as nextKit from '@postern/resource-server/next'
import * as nodeKit from '@postern/resource-server/node'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import type { Behind } from '../frameworks.ts'

/** A resource server, and what it was made of. */
export interface Own {
  readonly rs: ResourceServer
  readonly options: ResourceServerOptions
}

/** One line of an application, in the order of its lines. */
export interface Step {
  /** Serves the metadata of this one. */
  readonly metadata?: Own
  /** Guards the route, or where there is no `at`, all that comes after. */
  readonly guard?: Own
  /** The path of a route, with the handler at it. */
  readonly at?: string
}

/** An application of a framework whose lines a test chooses. */
export type Layout = (steps: readonly Step[], behind: Behind) => RequestListener

type WebHandler = (request: Request, auth?: AuthInfo) => Response | Promise<Response>

interface WebParts {
  metadata(own: Own, next: WebHandler): WebHandler
  guard(own: Own, next: (request: Request, auth: AuthInfo) => Response | Promise<Response>): WebHandler
}

/** An application of handlers that hand each other a `Request`. */
function web({ metadata, guard }: WebParts): Layout {
  return (steps, behind) => {
    const handler = steps.reduceRight<WebHandler>(
      (next, { metadata: published, guard: guarded, at }) => {
        if (published !== undefined) return metadata(published, next)
        if (at === undefined) return guarded === undefined ? next : guard(guarded, next)
        const last: WebHandler = (request, auth) => behind.web(request, known(auth))
        const route = guarded === undefined ? last : guard(guarded, last)
        return (request, auth) => (new URL(request.url).pathname === at ? route(request, auth) : next(request, auth))
      },
      () => new Response(null, { status: 404 }),
    )
    return getRequestListener((request) => handler(request))
  }
}

function known(auth: unknown): AuthInfo {
  if (!isAuthInfo(auth)) throw new TypeError('no guard has let this request pass')
  return auth
}

/** Where a route is found by the beginning of its path, the longest comes first. */
function longestFirst(steps: readonly Step[]): readonly Step[] {
  return [...steps].sort((one, other) => (other.at?.length ?? 0) - (one.at?.length ?? 0))
}

type Middleware = (req: IncomingMessage, res: ServerResponse, next: () => void) => unknown

/** Middlewares in the style of Connect, one after the other. */
function chain(middlewares: readonly Middleware[]): RequestListener {
  return (req, res) => {
    const run = (index: number): unknown => {
      const middleware = middlewares[index]
      return middleware === undefined ? res.writeHead(404).end() : middleware(req, res, () => void run(index + 1))
    }
    run(0)
  }
}

/** Every adapter, with lines that a test chooses. */
export const layouts: Readonly<Record<string, Layout>> = {
  'rs.authenticate': web({
    metadata:
      ({ rs }, next) =>
      (request, auth) =>
        rs.metadata(request) ?? next(request, auth),
    guard:
      ({ rs }, next) =>
      async (request) => {
        const auth = await rs.authenticate(request)
        return auth instanceof Response ? auth : next(request, auth)
      },
  }),
  fetch: web({
    metadata({ rs }, next) {
      const metadata = fetchKit.metadata(rs)
      return (request, auth) => metadata(request) ?? next(request, auth)
    },
    guard: ({ rs }, next) => fetchKit.guard(rs)(next),
  }),
  // There a file is a route: the document's is found by its path.
  next: web({
    metadata({ rs, options: { rootMetadata } }, next) {
      const metadata = nextKit.metadata(rs)
      const root = rootMetadata === true ? ['/.well-known/oauth-protected-resource'] : []
      const paths = new Set([new URL(rs.metadataUrl ?? '').pathname, ...root])
      return (request, auth) => (paths.has(new URL(request.url).pathname) ? metadata(request) : next(request, auth))
    },
    guard: ({ rs }, next) => nextKit.guard(rs)(next),
  }),
  node: (steps, { node }) =>
    chain(
      steps.map(({ metadata, guard, at }): Middleware => {
        if (metadata !== undefined) return nodeKit.metadata(metadata.rs)
        const check: Middleware = guard === undefined ? (_req, _res, next) => next() : nodeKit.guard(guard.rs)
        if (at === undefined) return check
        return (req, res, next) =>
          new URL(req.url ?? '/', 'http://localhost').pathname === at
            ? check(req, res, () => node(req, res, nodeKit.authOf(req)))
            : next()
      }),
    ),
  express(steps, { node }) {
    const app = express()
    for (const { metadata, guard, at } of steps) {
      if (metadata !== undefined) app.use(expressKit.metadata(metadata.rs))
      else if (at === undefined) app.use(...guards(guard))
      else app.all(at, ...guards(guard), (req, res) => void node(req, res, expressKit.authOf(req)))
    }
    return app
  },
  // Routers, under each of which the URL is shortened.
  'express 4'(steps, { node }) {
    const app = express4()
    for (const { metadata, guard, at } of steps) {
      if (metadata !== undefined) app.use(expressKit.metadata(metadata.rs))
      else if (at === undefined) app.use(...guards(guard))
    }
    for (const { guard, at } of longestFirst(steps)) {
      if (at === undefined) continue
      const router = express4.Router()
      router.use(...guards(guard), (req, res) => void node(req, res, expressKit.authOf(req)))
      app.use(at, router)
    }
    return app
  },
  koa(steps, { node }) {
    const app = new Koa()
    const handle = (ctx: Koa.Context) => {
      ctx.respond = false
      return node(ctx.req, ctx.res, known(ctx.state['auth']))
    }
    for (const { metadata, guard, at } of steps) {
      if (metadata !== undefined) app.use(koaKit.metadata(metadata.rs))
      else if (at === undefined && guard !== undefined) app.use(koaKit.guard(guard.rs))
      else {
        const check = guard === undefined ? undefined : koaKit.guard(guard.rs)
        app.use((ctx, next) => {
          if (ctx.path !== at) return next()
          return check === undefined ? handle(ctx) : check(ctx, async () => handle(ctx))
        })
      }
    }
    return app.callback()
  },
  fastify(steps, { node }) {
    const behind: { listener?: RequestListener } = {}
    const app = Fastify({
      serverFactory(listener) {
        behind.listener = listener
        return createServer()
      },
    })
    for (const { metadata, guard, at } of steps) {
      if (metadata !== undefined) app.addHook('onRequest', fastifyKit.metadata(metadata.rs))
      else if (at === undefined && guard !== undefined) app.addHook('onRequest', fastifyKit.guard(guard.rs))
      else if (at !== undefined) {
        app.all(at, guard === undefined ? {} : { onRequest: fastifyKit.guard(guard.rs) }, (request, reply) => {
          reply.hijack()
          return node(request.raw, reply.raw, fastifyKit.authOf(request))
        })
      }
    }
    const ready = app.ready()
    return async (req, res) => {
      await ready
      behind.listener?.(req, res)
    }
  },
  hono(steps, { web: handle }) {
    const app = new Hono<{ Variables: { auth?: AuthInfo } }>()
    for (const { metadata, guard, at } of steps) {
      if (metadata !== undefined) app.use(honoKit.metadata(metadata.rs))
      else if (at === undefined && guard !== undefined) app.use(honoKit.guard(guard.rs))
      else if (at !== undefined) {
        if (guard !== undefined) app.use(at, honoKit.guard(guard.rs))
        app.all(at, (c) => handle(c.req.raw, known(c.get('auth'))))
      }
    }
    return getRequestListener(app.fetch)
  },
  // One object for all resources, which picks the route's by its name.
  'mcp-auth'(steps, { node }) {
    const owns = new Map(
      steps.flatMap(({ metadata, guard }) => [metadata ?? [], guard ?? []].flat().map((own) => [own.rs, own])),
    )
    const mcpAuth = new MCPAuth({
      protectedResources: [...owns.values()].map(({ options: { resource, issuers = [] } }) => ({
        metadata: { resource, authorizationServers: issuers.map(({ issuer }) => ({ issuer, type: 'oauth' as const })) },
      })),
      kit: { onEvent: (event) => void [...owns.values()][0]?.options.onEvent?.(event) },
    })
    const checks = (own: Own | undefined) => {
      if (own === undefined) return []
      const { resource, requiredScopes = [] } = own.options
      return [mcpAuth.bearerAuth('jwt', { resource, requiredScopes })]
    }
    const app = express()
    for (const { metadata, guard, at } of steps) {
      if (metadata !== undefined) app.use(mcpAuth.protectedResourceMetadataRouter())
      else if (at === undefined) app.use(...checks(guard))
      else app.all(at, ...checks(guard), (req, res) => void node(req, res, expressKit.authOf(req)))
    }
    return app
  },
}

function guards(own: Own | undefined): expressKit.ExpressHandler[] {
  return own === undefined ? [] : [expressKit.guard(own.rs)]
}

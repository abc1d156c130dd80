import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { type AuthInfo, type GuardOptions, isAuthInfo, type ResourceServer } from '@postern/resource-server'
import * as expressKit from '@postern/resource-server/express'
import * as fastifyKit from '@postern/resource-server/fastify'
import * as fetchKit from '@postern/resource-server/fetch'
import * as honoKit from '@postern/resource-server/hono'
import * as koaKit from '@postern/resource-server/koa'
import * as nextKit from '@postern/resource-server/next'
import * as nodeKit from '@postern/resource-server/node'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'

/** What stands behind the guard at /mcp, for both kinds of framework. */
export interface Behind {
  /** `body`: what a body parser of the framework made of it. */
  node(req: IncomingMessage, res: ServerResponse, auth: AuthInfo, body?: unknown): unknown
  web(request: Request, auth: AuthInfo): Response | Promise<Response>
}

/** An application of a framework: the metadata, and a guarded route /mcp. */
export type App = (rs: ResourceServer, guard: GuardOptions | undefined, behind: Behind) => RequestListener

/** Every adapter of the kit, with the places that a body parser may have. */
export const apps: Readonly<Record<string, App>> = {
  node(rs, options, { node }) {
    const metadata = nodeKit.metadata(rs)
    const check = nodeKit.guard(rs, options)
    return (req, res) =>
      metadata(req, res, () => {
        if (pathOf(req) === '/mcp') check(req, res, () => node(req, res, nodeKit.authOf(req)))
        else res.writeHead(404).end()
      })
  },
  express: (rs, options, { node }) =>
    express()
      .use(expressKit.metadata(rs))
      .all('/mcp', expressKit.guard(rs, options), (req, res) => node(req, res, expressKit.authOf(req))),
  'express, parser behind': (rs, options, { node }) =>
    express()
      .use(expressKit.metadata(rs))
      .all('/mcp', expressKit.guard(rs, options), express.json(), (req, res) =>
        node(req, res, expressKit.authOf(req), req.body),
      ),
  'express, parser before': (rs, options, { node }) =>
    express()
      .use(expressKit.metadata(rs), express.json())
      .all('/mcp', expressKit.guard(rs, options), (req, res) => node(req, res, expressKit.authOf(req), req.body)),
  'express 4': (rs, options, { node }) =>
    express4()
      .use(expressKit.metadata(rs))
      .all('/mcp', expressKit.guard(rs, options), express4.json(), (req, res) =>
        node(req, res, expressKit.authOf(req), req.method === 'POST' ? req.body : undefined),
      ),
  koa: (rs, options, { node }) =>
    new Koa()
      .use(koaKit.metadata(rs))
      .use((ctx, next) => (ctx.path === '/mcp' ? next() : undefined))
      .use(koaKit.guard(rs, options))
      .use((ctx) => {
        const { auth } = ctx.state
        if (!isAuthInfo(auth)) throw new TypeError('the guard let somebody pass without auth')
        ctx.respond = false
        return node(ctx.req, ctx.res, auth)
      })
      .callback(),
  fastify(rs, options, { node }) {
    const behind: { listener?: RequestListener } = {}
    const app = Fastify({
      serverFactory(listener) {
        behind.listener = listener
        return createServer()
      },
    })
    app.addHook('onRequest', fastifyKit.metadata(rs))
    app.all('/mcp', { onRequest: fastifyKit.guard(rs, options) }, (request, reply) => {
      reply.hijack()
      return node(request.raw, reply.raw, fastifyKit.authOf(request), request.body)
    })
    const ready = app.ready()
    return async (req, res) => {
      await ready
      behind.listener?.(req, res)
    }
  },
  hono(rs, options, { web }) {
    const app = new Hono()
    app.use(honoKit.metadata(rs))
    app.all('/mcp', honoKit.guard(rs, options), (c) => web(c.req.raw, c.get('auth')))
    return getRequestListener(app.fetch)
  },
  next(rs, options, { web }) {
    const metadata = nextKit.metadata(rs)
    const route = nextKit.guard(rs, options)(web)
    return getRequestListener((request) =>
      new URL(request.url).pathname === '/mcp' ? route(request) : metadata(request),
    )
  },
  fetch(rs, options, { web }) {
    const metadata = fetchKit.metadata(rs)
    const handler = fetchKit.guard(rs, options)(web)
    return getRequestListener((request) => {
      const known = metadata(request)
      if (known !== undefined) return known
      return new URL(request.url).pathname === '/mcp' ? handler(request) : new Response(null, { status: 404 })
    })
  },
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return new URL(url, 'http://localhost').pathname
}

export interface Listening {
  readonly server: Server
  readonly port: number
  /** Replaces what answers, for applications that need to know their own address first. */
  use(listener: RequestListener): void
  close(): Promise<void>
}

/** Listens on a free port of 127.0.0.1. Headers may be long, so that the kit is what refuses a token above its own limit. */
export async function listen(first: RequestListener = (_req, res) => res.end()): Promise<Listening> {
  let listener = first
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (req, res) => listener(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    use(next) {
      listener = next
    },
    close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      server.closeAllConnections()
      return closed
    },
  }
}

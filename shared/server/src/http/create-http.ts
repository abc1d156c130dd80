import type { EventSink } from '@postern/core'
import Koa from 'koa'
import type { Logger } from 'pino'
import type { Metrics } from '../logs/metrics.ts'
import { errorCode } from '../start-error.ts'
import { createApi } from './api.ts'
import { createEnvelope } from './envelope.ts'
import { createReadiness, type ReadinessChecks } from './health.ts'
import { createManagement } from './management.ts'
import { type FindHandler, type Mount, withMounts, withWire } from './mounts.ts'
import type { NodeHandler } from './node-handler.ts'
import { openApiDocument } from './openapi.ts'
import { healthPages, metricsPage } from './operations.ts'
import { problem } from './problem.ts'
import type { Route } from './route.ts'

export interface HttpOptions {
  /** Title in the OpenAPI document: `postern-idp`. */
  name: string
  version: string
  mode: 'development' | 'production'
  adminToken: string
  /** Of the management API. */
  routes: readonly Route[]
  log: Logger
  metrics: Metrics
  /** What /readyz asks. */
  ready?: ReadinessChecks
  /** Tried first, in this order, without Koa's overhead. */
  mounts?: readonly Mount[]
  /** Tried after the mounts. */
  find?: FindHandler
  /** Koa middleware for the public side, after everything of the server's own: pages. */
  pages?: readonly Koa.Middleware[]
  /** Answers POST / where the management API is answered too: the originals' spelling of it. */
  wire?: NodeHandler
  /** Told of refused management requests. */
  record?: EventSink
}

export interface Http {
  /** For the public listener. In development it answers the management API too. */
  public: NodeHandler
  /** For the admin listener: management API, metrics, health. */
  admin: NodeHandler
  /** The OpenAPI document; made when it is first asked for, as it takes tens of milliseconds. */
  openapi(): Record<string, unknown>
  /** Ends open event streams, so that the listeners can close. */
  close(): void
}

/**
 * Builds the HTTP side of a server: what the contract says of every answer (request ids, problem documents, limits,
 * health, metrics, OpenAPI, admin token) stands here once. Handlers are plain functions of node:http.
 */
export function createHttp(options: HttpOptions): Http {
  const { mounts = [], find, mode } = options
  const openapi = once(() => openApiDocument({ title: options.name, version: options.version }, options.routes))
  const api = createApi(options.routes)
  const document = once(() => JSON.stringify(openapi()))
  const management = [metricsPage(options.metrics), createManagement(options, api, document)]
  const health = healthPages(createReadiness(options.ready ?? {}, options.log))
  const admin = createApp(options, [health, ...management])
  const open = createApp(options, [health, ...(mode === 'development' ? management : []), ...(options.pages ?? [])])
  const { wire, log } = options
  return {
    admin: withWire(wire, admin, log),
    public: withMounts(mounts, find, mode === 'development' ? withWire(wire, open, log) : open, log),
    openapi,
    close: api.endStreams,
  }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function createApp(options: HttpOptions, steps: readonly Koa.Middleware[]): NodeHandler {
  const app = new Koa({ proxy: false, env: 'production' })
  // What a handler throws is answered below; what is left are sockets that callers closed.
  app.on('error', (error: unknown) => options.log.debug({ code: errorCode(error) }, 'a connection broke'))
  app.use(createEnvelope(options))
  for (const step of steps) app.use(step)
  app.use(() => problem(404, 'not_found', 'there is nothing at this path'))
  const callback = app.callback()
  return async (req, res) => {
    await callback(req, res)
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { asProblem } from './envelope.ts'
import { type NodeHandler, pathOf } from './node-handler.ts'
import { problemDocument } from './problem.ts'
import { requestIdOf } from './request-id.ts'

/** A handler in front of Koa, for what lies at `prefix` or below it. */
export interface Mount {
  /** `/pools`; whole segments count. */
  prefix: string
  handler: NodeHandler
}

/** Finds a handler for a path that is only known at run time. */
export type FindHandler = (path: string) => NodeHandler | undefined

/** Tries the mounts, then `find`, then the fallback. None of the first two costs what Koa costs. */
export function withMounts(
  mounts: readonly Mount[],
  find: FindHandler | undefined,
  fallback: NodeHandler,
  log: Logger,
): NodeHandler {
  if (mounts.length === 0 && find === undefined) return fallback
  const choose = (path: string): NodeHandler =>
    mounts.find(({ prefix }) => lies(path, prefix))?.handler ?? find?.(path) ?? fallback
  return async (req, res) => {
    try {
      await choose(pathOf(req))(req, res)
    } catch (error) {
      answer(error, req, res, log)
    }
  }
}

/** POST / goes to the originals' API, anything else on. */
export function withWire(wire: NodeHandler | undefined, next: NodeHandler, log: Logger): NodeHandler {
  if (wire === undefined) return next
  return async (req, res) => {
    if (req.method !== 'POST' || pathOf(req) !== '/') return next(req, res)
    try {
      await wire(req, res)
    } catch (error) {
      answer(error, req, res, log)
    }
  }
}

function lies(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false
  return path.length === prefix.length || prefix.endsWith('/') || path.charCodeAt(prefix.length) === 0x2f
}

/** What a mounted handler throws is answered as any other failure. */
function answer(error: unknown, req: IncomingMessage, res: ServerResponse, log: Logger): void {
  const requestId = requestIdOf(req)
  const refusal = asProblem(error, requestId, log)
  if (res.headersSent) {
    res.destroy()
    return
  }
  res.writeHead(refusal.status, {
    ...refusal.headers,
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-request-id': requestId,
  })
  res.end(JSON.stringify(problemDocument(refusal, requestId)))
}

import type Koa from 'koa'
import type { Logger } from 'pino'
import type { Metrics } from '../logs/metrics.ts'
import { pathOf } from './node-handler.ts'
import { HttpProblem, problem, problemDocument } from './problem.ts'
import { requestIdOf } from './request-id.ts'

interface EnvelopeOptions {
  log: Logger
  metrics: Metrics
}

/** What every answer has: request id, headers, a problem document when something was thrown, a line in the log. */
export function createEnvelope(options: EnvelopeOptions): Koa.Middleware {
  return async (context, next) => {
    const start = performance.now()
    const requestId = requestIdOf(context.req)
    context.state['requestId'] = requestId
    context.set({ 'X-Request-Id': requestId, 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' })
    try {
      if (pathOf(context.req) === '') problem(404, 'not_found', 'there is nothing at this path')
      await next()
    } catch (error) {
      const refusal = asProblem(error, requestId, options.log)
      context.status = refusal.status
      context.set(refusal.headers)
      context.type = 'application/problem+json'
      context.body = JSON.stringify(problemDocument(refusal, requestId))
    }
    const seconds = (performance.now() - start) / 1000
    observe(context, options, seconds)
  }
}

function observe(context: Koa.Context, { metrics, log }: EnvelopeOptions, seconds: number): void {
  const { status, state } = context
  const route = typeof state['route'] === 'string' ? state['route'] : 'none'
  const method = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(context.method) ? context.method : 'other'
  metrics.requests.observe({ method, route, status: String(status) }, seconds)
  const fields = { requestId: state['requestId'], method, route, status, durationMs: Math.round(seconds * 1e6) / 1e3 }
  if (method === 'GET' || method === 'HEAD') log.debug(fields, 'request')
  else log.info(fields, 'request')
}

/** The refusal for whatever was thrown. What nobody meant to throw goes to the log, and its request id to the caller. */
export function asProblem(error: unknown, requestId: string, log: Logger): HttpProblem {
  if (error instanceof HttpProblem) return error
  log.error({ err: error, requestId }, 'a request failed unexpectedly')
  return new HttpProblem(500, 'internal_error', 'something went wrong here; the log has it under requestId', [], {})
}

import type Koa from 'koa'
import type { Metrics } from '../logs/metrics.ts'
import type { Readiness } from './health.ts'
import { problem } from './problem.ts'

/** Answers /healthz (the process is alive) and /readyz (it can do its work). */
export function healthPages(readiness: () => Promise<Readiness>): Koa.Middleware {
  return async (context, next) => {
    if (context.path !== '/healthz' && context.path !== '/readyz') return next()
    context.state['route'] = context.path
    requireGet(context)
    const result = context.path === '/healthz' ? { ready: true, checks: undefined } : await readiness()
    context.status = result.ready ? 200 : 503
    context.type = 'application/json'
    context.body = JSON.stringify({ status: result.ready ? 'ok' : 'unavailable', checks: result.checks })
    return undefined
  }
}

/** Answers /metrics, in the text format of Prometheus. */
export function metricsPage(metrics: Metrics): Koa.Middleware {
  return async (context, next) => {
    if (context.path !== '/metrics') return next()
    return sendMetrics(context, metrics)
  }
}

async function sendMetrics(context: Koa.Context, { registry }: Metrics): Promise<void> {
  context.state['route'] = '/metrics'
  requireGet(context)
  context.set('Content-Type', registry.contentType)
  context.body = await registry.metrics()
}

/** Refuses methods that change something. */
export function requireGet(context: Koa.Context): void {
  if (context.method === 'GET' || context.method === 'HEAD') return
  problem(405, 'method_not_allowed', 'this path answers GET, HEAD only', [], { allow: 'GET, HEAD' })
}

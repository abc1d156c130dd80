import type { EventSink } from '@postern/core'
import type Koa from 'koa'
import type { Metrics } from '../logs/metrics.ts'
import { createAdminCheck } from './admin.ts'
import type { Api } from './api.ts'
import { requireGet } from './operations.ts'

export interface ManagementOptions {
  adminToken: string
  metrics: Metrics
  /** Told of refused requests. */
  record?: EventSink
}

/** Answers what lies below /api/v1: the routes to who has the admin token, the OpenAPI document to everybody. */
export function createManagement(options: ManagementOptions, api: Api, document: () => string): Koa.Middleware {
  const checkAdmin = createAdminCheck(options.adminToken)
  return async (context, next) => {
    const { path } = context
    if (path === '/api/v1/openapi.json') return sendDocument(context, document())
    if (path !== '/api/v1' && !path.startsWith('/api/v1/')) return next()
    const requestId = String(context.state['requestId'])
    try {
      checkAdmin(context.req)
    } catch (error) {
      options.metrics.adminRefused.inc()
      options.record?.({
        kind: 'admin.changed',
        outcome: 'refused',
        reason: 'admin_unauthorized',
        requestId,
        status: 401,
      })
      throw error
    }
    return api.answer(context, path.slice('/api/v1'.length), requestId)
  }
}

function sendDocument(context: Koa.Context, document: string): void {
  context.state['route'] = '/api/v1/openapi.json'
  requireGet(context)
  context.type = 'application/json'
  context.body = document
}

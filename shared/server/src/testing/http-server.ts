import { createHttp, type Http, type HttpOptions } from '../http/create-http.ts'
import { type Listener, listen } from '../http/listen.ts'
import { createMetrics } from '../logs/metrics.ts'
import { type CapturedLog, captureLog } from './captured-log.ts'

export interface TestHttp extends CapturedLog {
  http: Http
  /** The public side. */
  url: string
  /** The admin side. */
  adminUrl: string
  adminToken: string
  /** A request to the public side with the admin token; the path begins with `/`. */
  call(path: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
}

/** A server with these routes on ports of its own, for tests of routes. */
export async function startHttp(options: Partial<HttpOptions>): Promise<TestHttp> {
  const captured = captureLog()
  const adminToken = 'an-admin-token-for-tests'
  const http = createHttp({
    name: 'postern-test',
    version: '0.0.0',
    mode: 'development',
    adminToken,
    routes: [],
    log: captured.log,
    metrics: createMetrics('idp'),
    ...options,
  })
  const open = await listen(http.public, { port: 0 })
  const admin = await listen(http.admin, { port: 0 })
  return {
    ...captured,
    http,
    url: open.url,
    adminUrl: admin.url,
    adminToken,
    call: (path, init = {}) => {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${adminToken}`)
      if (typeof init.body === 'string' && !headers.has('content-type')) headers.set('content-type', 'application/json')
      return fetch(open.url + path, { ...init, headers })
    },
    close: () => closeAll(http, [open, admin]),
  }
}

async function closeAll(http: Http, listeners: readonly Listener[]): Promise<void> {
  http.close()
  await Promise.all(listeners.map((listener) => listener.close(0)))
}

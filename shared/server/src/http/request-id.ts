import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { limits } from '../limits.ts'

const sane = /^[A-Za-z0-9._-]+$/

/** The id of a request: the caller's X-Request-Id when it is short and plain, else a new one. */
export function requestIdOf(req: IncomingMessage): string {
  const given = req.headers['x-request-id']
  return typeof given === 'string' && given.length <= limits.requestId && sane.test(given) ? given : randomUUID()
}

import type { DialRequest } from './dial.ts'

/**
 * Sends a request with the platform's fetch. Which address a name resolves to cannot be seen here: under `public-only`
 * the guard has checked a literal address, and the platform's own egress rules must do the rest.
 */
export function dial(url: URL, { method, headers, body, signal }: DialRequest): Promise<Response> {
  return fetch(url, { method, headers, signal, redirect: 'manual', ...(body === undefined ? {} : { body }) })
}

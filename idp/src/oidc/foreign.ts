import type { IncomingMessage } from 'node:http'

/**
 * Whether a browser says that a post comes from another page than ours. Programs say nothing; a browser too old for
 * both headers is left to the token in the form.
 *
 * @param origin our public origin
 */
export function isForeign({ headers }: IncomingMessage, origin: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') return true
  return headers.origin !== undefined && headers.origin !== origin
}

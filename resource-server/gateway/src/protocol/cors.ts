import type { IncomingMessage } from 'node:http'

const readable = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id, Retry-After',
} as const

/**
 * Lets pages of other origins read the answer. The token is the credential and no cookie counts, so any origin may, as
 * far as the guard against DNS rebinding has let it pass.
 */
export function corsHeaders({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return headers.origin === undefined ? none : readable
}

const none: Readonly<Record<string, string>> = {}

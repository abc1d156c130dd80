import { limits } from './limits.ts'
import type { Reply } from './reply.ts'
import type { InboundRequest } from './request.ts'

/**
 * CORS for the guarded route. Any origin may call, because the token is the credential and no cookie counts: `*` and
 * never `Access-Control-Allow-Credentials`. Browser clients must be able to read the challenge.
 */
export const corsHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id, DPoP-Nonce',
}

const allowedHeaders = [
  'Authorization',
  'Content-Type',
  'Accept',
  'DPoP',
  'Last-Event-ID',
  'MCP-Protocol-Version',
  'Mcp-Session-Id',
  'Mcp-Method',
  'Mcp-Name',
]

const mcpParameter = /^mcp-param-[a-z0-9-]{1,128}$/i

/** A CORS preflight: the browser's question, which carries no credential and needs none. */
export function isPreflight(request: InboundRequest): boolean {
  return (
    request.method === 'OPTIONS' &&
    request.header('origin') !== undefined &&
    request.header('access-control-request-method') !== undefined
  )
}

/** Answers a preflight; `Mcp-Param-*` headers (MCP 2026-07-28) are allowed by the names asked for, which no list can hold. */
export function preflightReply(request: InboundRequest): Reply {
  const asked = (request.header('access-control-request-headers') ?? '').split(',', limits.preflightHeaders)
  const parameters = asked.map((name) => name.trim()).filter((name) => mcpParameter.test(name))
  return {
    status: 204,
    headers: {
      ...corsHeaders,
      'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
      'access-control-allow-headers': [...allowedHeaders, ...parameters].join(', '),
      'access-control-max-age': String(limits.preflightMaxAgeSeconds),
      'cache-control': 'no-store',
      vary: 'Access-Control-Request-Headers',
    },
  }
}

/** The same reply, readable for a page of another origin. */
export function withCors(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, ...corsHeaders } }
}

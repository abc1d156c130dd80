import type { IncomingHttpHeaders } from 'node:http'
import { type RpcRequest, rpcCodes } from '../backends/json-rpc.ts'
import type { Refused } from './replies.ts'

/** The parameter that `Mcp-Name` repeats, by method (MCP 2026-07-28, Streamable HTTP, "Standard Request Headers"). */
const nameSources: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
])

/**
 * Checks that a modern request's headers are there and say what its body says, so that whoever decided by the headers
 * on the way has decided rightly. That header and body agree on version and method was seen when it was classified.
 */
export function checkModernHeaders(headers: IncomingHttpHeaders, { method, params }: RpcRequest): Refused | undefined {
  if (headers['mcp-protocol-version'] === undefined) return mismatch('the MCP-Protocol-Version header is missing')
  if (headers['mcp-method'] === undefined) return mismatch('the Mcp-Method header is missing')
  const source = nameSources.get(method)
  if (source === undefined) return undefined
  const value = params?.[source]
  const header = headers['mcp-name']
  if (header === undefined) {
    return typeof value === 'string'
      ? mismatch(`the Mcp-Name header is missing; it repeats params.${source}`)
      : undefined
  }
  const decoded = decodeHeader(typeof header === 'string' ? header.trim() : '')
  if (decoded === undefined) return mismatch('the Mcp-Name header is not well encoded')
  if (typeof value === 'string' && decoded !== value) return mismatch(`the Mcp-Name header is not params.${source}`)
  return undefined
}

const sentinel = /^=\?base64\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?=$/

/** A header value, which may be wrapped as `=?base64?…?=` where it is not plain ASCII. */
function decodeHeader(value: string): string | undefined {
  if (!(value.startsWith('=?base64?') && value.endsWith('?='))) return value
  const encoded = sentinel.exec(value)?.[1]
  if (encoded === undefined) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64'))
  } catch {
    return undefined
  }
}

/** The headers that repeat single arguments of a tool call, to be handed on to a backend that checks them. */
export function parameterHeaders(headers: IncomingHttpHeaders): Record<string, string> | undefined {
  let found: Record<string, string> | undefined
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('mcp-param-') || typeof value !== 'string') continue
    found ??= {}
    found[name] = value
  }
  return found
}

function mismatch(what: string): Refused {
  return { status: 400, code: rpcCodes.headerMismatch, message: `Bad request: ${what}` }
}

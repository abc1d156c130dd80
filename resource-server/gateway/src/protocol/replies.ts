import type { ServerResponse } from 'node:http'
import type { Reply } from '@postern/resource-server'
import { type JsonObject, type RpcId, rpcCodes } from '../backends/json-rpc.ts'

/** What is answered before, or instead of, an answer of a backend. */
export interface Refused {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly data?: JsonObject
  readonly headers?: Readonly<Record<string, string>>
  /** The request that it answers, where one could be read. */
  readonly id?: RpcId | null
}

/** Thrown by whatever finds that a request cannot be served. */
export class Refusal extends Error {
  readonly reply: Refused

  constructor(reply: Refused) {
    super(reply.message)
    this.name = 'Refusal'
    this.reply = reply
  }
}

/** Thrown when a verified caller may not do what they ask for: 403 without a challenge, for another token would not help. */
export class AccessDenied extends Error {
  constructor() {
    super('The caller may not use this tool')
    this.name = 'AccessDenied'
  }
}

/** Thrown when the caller lacks scopes: the answer is the kit's, with its challenge. */
export class Challenged extends Error {
  readonly reply: Reply

  constructor(reply: Reply) {
    super('The access token lacks a scope that this operation needs')
    this.name = 'Challenged'
    this.reply = reply
  }
}

/** Writes a refusal: a JSON-RPC error with a status that says the same to programs which read no bodies. */
export function sendRefused(res: ServerResponse, { status, code, message, data, headers, id = null }: Refused): void {
  const error = data === undefined ? { code, message } : { code, message, data }
  sendJson(res, status, { jsonrpc: '2.0', id, error }, headers)
}

/** Writes a JSON body, unless the caller has gone. */
export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.destroyed || res.headersSent) return
  const text = JSON.stringify(body)
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  res.end(text)
}

/** Writes a status without a body. */
export function sendEmpty(res: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  if (res.destroyed || res.headersSent) return
  res.writeHead(status, { 'cache-control': 'no-store', ...headers })
  res.end()
}

export const refusals = {
  origin: {
    status: 403,
    code: rpcCodes.refused,
    message: 'Forbidden: the Host or Origin header is not one of this server',
  },
  method: {
    status: 405,
    code: rpcCodes.refused,
    message: 'Method not allowed: use POST, GET or DELETE',
    headers: { allow: 'GET, POST, DELETE, OPTIONS' },
  },
  contentType: {
    status: 415,
    code: rpcCodes.refused,
    message: 'Unsupported media type: send application/json, not compressed',
  },
  accept: {
    status: 406,
    code: rpcCodes.refused,
    message: 'Not acceptable: accept application/json and text/event-stream',
  },
  acceptStream: { status: 406, code: rpcCodes.refused, message: 'Not acceptable: accept text/event-stream' },
  notJson: { status: 400, code: rpcCodes.parseError, message: 'Parse error: the body is not JSON' },
  notRpc: {
    status: 400,
    code: rpcCodes.invalidRequest,
    message: 'Invalid request: the body is not a JSON-RPC 2.0 message',
  },
  session: { status: 404, code: rpcCodes.sessionNotFound, message: 'Session not found' },
  noSession: { status: 400, code: rpcCodes.refused, message: 'Bad request: the Mcp-Session-Id header is missing' },
  tooManyRequests: { status: 429, code: rpcCodes.refused, message: 'Too many requests: try again later' },
  tooManyStreams: { status: 429, code: rpcCodes.refused, message: 'Too many streams are open: close one first' },
  closing: {
    status: 503,
    code: rpcCodes.refused,
    message: 'The gateway is shutting down',
    headers: { 'retry-after': '5', connection: 'close' },
  },
  internal: { status: 500, code: rpcCodes.internalError, message: 'Internal error' },
} as const satisfies Record<string, Refused>

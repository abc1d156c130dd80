import { isNestedDeeper } from '@postern/core'

/** A JSON value as it came over the wire; what we do not understand is passed on unread. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json | undefined }

export type RpcId = string | number

export interface RpcRequest {
  readonly method: string
  readonly params?: JsonObject
}

export interface RpcNotification {
  readonly method: string
  readonly params?: JsonObject
}

export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: Json
}

/** Why there is no answer of the other side: the error was made here. `lost`: it never got there, and may be sent again. */
export type Problem = 'timeout' | 'closed' | 'unreachable' | 'lost' | 'busy' | 'cancelled'

/** The answer to a request: exactly one of the two, as the answerer sent it, unless `problem` says that nobody did. */
export type RpcOutcome = { readonly result: JsonObject } | RpcFailure

export interface RpcFailure {
  readonly error: RpcError
  readonly problem?: Problem
}

/** A message on the wire (JSON-RPC 2.0). */
export type RpcMessage =
  | (RpcRequest & { readonly jsonrpc: '2.0'; readonly id: RpcId })
  | (RpcNotification & { readonly jsonrpc: '2.0' })
  | { readonly jsonrpc: '2.0'; readonly id: RpcId | null; readonly result: JsonObject }
  | { readonly jsonrpc: '2.0'; readonly id: RpcId | null; readonly error: RpcError }

/** What a message turned out to be. */
export type ParsedMessage =
  | { readonly kind: 'request'; readonly id: RpcId; readonly request: RpcRequest }
  | { readonly kind: 'notification'; readonly notification: RpcNotification }
  | { readonly kind: 'response'; readonly id: RpcId | null; readonly outcome: RpcOutcome }

/** Error codes of JSON-RPC 2.0 and of the MCP specification that the gateway itself answers with. */
export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** The HTTP request was refused before any message was looked at. */
  refused: -32000,
  sessionNotFound: -32001,
  headerMismatch: -32020,
  missingClientCapability: -32021,
  unsupportedProtocolVersion: -32022,
} as const

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isRpcId(value: unknown): value is RpcId {
  return typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value))
}

/** Tells requests, notifications and responses apart; undefined when the value is none of them. */
export function parseMessage(value: unknown): ParsedMessage | undefined {
  if (!isJsonObject(value) || value['jsonrpc'] !== '2.0') return undefined
  const { method, params, id } = value
  if (typeof method !== 'string') return parseResponse(value)
  if (params !== undefined && !isJsonObject(params)) return undefined
  const body = params === undefined ? { method } : { method, params }
  if (id === undefined) return { kind: 'notification', notification: body }
  return isRpcId(id) ? { kind: 'request', id, request: body } : undefined
}

/**
 * What a backend has sent: as `parseMessage`, but bounded. Of what is nested deeper than `maxDepth` nothing is left, for
 * whatever walks it may come to the end of its stack; whoever waits for such an answer learns that.
 */
export function readMessage(value: unknown, maxDepth: number): ParsedMessage | undefined {
  const message = parseMessage(value)
  if (message === undefined || !isNestedDeeper(value, maxDepth)) return message
  if (message.kind !== 'response') return undefined
  const words = `The answer of the backend is nested deeper than ${maxDepth} levels.`
  return { ...message, outcome: rpcError(rpcCodes.internalError, words) }
}

function parseResponse(value: JsonObject): ParsedMessage | undefined {
  const id = value['id'] ?? null
  if (id !== null && !isRpcId(id)) return undefined
  const { result, error } = value
  if (isJsonObject(result) && error === undefined) return { kind: 'response', id, outcome: { result } }
  if (result !== undefined || !isJsonObject(error)) return undefined
  const { code, message, data } = error
  if (typeof code !== 'number') return undefined
  const text = typeof message === 'string' ? message : ''
  return {
    kind: 'response',
    id,
    outcome: { error: data === undefined ? { code, message: text } : { code, message: text, data } },
  }
}

/** An error outcome. */
export function rpcError(code: number, message: string, data?: JsonObject): { readonly error: RpcError } {
  return { error: data === undefined ? { code, message } : { code, message, data } }
}

/** The `_meta` of a message's params, empty when there is none. */
export function metaOf(params: JsonObject | undefined): JsonObject {
  const meta = params?.['_meta']
  return isJsonObject(meta) ? meta : {}
}

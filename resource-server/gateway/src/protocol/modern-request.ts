import type { IncomingHttpHeaders } from 'node:http'
import { classifyInboundRequest } from '@modelcontextprotocol/server'
import {
  isJsonObject,
  isRpcId,
  metaOf,
  type ParsedMessage,
  parseMessage,
  type RpcId,
  rpcCodes,
} from '../backends/json-rpc.ts'
import { envelopeKeys, isModernVersion, latestModernVersion, modernVersions } from '../backends/versions.ts'
import { checkModernHeaders } from './modern-headers.ts'
import { Refusal, refusals } from './replies.ts'

/** A message that clients of 2026-07-28 send: they answer nothing, for they are asked nothing. */
export type ModernMessage = Exclude<ParsedMessage, { readonly kind: 'response' }>

/** Is the message one of 2026-07-28 or later: does it carry the envelope, or does a header say so? */
export function isModern(headers: IncomingHttpHeaders, body: unknown): boolean {
  const version = headers['mcp-protocol-version']
  if (typeof version === 'string' && version.trim() >= latestModernVersion) return true
  // A list with such a message in it is to be refused by the rules of its revision, which has no lists.
  return Array.isArray(body) ? body.some(hasEnvelope) : hasEnvelope(body)
}

function hasEnvelope(message: unknown): boolean {
  const params = isJsonObject(message) ? message['params'] : undefined
  return isJsonObject(params) && envelopeKeys.protocolVersion in metaOf(params)
}

/**
 * Reads a well-formed message of a revision that is served here. What is well-formed is decided by the SDK's own code.
 * @throws Refusal
 */
export function readModern(headers: IncomingHttpHeaders, body: unknown): ModernMessage {
  const route = classifyInboundRequest({
    httpMethod: 'POST',
    body,
    ...textHeader('protocolVersionHeader', headers['mcp-protocol-version']),
    ...textHeader('mcpMethodHeader', headers['mcp-method']),
    ...textHeader('mcpNameHeader', headers['mcp-name']),
  })
  const id = idOf(body)
  if (route.kind === 'reject') {
    const { httpStatus: status, code, message, data } = route
    throw new Refusal({ status, code, message, id, ...(isJsonObject(data) ? { data } : {}) })
  }
  const message = parseMessage(body)
  if (route.kind === 'legacy' || message === undefined || message.kind === 'response') {
    throw new Refusal({ ...refusals.notRpc, id })
  }
  const { revision } = route.classification
  if (!isModernVersion(revision)) throw unsupportedVersion(revision, id)
  const mismatch = message.kind === 'request' ? checkModernHeaders(headers, message.request) : undefined
  if (mismatch !== undefined) throw new Refusal({ ...mismatch, id })
  return message
}

function textHeader<Name extends string>(
  name: Name,
  value: string | string[] | undefined,
): { [name in Name]?: string } {
  return typeof value === 'string' ? ({ [name]: value } as { [name in Name]: string }) : {}
}

function idOf(body: unknown): RpcId | null {
  const id = isJsonObject(body) && typeof body['method'] === 'string' ? body['id'] : null
  return isRpcId(id) ? id : null
}

function unsupportedVersion(requested: string | undefined, id: RpcId | null): Refusal {
  return new Refusal({
    status: 400,
    code: rpcCodes.unsupportedProtocolVersion,
    message: 'Unsupported protocol version',
    data: { supported: [...modernVersions], requested: requested ?? 'unknown' },
    id,
  })
}

import {
  isJsonObject,
  type Json,
  type JsonObject,
  metaOf,
  type RpcNotification,
  type RpcOutcome,
  type RpcRequest,
  rpcCodes,
  rpcError,
} from '../backends/json-rpc.ts'
import type { Era, ServerDescription } from '../backends/types.ts'
import { envelopeKeys, gatewayInfo, latestModernVersion } from '../backends/versions.ts'

/** What a client said about itself. */
export interface ClientDescription {
  readonly era: Era
  readonly clientInfo: JsonObject | undefined
  /** Log lines below this level are not wanted. Where it is absent, none is; of a legacy client, every one. */
  readonly logLevel: string | undefined
  /** What it can be asked for. */
  readonly capabilities: JsonObject
}

const reserved: readonly string[] = [
  envelopeKeys.protocolVersion,
  envelopeKeys.clientInfo,
  envelopeKeys.clientCapabilities,
  envelopeKeys.logLevel,
]

/** A client's request as its backend's era has it. Within one era it is passed on as it is. */
export function translateRequest(request: RpcRequest, client: ClientDescription, backend: Era): RpcRequest {
  if (client.era === backend) return request
  return backend === 'legacy' ? toLegacyRequest(request) : toModernRequest(request, client)
}

/** Without the envelope, and without what answers an `input_required`, which no legacy backend has asked for. */
function toLegacyRequest(request: RpcRequest): RpcRequest {
  const { _meta, inputResponses, requestState, ...params } = request.params ?? {}
  const meta = without(metaOf(request.params), reserved)
  if (Object.keys(meta).length > 0) return { ...request, params: { ...params, _meta: meta } }
  return Object.keys(params).length > 0 ? { ...request, params } : { method: request.method }
}

function toModernRequest(request: RpcRequest, { clientInfo, logLevel, capabilities }: ClientDescription): RpcRequest {
  const envelope: JsonObject = {
    [envelopeKeys.protocolVersion]: latestModernVersion,
    [envelopeKeys.clientInfo]: clientInfo ?? gatewayInfo,
    [envelopeKeys.clientCapabilities]: capabilities,
    ...(logLevel === undefined ? {} : { [envelopeKeys.logLevel]: logLevel }),
  }
  return { ...request, params: { ...request.params, _meta: { ...metaOf(request.params), ...envelope } } }
}

/** What changes the state of a connection, by what a legacy server says it has. */
const connectionState: ReadonlyMap<string, (capabilities: JsonObject) => boolean> = new Map([
  ['logging/setLevel', ({ logging }) => logging !== undefined],
  ['resources/subscribe', ({ resources }) => isJsonObject(resources) && resources['subscribe'] === true],
  ['resources/unsubscribe', ({ resources }) => isJsonObject(resources) && resources['subscribe'] === true],
])

/**
 * What the gateway answers itself, and sees to itself, of a legacy client's connection. A modern backend keeps no state of
 * one. Where all callers share a connection, what one of them changes would be changed for the others.
 */
export function answerHere(
  { method }: RpcRequest,
  client: Era,
  { era, capabilities }: ServerDescription,
  isShared: boolean,
): RpcOutcome | undefined {
  const isThere = client === 'legacy' ? connectionState.get(method) : undefined
  if (isThere === undefined || (era === 'legacy' && !isShared)) return undefined
  const isServed = era === 'modern' || isThere(capabilities)
  return isServed ? { result: {} } : rpcError(rpcCodes.methodNotFound, 'Method not found')
}

/** A backend's answer as the client's era has it. Errors are passed on as they are. */
export function translateOutcome(
  outcome: RpcOutcome,
  method: string,
  client: Era,
  server: ServerDescription,
): RpcOutcome {
  if ('error' in outcome || client === server.era) return outcome
  return client === 'legacy'
    ? { result: without(outcome.result, ['resultType']) }
    : { result: toModernResult(outcome.result, method, server) }
}

const cacheable = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'server/discover',
])

/** With what 2026-07-28 makes a duty: the kind of result, how long it keeps (not at all), who made it. */
export function toModernResult(result: JsonObject, method: string, { serverInfo }: ServerDescription): JsonObject {
  return {
    ...result,
    ...(method === 'tools/list' ? { tools: withoutExecution(result['tools']) } : {}),
    resultType: 'complete',
    ...(cacheable.has(method) ? { ttlMs: 0, cacheScope: 'private' } : {}),
    _meta: { [envelopeKeys.serverInfo]: serverInfo, ...metaOf(result) },
  }
}

/** `execution` told how a tool is run as a task, which is no part of the core protocol any more. */
function withoutExecution(tools: Json | undefined): Json | undefined {
  if (!Array.isArray(tools)) return tools
  return tools.map((tool: Json) => (isJsonObject(tool) && 'execution' in tool ? without(tool, ['execution']) : tool))
}

const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

export function isLogLevel(value: unknown): value is string {
  return typeof value === 'string' && levels.includes(value)
}

/** May this be said to the client within its request? */
export function isForRequest({ method, params }: RpcNotification, client: ClientDescription): boolean {
  if (method !== 'notifications/message') return true
  // What others share is not told the level of any of them.
  if (client.logLevel === undefined) return client.era === 'legacy'
  const level = params?.['level']
  return typeof level === 'string' && levels.indexOf(level) >= levels.indexOf(client.logLevel)
}

/** What a client of 2025-11-25 and before is told at `initialize`. */
export function initializeResult(server: ServerDescription, protocolVersion: string): JsonObject {
  const { capabilities, serverInfo, instructions } = server
  return { protocolVersion, capabilities, serverInfo, ...(instructions === undefined ? {} : { instructions }) }
}

/** What a client of 2026-07-28 is told at `server/discover`. */
export function discoverResult(server: ServerDescription): JsonObject {
  const { instructions, era } = server
  const capabilities = era === 'modern' ? server.capabilities : without(server.capabilities, ['tasks'])
  const result = {
    supportedVersions: [latestModernVersion],
    capabilities,
    ...(instructions === undefined ? {} : { instructions }),
  }
  return toModernResult(result, 'server/discover', server)
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))
}

import type { Channel } from './channel.ts'
import {
  isJsonObject,
  type JsonObject,
  metaOf,
  type Problem,
  type RpcFailure,
  type RpcRequest,
  rpcCodes,
} from './json-rpc.ts'
import type { Peer } from './peer.ts'
import type { Era, ServerDescription } from './types.ts'
import {
  envelopeKeys,
  gatewayInfo,
  isModernVersion,
  latestLegacyVersion,
  latestModernVersion,
  otherEra,
} from './versions.ts'

/** The backend did not introduce itself as an MCP server. `message` goes on where a sentence began with its name. */
export class HandshakeError extends Error {
  /** The backend's own words, where it had any. */
  readonly quoted: string | undefined
  /** The JSON-RPC code of its refusal. */
  readonly code: number | undefined
  /** Set when it did not answer at all. */
  readonly problem: Problem | undefined

  constructor(message: string, options: { quoted?: string; code?: number; problem?: Problem } = {}) {
    super(message)
    this.name = 'HandshakeError'
    this.quoted = options.quoted
    this.code = options.code
    this.problem = options.problem
  }
}

type Attempt = { readonly server: ServerDescription } | { readonly refusal: HandshakeError }

/**
 * Gets to know a backend: `initialize` (2025-11-25 and before) or `server/discover` (2026-07-28), the preferred one
 * first and the other when the backend knows nothing of it.
 * @throws HandshakeError
 */
export async function shakeHands(
  peer: Peer,
  channel: Channel,
  options: { readonly prefer: Era; readonly timeoutMs: number; readonly capabilities?: JsonObject },
): Promise<ServerDescription> {
  const first = await attempt(peer, channel, options.prefer, options)
  if ('server' in first) return first.server
  if (!mayBeOtherEra(first.refusal, options.prefer)) throw first.refusal
  const second = await attempt(peer, channel, otherEra(options.prefer), options)
  if ('server' in second) return second.server
  // What `initialize` was told is what most people can do something with.
  throw options.prefer === 'legacy' ? first.refusal : second.refusal
}

/** What servers of 2026-07-28 alone answer to `initialize`: unsupported version, no such method, no valid request. */
const notThisEra: readonly number[] = [
  rpcCodes.unsupportedProtocolVersion,
  rpcCodes.methodNotFound,
  rpcCodes.invalidRequest,
  rpcCodes.invalidParams,
]

/** Is it worth trying the other way? Servers of before 2026-07-28 answer `server/discover` with whatever comes to mind. */
function mayBeOtherEra({ problem, code }: HandshakeError, tried: Era): boolean {
  if (problem !== undefined) return problem === 'unreachable' || problem === 'lost'
  return tried === 'modern' || code === undefined || notThisEra.includes(code)
}

interface AttemptOptions {
  readonly timeoutMs: number
  /** What the client can be asked for. In the modern era each request says so itself. */
  readonly capabilities?: JsonObject
}

function attempt(peer: Peer, channel: Channel, era: Era, options: AttemptOptions): Promise<Attempt> {
  return era === 'legacy' ? initialize(peer, channel, options) : discover(peer, channel, options)
}

async function initialize(
  peer: Peer,
  channel: Channel,
  { timeoutMs, capabilities = {} }: AttemptOptions,
): Promise<Attempt> {
  const request: RpcRequest = {
    method: 'initialize',
    params: { protocolVersion: latestLegacyVersion, capabilities, clientInfo: gatewayInfo },
  }
  const outcome = await peer.request(request, { timeoutMs })
  if ('error' in outcome) return refused('initialize', outcome)
  const { protocolVersion, serverInfo, instructions, capabilities: offered } = outcome.result
  if (typeof protocolVersion !== 'string' || !isJsonObject(serverInfo)) {
    return { refusal: new HandshakeError('answered initialize with something that no MCP server says') }
  }
  channel.agreed(protocolVersion)
  peer.notify({ method: 'notifications/initialized' })
  return {
    server: {
      era: 'legacy',
      protocolVersion,
      serverInfo,
      capabilities: isJsonObject(offered) ? offered : {},
      ...(typeof instructions === 'string' ? { instructions } : {}),
    },
  }
}

async function discover(peer: Peer, channel: Channel, { timeoutMs }: AttemptOptions): Promise<Attempt> {
  const request: RpcRequest = { method: 'server/discover', params: { _meta: gatewayEnvelope() } }
  const outcome = await peer.request(request, { timeoutMs })
  if ('error' in outcome) return refused('server/discover', outcome)
  const { supportedVersions, capabilities, instructions } = outcome.result
  const version = Array.isArray(supportedVersions) ? supportedVersions.find(isModernVersion) : undefined
  if (version === undefined) return { refusal: new HandshakeError('speaks no protocol version that is known here') }
  channel.agreed(version)
  const serverInfo = metaOf(outcome.result)[envelopeKeys.serverInfo]
  return {
    server: {
      era: 'modern',
      protocolVersion: version,
      serverInfo: isJsonObject(serverInfo) ? serverInfo : { name: 'unknown', version: '0' },
      capabilities: isJsonObject(capabilities) ? capabilities : {},
      ...(typeof instructions === 'string' ? { instructions } : {}),
    },
  }
}

/** The envelope of the gateway's own requests: it declares no client capability, so nothing is asked back. */
export function gatewayEnvelope(): JsonObject {
  return {
    [envelopeKeys.protocolVersion]: latestModernVersion,
    [envelopeKeys.clientInfo]: gatewayInfo,
    [envelopeKeys.clientCapabilities]: {},
  }
}

function refused(method: string, { error, problem }: RpcFailure): Attempt {
  if (problem !== undefined) return { refusal: new HandshakeError(`did not answer ${method}`, { problem }) }
  return { refusal: new HandshakeError(`refused ${method}`, { quoted: error.message, code: error.code }) }
}

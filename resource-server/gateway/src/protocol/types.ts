import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, EventSink } from '@postern/core'
import type { Sealer } from '@postern/server'
import type { Backends, Log } from '../backends/types.ts'
import type { HotCatalog } from '../catalog/types.ts'
import type { ProtocolLimits, ToolsetLimits } from '../limits.ts'

export interface ProtocolSettings {
  readonly mode: 'development' | 'production'
  /** The gateway's own public origin, e.g. `http://localhost:4701`. */
  readonly publicUrl: string
  /** The address it is bound to; absent: loopback. On loopback, requests with a foreign Host or Origin are refused. */
  readonly host?: string
}

export interface ProtocolOptions {
  readonly catalog: HotCatalog
  readonly backends: Backends
  readonly settings: ProtocolSettings
  readonly clock: Clock
  readonly record: EventSink
  readonly log: Log
  /** Seals what clients of 2026-07-28 bring back. Default: a key of this process's own, so that a restart voids it. */
  readonly sealer?: Sealer
  /** Fetches issuers' metadata and keys (with the internal URL's exemption, where there is one). */
  readonly fetch?: typeof fetch
  /** Told of every finished request; the server turns it into metrics. */
  readonly onRequest?: (request: FinishedRequest) => void
  /** For tests: shorter times, smaller bounds. */
  readonly limits?: Partial<ProtocolLimits>
  readonly toolsetLimits?: Partial<ToolsetLimits>
}

/** One HTTP request on a service's path, when its answer is complete. */
export interface FinishedRequest {
  readonly serviceId: string
  readonly status: number
  /** The JSON-RPC method when it is one of the specification's own, `other` for the rest, the HTTP method where there is none. */
  readonly method: string
  readonly durationMs: number
}

/** The MCP face of the gateway: each service's path, and the protected-resource metadata of each. */
export interface Protocol {
  /**
   * Answers a request on a service's path, on its path-inserted `/.well-known/oauth-protected-resource/…`, or on the
   * root one. Resolves false, having touched nothing, when the path is none of these. Never rejects.
   */
  handler(req: IncomingMessage, res: ServerResponse): Promise<boolean>
  /** Ends the sessions, streams and resource server of a service. Called by itself when the catalogue tells. */
  forget(serviceId: string): void
  /** Ends all sessions and streams. Backends are closed by whoever made them, after this. */
  close(): Promise<void>
}

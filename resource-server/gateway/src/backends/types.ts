import type { Clock, EventSink } from '@postern/core'
import type { BackendLimits } from '../limits.ts'
import type { JsonObject, RpcError, RpcNotification, RpcOutcome, RpcRequest } from './json-rpc.ts'

/** A command started for each caller (or once for all), spoken to over stdin and stdout; the `mcpServers` format. */
export interface StdioBackend {
  readonly type: 'stdio'
  readonly command: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** The gateway's own credentials at a token endpoint, which is named itself or found in the issuer's metadata. */
export interface OutboundOauth {
  readonly tokenUrl?: string
  readonly discoveryUrl?: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scopes?: readonly string[]
  readonly resource?: string
}

/** An MCP server reached over Streamable HTTP. */
export interface HttpBackend {
  readonly type: 'http'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly oauth?: OutboundOauth
}

/** An API over HTTP, whose operations become tools. */
export interface OpenapiBackend {
  readonly type: 'openapi'
  /** An object, JSON or YAML, or either of these in base64. */
  readonly document: string | Readonly<Record<string, unknown>>
  /** Default: the document's first server. */
  readonly baseUrl?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly oauth?: OutboundOauth
}

/** The gateway's own tools: whoami, echo, current_time. */
export interface BuiltinBackend {
  readonly type: 'builtin'
}

/** Services of the gateway as one: `merged` shows all their tools, `search` two with which they are found and called. */
export interface ToolsetBackend {
  readonly type: 'toolset'
  readonly serviceIds: readonly string[]
  readonly mode: 'merged' | 'search'
}

/** Where a service's answers come from. Values of `env` and `headers`, and client secrets, are in the clear: never log one. */
export type BackendConfig = StdioBackend | HttpBackend | OpenapiBackend | BuiltinBackend | ToolsetBackend

/** What the ground needs to know about a service. The catalogue's `ServedService` with a backend fits this shape. */
export interface BackendService {
  readonly id: string
  readonly name: string
  readonly backend: BackendConfig
  readonly isolation: 'caller' | 'shared'
  /** Rises when `backend` or `isolation` changes: connections of a lower one end once their calls are answered. */
  readonly backendRevision: number
}

/**
 * Who is calling, as far as a backend may know. It never carries a token or a key: nothing here can be passed on as a
 * credential.
 */
export interface Caller {
  /** Tells callers apart: API key id, or issuer + subject + client. What is kept for one key is never shown to another. */
  readonly key: string
  readonly kind: string
  readonly subject: string
  readonly clientId: string
  readonly issuer?: string
  readonly scopes: readonly string[]
  /** The name of the API key, when it is one. */
  readonly apiKeyName?: string
}

/** 2025-11-25 and before are `legacy` (initialize, connection state); 2026-07-28 and after are `modern` (per request). */
export type Era = 'legacy' | 'modern'

/** How a backend introduced itself. The parts are as it sent them, unknown fields included. */
export interface ServerDescription {
  readonly era: Era
  readonly protocolVersion: string
  readonly serverInfo: JsonObject
  readonly capabilities: JsonObject
  readonly instructions?: string
}

/** Something that a backend asks of the client: `sampling/createMessage`, `elicitation/create`, `roots/list`. */
export interface Question {
  readonly request: RpcRequest
  /** Aborted when no answer is wanted any more: the backend took it back, has gone, or time is up. */
  readonly signal: AbortSignal
  /** Tells the backend how far the answer is; the params of `notifications/progress`, whatever their token. */
  progress(params: JsonObject): void
}

/** Asks the client. Undefined: it cannot be asked on this way (any more), and another one may be tried. */
export type Asker = (question: Question) => Promise<RpcOutcome | undefined>

export interface CallOptions {
  readonly caller: Caller
  /** Aborting tells the backend that the request is cancelled. */
  readonly signal?: AbortSignal
  /** Called for what the backend says about this request before it answers: its progress, and log lines that can only be its own. */
  readonly onNotification?: (notification: RpcNotification) => void
  /** `Mcp-Param-*` headers that mirror arguments; sent to `http` backends only. */
  readonly headers?: Readonly<Record<string, string>>
  /** Asks the client what a backend of the legacy era wants to know while it serves this request. */
  readonly onRequest?: Asker
}

/** What a watcher wants to hear of. */
export interface WatchFilter {
  readonly toolsListChanged?: boolean
  readonly promptsListChanged?: boolean
  readonly resourcesListChanged?: boolean
  /** URIs whose `resources/updated` is wanted. */
  readonly resources?: readonly string[]
  /** Log lines that cannot be told to belong to one request, and notifications that the specification does not know. */
  readonly rest?: boolean
}

/** A live conversation with a backend, shared by all who hold a lease on it. */
export interface Connection {
  readonly server: ServerDescription
  /** Sends a request in the backend's own era. Never rejects: a dead, slow or mute backend is an `error` with a `problem`. */
  request(request: RpcRequest, options: CallOptions): Promise<RpcOutcome>
  notify(notification: RpcNotification): void
  /** Hears what belongs to no one request, and asks the client what no call under way can ask. Returns how to stop. */
  watch(filter: WatchFilter, listener: (notification: RpcNotification) => void, onRequest?: Asker): () => void
  /** Asks a legacy backend for log lines of this level and above; does nothing where levels go with each request. */
  setLogLevel(level: string): void
}

/** A connection lent to one caller: as long as it is held, the connection is not stopped for idleness. */
export interface Lease {
  readonly connection: Connection
  /** Aborted when the connection has ended, for whatever reason. */
  readonly ended: AbortSignal
  /** May be called more than once. */
  release(): void
}

/** What a check found: the backend works and this is it. */
export interface CheckReport {
  readonly server: ServerDescription
  readonly toolNames: readonly string[]
  /** The same tools as the backend describes them. */
  readonly tools: readonly JsonObject[]
}

export interface CheckOptions {
  readonly signal?: AbortSignal
  /** Short lines for people while something slow runs ("installing foo@1.2.3"). */
  readonly onProgress?: (line: string) => void
}

export interface ConnectOptions {
  /** The era of the client: a backend that speaks both, and whose connections cost little, is spoken to in it. */
  readonly prefer?: Era
  /**
   * What the client declared that it can be asked for; a legacy backend is told so when it is started. Clients that can
   * do different things have different connections. One that is shared by all callers is told that it can ask nothing:
   * of its questions nobody knows whose they are.
   */
  readonly capabilities?: JsonObject
}

export interface Backends {
  /**
   * Starts the backend once, initialises it, lists its tools and stops it again (used at Creating and Updating).
   * @throws BackendError with a sentence for people
   */
  check(service: BackendService, options?: CheckOptions): Promise<CheckReport>
  /**
   * The caller's connection, started if there is none that lives.
   * @throws BackendError: `busy` at a bound, `failed` when it does not start or is backing off
   */
  connect(service: BackendService, caller: Caller, options?: ConnectOptions): Promise<Lease>
  /** Ends and removes what a gateway that was killed has left in the data folder. To be called before anything is started. */
  clearUp(): Promise<void>
  /** Ends everything of a service at once; what is pending gets an error. Needed only when a service goes. */
  stop(serviceId: string): Promise<void>
  /** `stop`, and the folders that the service's processes had to themselves are removed. */
  remove(serviceId: string): Promise<void>
  /** Ends everything; afterwards no child process is left. */
  close(): Promise<void>
  /** Processes that run now, for metrics and tests. */
  processes(): readonly { readonly pid: number; readonly serviceId: string }[]
}

/** Why a backend could not be had. `message` is for people and carries no env or header value. */
export class BackendError extends Error {
  readonly kind: 'busy' | 'failed'
  /** When trying again makes sense, in seconds. */
  readonly retryAfter: number | undefined

  constructor(kind: 'busy' | 'failed', message: string, options: { retryAfter?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'BackendError'
    this.kind = kind
    this.retryAfter = options.retryAfter
  }
}

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface BackendsOptions {
  /** `POSTERN_MAX_PROCESSES`: how many child processes may run at once, those that start included. */
  readonly maxProcesses: number
  /** `POSTERN_MAX_PROCESS_MEMORY_MB`: what a process may take with all that it forks. */
  readonly maxProcessMemoryMb?: number
  /** Installed packages, and each process's HOME and folder, lie under it. */
  readonly dataDir: string
  readonly clock: Clock
  readonly record: EventSink
  readonly log: Log
  /** What lies under `publicUrl` (the identity provider) is asked for tokens at `internalUrl`. */
  readonly internal?: { readonly publicUrl: string; readonly internalUrl: string }
  /** Reaches `http` and `openapi` backends. Default: one that never contacts link-local or metadata addresses. Redirects are refused whatever it does. */
  readonly fetch?: typeof fetch
  /** For tests: shorter times, smaller bounds. */
  readonly limits?: Partial<BackendLimits>
}

export type { BackendLimits, JsonObject, RpcError, RpcNotification, RpcOutcome, RpcRequest }

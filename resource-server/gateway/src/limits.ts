/*
 * Every bound of the gateway, one group for each of its floors. Those of single fields of the management API are
 * @postern/server's. Sizes are bytes, times milliseconds, unless the name or the comment says otherwise.
 */

/** The catalogue, the services' life cycle, the registration at the identity provider. */
export const limits = {
  /** Services of one gateway: all of them are kept in memory. */
  services: 1000,
  /** Characters of a status reason: it is shown in lists. */
  statusReason: 1000,
  /** Values of env and headers shorter than this are not looked for in a status reason: they would garble it. */
  scrubbedValue: 4,
  /** How far ahead of the clock a time of making may be, for records that are made at once. */
  stampLead: 60_000,
  /** Backends that are checked at the same time; the others wait. */
  checksAtOnce: 2,
  /** A check that takes longer has failed: a package may be downloaded in it. */
  check: 180_000,
  /** How long the uses of API keys may wait to be written. */
  keyUseDelay: 5_000,
  /** `lastUsedAt` of a key is not written again within this time. */
  keyUseResolution: 60_000,
  /** Values of a key that were rotated away, the newest, that no seed brings back; the one that its seed says is known besides. */
  rotatedHashes: 100,
  /** How old what is known of a resource's scopes may be before it is looked at again, when it is asked for. */
  scopesResolution: 30_000,
  /** Services that are registered at the identity provider at the same time. */
  registrationsAtOnce: 4,
  /** How long a service that is otherwise ready waits for the first try of its registration. */
  registrationPatience: 6_000,
  /** One request to the identity provider's management API. */
  idpRequest: 5_000,
  /** Pages of a pool's resources that are read when one is looked for. */
  idpResourcePages: 10,
  /** Tries after which it is worth a warning in the log that a service is not registered yet. */
  registrationTries: 6,
  /** The wait before a registration is tried again: doubled each time, up to the longest. */
  idpRetry: 500,
  idpRetryLongest: 10_000,
  /** Issuers that are looked at at the same time, and the wait before one out of reach is looked at again. */
  issuerChecksAtOnce: 4,
  issuerRetry: 1_000,
  issuerRetryLongest: 60_000,
} as const

/** The backends: processes, connections, what they may send. */
export const backendLimits = {
  /** A process that has not answered `initialize` by then has failed. */
  startMs: 60_000,
  /** Connecting to an `http` backend and getting the head of its answer, while it is being got to know. */
  httpStartMs: 15_000,
  /** The part of all processes, and of all connections, that no single caller gets; at least one is kept back. */
  keptForOthers: 0.25,
  /** Starts of one service for one caller within `startWindowMs`; more are refused until the window has passed. */
  startsPerCaller: 20,
  startWindowMs: 60_000,
  /** Connections to `http` backends at once, over all services and callers. */
  httpConnections: 512,
  /** How long a connection of TCP to an `http` backend is kept for the next request; many servers end them after 5 s. */
  httpKeepAliveMs: 4000,
  /** A connection that nobody used for this long is closed, and its process stopped. */
  idleMs: 10 * 60_000,
  /** How often idle connections are looked for. */
  sweepMs: 15_000,
  /** The first restart after a failure is at once, the second waits this long, then twice as long each time. */
  backOffMs: 1000,
  backOffLongestMs: 60_000,
  /** A backend that lived this long has recovered: its failures are forgotten. */
  recoveredMs: 60_000,
  /** One request to a backend, counted anew with each progress notification. */
  requestMs: 10 * 60_000,
  /** Requests in flight on one connection. */
  inFlight: 1024,
  /** Questions of one backend to its client that wait for an answer, the longest of them, and how long it may wait. */
  questions: 32,
  questionBytes: 4 * 1024 * 1024,
  questionMs: 5 * 60_000,
  /** The document of an `openapi` backend, decoded; its nesting, its values, its YAML aliases. */
  openapiDocumentBytes: 5 * 1024 * 1024,
  openapiDepth: 64,
  openapiValues: 500_000,
  openapiAliases: 1000,
  /** Reading one as YAML, which a thread does on the side: its time and its memory. */
  openapiYamlMs: 30_000,
  openapiYamlMemoryMb: 256,
  /** Operations of one document, and `openapi` backends that are ready at once. */
  openapiTools: 1000,
  openapiApis: 256,
  /** Schemas in what the tools of one document take: of all of them, of one, and of one when the others had it all. */
  openapiSchemas: 200_000,
  openapiToolSchemas: 1000,
  openapiToolSchemasLeast: 50,
  /** Characters of a description that is shown. */
  openapiDescription: 4000,
  /** One call of an API from start to end. */
  openapiCallMs: 60_000,
  /** Longest answer of an API, and what is told of the body of a refusal. */
  openapiAnswerBytes: 4 * 1024 * 1024,
  openapiErrorBytes: 4096,
  /** Values of headers shorter than this are not looked for in answers: they would garble them. */
  openapiSecretLength: 12,
  /** The gateway's own tokens for backends: kept at once, one request for one, its answer. */
  outboundTokens: 1000,
  outboundTokenMs: 10_000,
  /** After a failure the endpoint is left alone for this long. */
  outboundTokenRetryMs: 1000,
  outboundTokenBytes: 256 * 1024,
  /** How long before its end a token is replaced, at most a tenth of its life; the longest life, and that of one that tells none. */
  outboundTokenEarlyMs: 60_000,
  outboundTokenLongestMs: 24 * 60 * 60_000,
  outboundTokenUnknownMs: 5 * 60_000,
  /** Longest message from a backend. */
  messageBytes: 16 * 1024 * 1024,
  /** How deep one may be nested, and an answer of an API: Node's own JSON.stringify has come to its end at 4500. */
  messageDepth: 256,
  /** What a backend may print to stdout between two messages that is none, before it is stopped. */
  garbageBytes: 1024 * 1024,
  /** What may wait to be read by a process on its stdin. */
  unreadBytes: 32 * 1024 * 1024,
  /** Memory of a process and what it forks, in MB; `POSTERN_MAX_PROCESS_MEMORY_MB` sets another. */
  processMemoryMb: 1024,
  /** A process and what it forks: how many may run at once. A browser with a dozen pages has its place. */
  processesPerBackend: 64,
  /** How often memory and number are looked at. */
  processCheckMs: 5000,
  /** What is kept of a process's stderr: its end. */
  stderrBytes: 8 * 1024,
  /** Characters of stdout, stderr or a foreign error message that are quoted in a reason. */
  quotedLength: 300,
  /** A process is asked to end by the end of its stdin, then by SIGTERM, then it is killed. */
  stdinGraceMs: 300,
  termGraceMs: 2000,
  /** What it leaves behind is looked for and killed until nothing is found, so many times at most, with a rest after each. */
  killRounds: 25,
  killRoundMs: 20,
  /** `npm install` of one package. */
  installMs: 150_000,
  /** Folders of checks and installations that were not touched for this long are of a gateway that was killed. */
  abandonedMs: 10 * 60_000,
} as const

/** The same names, any numbers: tests use shorter times and smaller bounds. */
export type BackendLimits = { readonly [name in keyof typeof backendLimits]: number }

/** The MCP endpoint: sessions, streams, bodies. */
export const protocolLimits = {
  /** Body of one request. */
  bodyBytes: 4 * 1024 * 1024,
  /** How deep it may be nested. */
  bodyDepth: 64,
  /** Messages in one JSON-RPC batch (protocol versions up to 2025-03-26). */
  batch: 100,
  /** Searches of a toolset among them: each takes time in which nobody else is served. */
  batchSearches: 10,
  /** Sessions of one caller with one service; the one that was quiet for longest ends for a new one. */
  sessionsPerCaller: 50,
  /** Sessions in all. */
  sessions: 10_000,
  /** A session that was quiet for this long, with no open stream, is forgotten. */
  sessionIdleMs: 60 * 60_000,
  /** How often it is seen whether the credentials of open streams were revoked. */
  credentialCheckMs: 1000,
  /** Questions that one session was asked and has not answered. */
  questionsPerSession: 64,
  /** How often a modern backend may ask for more before a legacy client's request has failed. */
  inputRounds: 10,
  /** How long a legacy client may take for the answers to one such round. */
  answerMs: 5 * 60_000,
  /** A call of a modern client that waits for an answer is given up after this time, and what it was told is void. */
  parkedMs: 5 * 60_000,
  /** A call that has asked waits this long for further questions, so that its client is asked all of them at once. */
  gatherMs: 20,
  /** Calls that wait for an answer: of one caller at one service, and in all. */
  parkedPerCaller: 20,
  parked: 1000,
  /** What is kept of such a call until it is asked for: its answer, and what was said before that. */
  parkedBytes: 1024 * 1024,
  parkedNotifications: 100,
  /** Callers whose rate is kept count of, over all services; beyond that, the quietest is forgotten and begins anew. */
  ratedCallers: 50_000,
  /** Long-lived streams of one caller with one service. */
  streamsPerCaller: 50,
  /** Resources that one session or one `subscriptions/listen` may watch. */
  watchedResources: 100,
  /** After this long without an answer a request's response becomes a stream, so that no timer on the way ends it. */
  streamAfterMs: 15_000,
  /** A comment on each quiet stream, for the timers on the way. */
  keepAliveMs: 15_000,
  /** What may wait for a slow reader of a stream before the stream is ended. */
  unsentBytes: 8 * 1024 * 1024,
  /** Longest life of a stream, whatever the credential's. */
  streamMs: 24 * 60 * 60_000,
  /** `Retry-After` of a service that is not ready, in seconds. */
  retryAfter: 2,
} as const

/** The same names, any numbers: tests use shorter times and smaller bounds. */
export type ProtocolLimits = { readonly [name in keyof typeof protocolLimits]: number }

/** Toolsets: several services as one. */
export const toolsetLimits = {
  /** How long a client that gets to know a toolset waits for services that nobody has met yet. */
  introduceMs: 5_000,
  /** How long one service may take to list what it has before it is left out. */
  listMs: 10_000,
  /** Pages and entries of one service's list that are read. */
  listPages: 20,
  listItems: 2_000,
  /** Entries in one page of a merged list. */
  pageItems: 1_000,
  /** Characters of a merged name (MCP 2025-11-25, "Tool Names"). */
  nameLength: 128,
  /** URIs of which it is known whose they are, over all toolsets and callers; a longer one always says so itself. */
  uris: 50_000,
  uriLength: 2_048,
  uriMs: 24 * 60 * 60_000,
  /** A service that is left out is worth a warning again after this long. */
  noteMs: 60_000,
  /** The wait before a service that a stream watches, and that is gone, is tried again: doubled each time. */
  retryMs: 1_000,
  retryLongestMs: 60_000,
  /** Searches: answers, questions at once, characters of one; indexes that are kept. */
  searchAnswers: 10,
  searchQuestions: 10,
  searchQuestion: 1_000,
  /** Different words of one search, over all its questions; how many, and how long ones, find what begins or looks alike. */
  searchWords: 120,
  searchWideWords: 20,
  searchWideWord: 32,
  searchIndexes: 50,
  /** Tools of an index that is kept for the next search; characters of a description that are searched. */
  searchIndexTools: 2_000,
  searchDescription: 4_000,
  /** Characters of one service's instructions. */
  instructions: 8_000,
  /** Calls in one mcp_use_tool. */
  uses: 10,
} as const

/** The same names, any numbers: tests use shorter times and smaller bounds. */
export type ToolsetLimits = { readonly [name in keyof typeof toolsetLimits]: number }

/** A gateway's hold on its database. */
export const tenureLimits = {
  /** Without a renewal for this long, a gateway of another machine is taken for dead. */
  leaseMs: 6_000,
  renewMs: 2_000,
  /** How often a gateway that starts looks whether the lease of another one is renewed. */
  pollMs: 100,
}

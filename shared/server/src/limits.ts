/** Every bound of this workspace: sizes in bytes or characters, times in milliseconds, unless the name says otherwise. */
export const limits = {
  /** Body of a management request. */
  bodyBytes: 1024 * 1024,
  /** Nesting of a JSON body or of a seed file. */
  jsonDepth: 32,
  /** Mistakes that one answer names, and how much of a field's name that a caller made up. */
  fieldErrors: 100,
  fieldName: 128,
  /** Longest path segment and query string that are looked at. */
  pathSegment: 512,
  queryString: 4096,
  requestId: 128,

  /** Server time-outs of node:http. */
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 65_000,
  tlsHandshakeTimeout: 10_000,
  headersBytes: 32 * 1024,
  /** How long a closing server waits for what is in flight. */
  closeGrace: 5_000,
  /** How often an idle event stream says that it is alive. */
  streamHeartbeat: 15_000,
  /** Event streams open at once. */
  streams: 64,
  /** How long one readiness check may take. */
  readinessTimeout: 2_000,

  pageSize: 50,
  pageSizeMax: 100,
  cursor: 1024,

  /** SQLite waits this long, synchronously, for a lock of another process. */
  sqliteBusyTimeout: 5_000,
  sqliteStatements: 500,
  postgresConnections: 10,
  postgresConnectTimeout: 5_000,
  postgresIdleTimeout: 30_000,
  postgresLockTimeout: 60_000,

  /** Events held in memory, and how long before they are written. */
  eventBuffer: 10_000,
  eventFlush: 1_000,
  /** With a live stream open, events are written this soon. */
  eventFlushLive: 100,
  /** A stream over Postgres stays this far behind, so that another process's buffered events are not passed over. */
  eventSettle: 2_500,
  eventPoll: 1_000,
  eventRows: 200_000,
  eventAge: 30 * 24 * 60 * 60 * 1000,
  eventPruneBatch: 1_000,
  /** Retention is looked at after this many rows, or this long. */
  eventPruneEvery: 5_000,
  eventPruneInterval: 60 * 60 * 1000,
  /** Longest text in an event, and longest arguments of a call in one. */
  eventText: 512,
  eventArguments: 2_048,

  seedBytes: 1024 * 1024,
  seedNodes: 100_000,
  seedAliases: 1_000,
  seedIssues: 50,

  processes: 256,
  /** What POSTERN_MAX_PROCESS_MEMORY_MB may be at most. */
  processMemoryMb: 262_144,

  /** A PEM file, and how much of a certificate's names an error repeats. */
  tlsFileBytes: 256 * 1024,
  tlsNamesShown: 200,
  /** How often the files of a certificate are looked at. */
  tlsRefresh: 60_000,
  /** How long a local authority and its server certificates last, and when they count as near their end. */
  tlsAuthority: 3_650 * 24 * 60 * 60 * 1000,
  tlsServer: 397 * 24 * 60 * 60 * 1000,
  tlsRenewal: 30 * 24 * 60 * 60 * 1000,
  tlsBackdate: 60 * 60 * 1000,

  /** Shortest admin token, and the shortest in production. */
  adminToken: 16,
  adminTokenProduction: 32,
  adminTokenMax: 512,
  encryptionKeyBytes: 32,

  name: 128,
  description: 2_048,
  url: 2_048,
  scopeToken: 128,
  scopes: 100,
  resources: 100,
  attributes: 16,
  redirectUris: 20,
  grantTypes: 8,
  jwksKeys: 10,
  jwksMember: 8_192,
  clientSecretMin: 32,
  clientSecretMax: 128,
  /** Secrets of one client that are live at once. */
  liveSecrets: 2,
  ttlMin: 1,
  ttlMax: 86_400,
  refreshTtlMin: 60,
  refreshTtlMax: 315_360_000,
  refreshGraceMax: 300,
  passwordLengthMin: 6,
  passwordLengthMax: 64,
  /** Characters of a password that is sent: what is longer is never hashed. */
  password: 256,
  passwordHash: 512,
  username: 128,
  email: 254,
  profileText: 256,
  /** Metadata of a user: bytes of its JSON. */
  metadataBytes: 4_096,
  /** Groups that one user is in. */
  userGroups: 100,
  precedenceMax: 1_000_000,
  seedUsers: 10_000,
  seedGroups: 1_000,
  servicePath: 256,
  /** Services of one toolset. */
  toolsetServices: 50,
  apiKeys: 25,
  apiKeyTools: 200,
  toolName: 128,
  /** How long the value before the last one of an API key may live on, in seconds, and how long it does. */
  apiKeyGraceMax: 7 * 86_400,
  apiKeyGrace: 86_400,
  /** Rules of one service, tools that a rule names (`<service>__<tool>` too), and clients, groups or keys that it names. */
  accessRules: 100,
  accessTools: 200,
  accessTool: 128,
  accessNames: 100,
  requestsPerMinuteMax: 100_000,
  concurrentMax: 1_024,
  allowedClients: 100,
  allowedAudiences: 20,
  claimRules: 20,
  claimValues: 50,
  claimText: 512,
  command: 1_024,
  args: 100,
  arg: 8_192,
  env: 100,
  envValue: 32_768,
  headers: 50,
  headerValue: 8_192,
  /** Characters of an OpenAPI document that comes as a text: what the gateway reads, in base64 with line breaks. */
  openapiDocument: 7 * 1024 * 1024 + 512 * 1024,
  clientToken: 128,
  seedPools: 5_000,
  seedClients: 5_000,
  seedServices: 1_000,
  seedToolsets: 1_000,
  accessKeys: 100,
  accessKeySecretMin: 16,
  accessKeySecretProduction: 32,

  /** Of the originals' API: the header with the signature, the headers that it may be over. */
  wireAuthorization: 4_096,
  wireSignedHeaders: 50,
  /** How far X-Date may be from now. */
  wireClockSkew: 15 * 60 * 1000,
  /** Signatures that are remembered, so that none is good twice. */
  wireSignatures: 100_000,
  /** How often those of no use any more are dropped. */
  wireSignaturesTidy: 60_000,
  /** Of fields that mean nothing here: characters of their JSON that are kept with an object. */
  wireKept: 32 * 1024,
  wireTags: 50,
} as const

/** Every bound of the kit, in one place. Times are milliseconds unless the name says otherwise, sizes bytes or characters of ASCII. */
export const limits = {
  /** Longest bearer token that is looked at; a longer one is refused before it is hashed. */
  tokenLength: 16 * 1024,
  /** Longest `kid` in a token's header. */
  kidLength: 512,
  /** Verified tokens that are kept, each until it expires. */
  cachedTokens: 10_000,
  /** Characters of a signature's end that a verified token is found by: 132 bits. */
  tokenEndLength: 22,
  /** Texts of scopes of which it is kept what they grant, and their longest. */
  scopeTexts: 64,
  scopeTextLength: 256,
  /** Largest `cache.maxTokens` that may be asked for. */
  cachedTokensMax: 1_000_000,
  /** Difference between the clocks of issuer and resource that is overlooked. */
  clockToleranceSeconds: 5,
  /** Largest `clockTolerance` that may be asked for. */
  clockToleranceMaxSeconds: 300,
  /** Time for one outbound request (discovery, key set), its body included. */
  keyFetchTimeoutSeconds: 5,
  /** Longest discovery document or key set. */
  keyFetchBytes: 512 * 1024,
  /** Entries of a key set that are looked at. */
  keysPerSet: 100,
  /** Age at which keys are fetched anew beside the requests. */
  keySoftAgeSeconds: 300,
  /** Age at which a request waits for fresh keys, so the longest that a key withdrawn by its issuer is still good. */
  keyMaxAgeSeconds: 600,
  /** How long after that the last known keys still serve when the issuer cannot be reached. */
  keyStaleIfErrorSeconds: 3600,
  /** Every so often a token with an unknown key id may cause a fetch of its own, when such fetches keep finding nothing. */
  keyCooldownSeconds: 30,
  /** Pause between two such fetches while hardly one was in vain, so the longest that a request waits for one. */
  keyRefetchPauseMs: 1000,
  /** Knocks with unknown key ids that leave this pause as it is; each further one doubles it, up to the cool-down. */
  keyRefetchFreeKnocks: 1,
  /** Unknown key ids that wait for one such fetch; with one more it is taken for a flood, and all are refused. */
  keyRefetchWaiting: 3,
  /** Key ids that are remembered as looked for in vain, each for a cool-down. */
  keyIdsInVain: 32,
  /** How long a discovery document is believed. */
  discoveryMaxAgeSeconds: 3600,
  /** Longest name of another issuer that an operator is told. */
  shownIssuerLength: 200,
  /** How long a request waits for what another one is fetching, before it fetches by itself: longer than such a fetch may take. */
  flightPatienceMs: 30_000,
  /** Fetches of such a flight, one after another, and one to be safe: three places of metadata, the keys. */
  flightFetches: 5,
  /** Pauses after a failed fetch: the first, then doubled up to the second. */
  backoffFirstMs: 1000,
  backoffMaxMs: 15_000,
  /** Longest statement of a feed of revocations, and the entries in one. */
  revocationFeedBytes: 1024 * 1024,
  revocationsPerStatement: 5_000,
  /** Statements that are fetched in a row, while each says that there is more. */
  revocationPages: 1_000,
  /** Entries of one issuer that are held, each until no token that it concerns can be live. */
  revocations: 100_000,
  /** How long an issuer is asked to wait for news, and how much longer its answer may take. */
  revocationWaitSeconds: 25,
  revocationAnswerSeconds: 5,
  /** Longest that a statement may be good by its own word, and how much older than the last one a further one may be. */
  revocationStatementSeconds: 300,
  revocationReuseSeconds: 15,
  /** Pauses between two questions: after news, after an answer without news that was not held back, where there is nothing to be heard. */
  revocationNewsPauseMs: 50,
  revocationPauseMs: 1000,
  revocationIdleMs: 5000,
  /** Longest that the first request of an issuer waits until its feed was heard. */
  revocationFirstAnswerMs: 2000,
  /** How much longer than it may take who follows a feed is believed to be at it still. */
  revocationLossMs: 5_000,
  /** Silence of a feed from which on it counts as unreachable. */
  revocationSilenceMs: 60_000,
  /** RSA moduli, in bits (RFC 7518 §3.3 asks for the lower one; the upper bounds the work of a verification). */
  rsaMinBits: 2048,
  rsaMaxBits: 8192,
  /** Time for one call of a custom verifier, an API key look-up or a revocation check. */
  callTimeoutMs: 5000,
  /** Time for one introspection, and the longest answer. */
  introspectionTimeoutSeconds: 5,
  introspectionBytes: 64 * 1024,
  /** Introspections of one issuer that are under way at a time; who comes on top is told to come back (503). */
  introspectionsAtOnce: 100,
  /** Longest `introspection.cache` that may be asked for. */
  introspectionCacheMaxSeconds: 3600,
  /** Tokens that introspection refused: how long that is remembered, and how many are. */
  refusalCacheMs: 5000,
  cachedRefusals: 10_000,
  /** Life of a client assertion that authenticates to an introspection endpoint. */
  clientAssertionSeconds: 60,
  /** API keys given as a list; more belong behind `find`. */
  apiKeys: 1000,
  /** Longest DPoP proof; one with an RSA key of 4,096 bits takes 2,900. */
  dpopProofLength: 8 * 1024,
  /** Longest `jti` of a proof. */
  dpopProofIdLength: 256,
  /** Longest `htu` of a proof. */
  dpopTargetLength: 2048,
  /** Oldest that a proof may be, how far ahead its client's clock, and the largest age or nonce lifetime to be asked for. */
  dpopMaxAgeSeconds: 300,
  dpopAheadSeconds: 30,
  dpopMaxAgeMaxSeconds: 3600,
  /** Used proofs that the store in memory keeps, each until it would be too old anyway: 600 a second. About 20 MB. */
  dpopReplays: 200_000,
  /** Largest `maxEntries` of such a store that may be asked for: what a Map holds. */
  dpopReplaysMax: 16_000_000,
  /** Longest that a DPoP nonce is good; at least half of it. */
  dpopNonceSeconds: 300,
  /** Shortest secret that nonces are made from. */
  dpopNonceSecretBytes: 32,
  /** Nonces of different periods that are kept rather than made again. */
  dpopNonces: 8,
  /** Longest body that a guard looks for operations in; the default of the SDKs' transports. */
  operationBodyBytes: 4 * 1024 * 1024,
  /** Longest URI that rules about resources are looked up for; a longer one is taken to match them all. */
  resourceUriLength: 8192,
  /** URIs that rules are looked up for in one request, and their characters; with more all rules about resources count. */
  resourceUris: 1000,
  resourceUrisLength: 32 * 1024,
  /** Shortest piece of a token in base64 that it is told by. */
  base64PartLength: 8,
  /** Sessions of stateful servers, in all and of one caller, and the most of either that may be asked for. */
  sessions: 10_000,
  sessionsPerCaller: 100,
  sessionsMax: 1_000_000,
  /** How often it is seen whether the token of an open stream is over. */
  streamCheckMs: 1000,
  /** Bad credentials of one client that are looked at in so many seconds, where `failureLimit` is on; and clients that are counted. */
  failures: 100,
  failureWindowSeconds: 60,
  failingClients: 10_000,
  /** Seconds that a browser keeps the answer to a preflight. */
  preflightMaxAgeSeconds: 600,
  /** Header names echoed in the answer to a preflight. */
  preflightHeaders: 32,
  /** Seconds that clients and proxies may keep the protected resource metadata. */
  metadataMaxAgeSeconds: 3600,
  /** What `Retry-After` says where nothing better is known. */
  retryAfterSeconds: 5,
  /** An API key without an end looks to `requireBearerAuth` of the MCP SDKs as if it ended so much later: they insist on an end. */
  verifierExpirySeconds: 300,
} as const

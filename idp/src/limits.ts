import { limits as shared } from '@postern/server'

/** Every bound of the identity provider, in one place. Lifetimes are seconds, times milliseconds. */
export const limits = {
  /** Lifetime of an access token where neither client, resource nor pool says. */
  defaultAccessTokenTtl: 3600,
  /** A retired key stays in the JWKS this much longer than the last token that it may have signed. */
  keyGrace: 300,
  /** Retired keys that a pool may have in its JWKS at once; more rotations have to wait. */
  retiredKeys: 20,
  /** Bits of an RSA signing key. */
  rsaBits: 2048,
  /** Secrets of one client that are live at once. */
  liveSecrets: shared.liveSecrets,
  /** Resources of one pool: all are read with the pool on the token path. */
  resourcesPerPool: 100,
  /** Uses of secrets that are kept in memory before they are written. */
  pendingSecretUses: 10_000,
  /** How long a use of a secret may wait to be written. */
  secretUseDelayMs: 5000,
  /** `lastUsedAt` of a secret is not written again within this time. */
  secretUseResolutionMs: 60_000,
  /** Rows read at once where a whole table has to be walked. */
  walkRows: 200,
  /** Longest lifetime of an access token. */
  longestTtl: 86_400,
  /** Pools whose settings and keys are kept open for the token path. */
  openPools: 5_000,
  /** Instances of oidc-provider that are kept; about 70 KB each once used. A pool that only serves plain token requests needs none. */
  providers: 200,
  /** How old the knowledge of a pool may be before its revision is asked for again; what other processes write is seen by then. */
  poolRecheckMs: 1000,
  /** How long a client is kept after it was read. */
  clientCacheMs: 5000,
  /** Clients that are kept, over all pools. */
  cachedClients: 10_000,
  /** Client objects of oidc-provider that one instance keeps. */
  libraryClients: 1_000,
  /** Body of a request to the token endpoint. oidc-provider's own bound is 56 KiB. */
  tokenRequestBytes: 32 * 1024,
  /** Parameters of a request to the token endpoint. */
  tokenRequestParameters: 50,
  /** How far ahead `exp` of a client assertion may lie, in seconds: its jti is remembered until then. */
  assertionLifetime: 3600,
  /** Seconds that the clocks of clients and this provider may differ. */
  assertionClockTolerance: 15,
  /** No 401 of the token endpoint is answered faster, so that its time tells nothing about why. */
  refusalFloorMs: 10,
  /** Throttle: wrong credentials that one client may send from one address before it has to wait. */
  failuresPerPair: 5,
  /** Throttle: wrong credentials from one address, over all clients, before callers that never succeeded from there have to wait. */
  failuresPerAddress: 100,
  /** Throttle: wrong credentials for one client, over all addresses, from which on a new address has one try instead of several. */
  failuresPerClient: 100,
  /** Throttle: the first wait; each further failure doubles it. */
  throttleFirstMs: 1000,
  /** Throttle: the longest wait. */
  throttleLongestMs: 60_000,
  /** Throttle: failures are forgotten after this time without another. */
  throttleMemoryMs: 15 * 60_000,
  /** Throttle: how long a caller counts as known good after a success. */
  throttleTrustMs: 24 * 3600_000,
  /** Throttle: entries of each of its tables; the one not used for longest goes first. */
  throttleEntries: 20_000,
  /** How long fetching the JWK set of a client may take. */
  clientKeysTimeoutMs: 2500,
  /** Size of the JWK set of a client. */
  clientKeysBytes: 64 * 1024,
  /** Expired rows of oidc_model that are deleted in one statement. */
  expiredRows: 500,
  /** How often expired rows are looked for. */
  expiredRowsEveryMs: 60_000,
  /** Scopes that a discovery document lists; with more, it lists none of the resources' own. */
  advertisedScopes: 500,
  /** How long resource servers and proxies may keep a JWKS, in seconds. */
  jwksMaxAge: 60,
  /** How long anybody may keep the discovery document, in seconds. */
  discoveryMaxAge: 300,
} as const

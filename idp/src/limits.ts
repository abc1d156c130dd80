import { limits as shared } from '@postern/server'

/** Every bound of the identity provider, in one place. Lifetimes are seconds, times milliseconds. */
export const limits = {
  /** Lifetime of an access token where neither client, resource nor pool says. */
  defaultAccessTokenTtl: 3600,
  /** Lifetime of a refresh token, and the grace for a rotated one, where the pool does not say. */
  defaultRefreshTokenTtl: 2_592_000,
  defaultRefreshTokenGrace: 30,
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
  /** Lifetime of people's access tokens, in seconds, where neither client, resource nor pool says one. */
  personAccessTokenTtl: 600,
  /** Lifetime of an authorization code, in seconds (RFC 6749 §4.1.2 recommends at most ten minutes). */
  codeTtl: 60,
  /** Lifetime of a device code and its user code, in seconds. */
  deviceCodeTtl: 600,
  /** Seconds that a device is told to leave between two questions (RFC 8628 §3.2). */
  devicePollSeconds: 5,
  /** Lifetime of an ID token, in seconds. */
  idTokenTtl: 3600,
  /** Lifetime of a session in the browser after its last use, in seconds. */
  sessionTtl: 14 * 24 * 3600,
  /** How long a person may take over signing in or consenting, in seconds. Anybody can have such a row made. */
  interactionTtl: 1800,
  /** Sign-ins that may begin, and forms with a token be shown, to one address in a pool within a minute. */
  beginningsPerMinute: 600,
  /** Parameters of a request that was posted where browsers come, in bytes: they go on as a query. */
  queryBytes: 8 * 1024,
  /** Groups that a token or the userinfo endpoint names. */
  groupsClaim: 100,
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
  /** Groups of one pool: all are looked through for a name. */
  groupsPerPool: 1_000,
  /** Groups that one user is in: the `groups` claim. */
  groupsPerUser: shared.userGroups,
  /** Longest name that is looked up, in characters. */
  nameLength: 320,
  /** Argon2id for new passwords (OWASP's first choice): KiB of memory, passes, lanes. */
  passwordMemory: 19_456,
  passwordPasses: 2,
  passwordLanes: 1,
  passwordSaltBytes: 16,
  passwordTagBytes: 32,
  /** What a hash from elsewhere may ask for; beyond it one sign-in would cost too much, or protect too little. */
  passwordMemoryMin: 7_168,
  passwordMemoryMax: 65_536,
  passwordPassesMax: 10,
  passwordLanesMax: 4,
  /** Passwords that are hashed at once: each takes the memory above and a thread. */
  passwordsAtOnce: 2,
  /** People who may wait for their password to be checked; beyond it they are told to come again. */
  passwordsWaiting: 100,
  /** How soon whoever found that line full may come again, in seconds. */
  passwordsBusy: 2,
  /** Wrong passwords (or codes) that one address may send for one name before it has to wait. */
  signInFailuresPerPair: 5,
  /** Wrong passwords from one address over all names within the window, before those who never signed in from there have to wait. */
  signInFailuresPerAddress: 100,
  /** Wrong passwords for one name over all addresses within the window, before addresses that it never signed in from have to wait. */
  signInFailuresPerName: 30,
  /** The first wait; each further failure doubles it, up to the longest. */
  signInFirstWaitMs: 1000,
  signInLongestWaitMs: 15 * 60_000,
  /** Window in which failures are counted; those of a pair are forgotten after so long without another. */
  signInWindowMs: 60 * 60_000,
  /** How long an address counts as known for a name after a sign-in. */
  signInTrustMs: 7 * 24 * 3600_000,
  /** Digits of a code, how long it is good, and how often it may be tried. */
  codeDigits: 8,
  codeLifetimeMs: 10 * 60_000,
  codeTries: 5,
  /** Codes: the shortest time between two for a name; how many an hour for a name, and from an address. */
  codeIntervalMs: 30_000,
  codesPerName: 6,
  codesPerAddress: 60,
  /** Codes an hour that are really sent to one address of a person, whoever asks. */
  codesPerDestination: 10,
  codeWindowMs: 60 * 60_000,
  /** An unconfirmed sign-up gives its names free after this. */
  pendingSignUpMs: 24 * 3600_000,
  /** Stand-ins for users who do not exist: rows of codes that nobody can use. */
  decoys: 256,
  /** How often expired attempts, codes and messages are looked for. */
  peopleSweepMs: 60_000,
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
  /** An entry about revoked tokens stays this much longer than the last of them, in seconds: resource servers overlook some difference of clocks. */
  revocationGrace: 360,
  /** Entries about single tokens and grants of one client; with more, all that was issued to it so far is revoked by one entry. */
  revocationsPerClient: 1_000,
  /** The same over all clients of a pool; with more, the client with most of them loses its own. */
  revocationsPerPool: 20_000,
  /** Entries in one statement of the feed; there may be more of them. About 150 KB. */
  revocationsPerStatement: 1_000,
  /** How long a statement of the feed is good, in seconds. */
  revocationStatementTtl: 60,
  /** How long a statement that was signed is handed out again to others who ask for the same. */
  revocationStatementReuseMs: 5_000,
  /** Signed statements that are kept for that, over all pools. */
  revocationStatements: 500,
  /** Longest that a request for the feed may wait for news, in seconds. */
  revocationWait: 30,
  /** Requests that wait at once; further ones are answered at once. */
  revocationWaiters: 5_000,
  /** How often it is looked for what other processes have written, while anybody waits. */
  revocationPollMs: 500,
  /** How long anybody may keep the discovery document, in seconds. */
  discoveryMaxAge: 300,
  /** Body of a registration request. */
  registrationBytes: 32 * 1024,
  /** Registrations that one address may make in a pool within a minute. */
  registrationsPerMinute: 20,
  /** Clients that registered themselves, live in one pool. */
  dynamicClients: 1000,
  /** How long such a client is kept that has not got a token yet. */
  unusedRegistrationMs: 24 * 3600_000,
  /** How long it is kept after its last token. */
  usedRegistrationMs: 90 * 24 * 3600_000,
  /** A registration is not renewed again within this time. */
  registrationRenewalMs: 24 * 3600_000,
  /** Addresses of which registrations and fetches are counted; the one not seen for longest goes first. */
  countedAddresses: 20_000,
  /** Redirect URIs of a client that registers itself or has a document, and the length of each. */
  redirectUris: shared.redirectUris,
  redirectUri: shared.url,
  /** How much of a redirect URI that was refused is shown. */
  shownRedirect: 512,
  /** Items of any other list in such a client's metadata. */
  metadataItems: 20,
  /** Name of such a client. */
  clientName: shared.name,
  /** Client id that is the URL of a metadata document. */
  clientDocumentUrl: 512,
  /** Size of a client's metadata document. */
  clientDocumentBytes: 64 * 1024,
  /** How long fetching one may take. */
  clientDocumentTimeoutMs: 3000,
  /** Documents, and failures to get one, that are kept; the one not used for longest goes first. */
  clientDocuments: 500,
  /** A document is used this long without asking again, whatever its headers say: at least, without any, at most. */
  clientDocumentFreshMs: { least: 60_000, usual: 10 * 60_000, most: 24 * 3600_000 },
  /** How long a document is used past its time while it cannot be fetched. */
  clientDocumentStaleMs: 24 * 3600_000,
  /** How long a failure is answered without another try. */
  clientDocumentRetryMs: 15_000,
  /** Documents that are fetched at once, and that one address may cause to be fetched within a minute. */
  clientDocumentFetches: 32,
  clientDocumentFetchesPerMinute: 60,
  /** Pages: characters of a name to sign in with, of a password, and of a code, as they are sent; more is cut or refused unread. */
  signInName: shared.email,
  passwordSent: shared.password,
  codeSent: 16,
  /** Pages: how long a step between two pages, such as a code that was sent, may take, in seconds. */
  signInStep: 1800,
  /** How long browsers may keep the answer to a preflight, in seconds. */
  preflightMaxAge: 3600,
} as const

export { constantTimeEqual, randomBase64url, sha256, sha256Base64url } from '#digest'
export { apiKeyHint, generateApiKey, hashApiKey, isApiKey } from './api-key.ts'
export { decodeBase64url, encodeBase64url } from './base64url.ts'
export { type Cache, type CacheOptions, createCache } from './cache.ts'
export { buildChallenge, type Challenge, isChallengeText, parseChallenges } from './challenge.ts'
export { type Clock, systemClock } from './clock.ts'
export {
  type EventInput,
  type EventKind,
  type EventSink,
  eventKinds,
  type Outcome,
  outcomes,
  type PosternEvent,
} from './events.ts'
export { isPublicAddress } from './fetch/address.ts'
export type { Network } from './fetch/dial.ts'
export { fetchJson, type JsonAnswer } from './fetch/fetch-json.ts'
export { type GuardedAnswer, type GuardedFetchOptions, guardedFetch } from './fetch/guarded-fetch.ts'
export { FetchProblem, type FetchProblemCode } from './fetch/problem.ts'
export { createId, isId } from './id.ts'
export { isNestedDeeper, type JsonLimits, JsonProblem, type JsonProblemCode, parseJson } from './json.ts'
export { type JsonObject, type JwsLimits, type MalformedJws, type ParsedJws, parseJws } from './jwt.ts'
export { type MaybePromise, whenReady } from './maybe-promise.ts'
export { OAuthError, type OAuthErrorCode } from './oauth-error.ts'
export { type Reason, reasons } from './reasons.ts'
export { expandScopes, isScopeToken, missingScopes, parseScope, type ScopeHierarchy } from './scopes.ts'
export { createSingleFlight, type SingleFlight, type SingleFlightOptions } from './single-flight.ts'
export {
  canonicalResource,
  checkIssuer,
  checkResource,
  isLoopbackHost,
  sameResource,
  type UrlProblem,
  type UrlProblemCode,
} from './url.ts'
export {
  issuerFromDiscoveryUrl,
  issuerMetadataUrls,
  protectedResourceMetadataUrl,
  resourceFromMetadataUrl,
} from './well-known.ts'

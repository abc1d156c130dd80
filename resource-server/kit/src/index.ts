export { type EventInput, type EventSink, type Reason, reasons } from '@postern/core'
export { type AuthInfo, type AuthKind, isAuthInfo } from './auth-info.ts'
export type { FindCertificate } from './binding/certificate.ts'
export type { Confirmation } from './checks/binding.ts'
export type { Actor } from './checks/delegation.ts'
export { createReplayStore, type ReplayStore, type ReplayStoreOptions } from './dpop/replay-store.ts'
export { byHost } from './entrance/by-host.ts'
export type { Decision, Gate } from './gate.ts'
export type { Operations } from './operations.ts'
export type { Algorithm } from './options/algorithms.ts'
export { ConfigError } from './options/config-error.ts'
export type { IntrospectionOptions } from './options/introspection.ts'
export type {
  ClaimRule,
  DpopOptions,
  FailureLimitOptions,
  IssuerOptions,
  JwkSet,
  MtlsOptions,
  ResourceServerOptions,
  RevocationQuery,
} from './options/types.ts'
export type { Reply } from './reply.ts'
export type { InboundRequest, RequestBody } from './request.ts'
export type { RequiredScopes } from './requirement.ts'
export {
  createResourceServer,
  type GuardOptions,
  type IssuerHealth,
  type ResourceServer,
} from './resource-server.ts'
export type { SdkErrorClasses } from './sdk-errors.ts'
export type { TokenVerifier } from './sdk-verifier.ts'
export { type MetadataSigner, signMetadata } from './sign-metadata.ts'
export type { ApiKeyGrant, ApiKeyRecord, ApiKeyStore } from './tokens/api-key.ts'
export type { CustomContext, CustomResult, CustomVerifier, CustomVerifierOptions } from './tokens/custom.ts'
export {
  type ExchangedToken,
  exchangeToken,
  TokenExchangeError,
  type TokenExchangeOptions,
} from './upstream/exchange-token.ts'
export { createUpstreamFetch } from './upstream/upstream-fetch.ts'

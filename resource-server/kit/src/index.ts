export { type AuthInfo, type AuthKind, isAuthInfo } from './auth-info.ts'
export type { Decision, Gate } from './gate.ts'
export type { Algorithm } from './options/algorithms.ts'
export { ConfigError } from './options/config-error.ts'
export type {
  ClaimRule,
  IssuerOptions,
  JwkSet,
  ResourceServerOptions,
  RevocationQuery,
} from './options/types.ts'
export type { Reply } from './reply.ts'
export type { InboundRequest } from './request.ts'
export type { RequiredScopes } from './requirement.ts'
export {
  createResourceServer,
  type GuardOptions,
  type IssuerHealth,
  type ResourceServer,
} from './resource-server.ts'
export type { SdkErrorClasses } from './sdk-errors.ts'
export type { TokenVerifier } from './sdk-verifier.ts'
export type { ApiKeyGrant, ApiKeyRecord, ApiKeyStore } from './tokens/api-key.ts'
export type { CustomContext, CustomResult, CustomVerifier, CustomVerifierOptions } from './tokens/custom.ts'

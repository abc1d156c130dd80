export type { Logger } from 'pino'
export { type Closers, createClosers } from './closers.ts'
export { type Address, hostOf } from './config/addresses.ts'
export { bindKey } from './config/bind-key.ts'
export { developmentAdminToken } from './config/production.ts'
export type { Mode } from './config/readers.ts'
export { secretFile } from './config/secret-file.ts'
export { loadSecrets, type Secrets } from './config/secrets.ts'
export { loadSeed, parseSeed, seedError } from './config/seed/load-seed.ts'
export { SeedError, type SeedIssue } from './config/seed/seed-error.ts'
export { writeSeed } from './config/seed/write-seed.ts'
export { readSettings, type Settings, withPort } from './config/settings.ts'
export { type Environment, type Variable, variables } from './config/variables.ts'
export {
  type Access,
  type AccessCell,
  type AccessReply,
  type AccessRule,
  access,
  accessReply,
  scopesAskedFor,
} from './contract/access.ts'
export {
  type ApiKeyCreate,
  type ApiKeyReply,
  type ApiKeyRotate,
  apiKeyCreate,
  apiKeyReply,
  apiKeyRotate,
} from './contract/api-key.ts'
export {
  type ApiKeyAuthorizer,
  type Authorizer,
  type AuthorizerReply,
  apiKeyAuthorizer,
  authorizer,
  authorizerReply,
  authorizers,
  type CustomJwtAuthorizer,
  customJwt,
} from './contract/authorizer.ts'
export { type Backend, backend } from './contract/backend.ts'
export {
  type ClientCreate,
  type ClientPatch,
  type ClientReply,
  clientCreate,
  clientPatch,
  clientReply,
  clientSecret,
  type Registration,
  registrations,
  secretHash,
} from './contract/client.ts'
export {
  type AuthMethod,
  authMethods,
  type ClientShape,
  type ClientType,
  clientRules,
  clientTypes,
  defaultAuthMethod,
  defaultGrantTypes,
  type GrantType,
  grantType,
  grantTypes,
} from './contract/client-rules.ts'
export { type EventQuery, eventQuery, eventReply } from './contract/event.ts'
export {
  type GroupCreate,
  type GroupPatch,
  type GroupReply,
  groupCreate,
  groupPatch,
  groupReply,
} from './contract/group.ts'
export { type Jwks, jwks } from './contract/jwks.ts'
export { type KeyReply, type KeyState, keyReply, keyStates, rotate } from './contract/key.ts'
export { itemsReply, type ListQuery, listFields, listQuery, listReply } from './contract/list.ts'
export { type MintReply, type MintRequest, mintReply, mintRequest } from './contract/mint.ts'
export {
  type Channel,
  type CodeKind,
  codeKinds,
  type OutboxQuery,
  type OutboxReply,
  outboxQuery,
  outboxReply,
} from './contract/outbox.ts'
export { defaultPasswordPolicy, type PasswordPolicy, passwordPolicy } from './contract/password-policy.ts'
export { formatPath, type PathStep, parsePath } from './contract/paths.ts'
export {
  type Brand,
  type PoolCreate,
  type PoolPatch,
  type PoolReply,
  poolCreate,
  poolPatch,
  poolReply,
  type SigningAlgorithm,
  signingAlgorithms,
} from './contract/pool.ts'
export { type ProblemCode, type ProblemReply, problemCodes, problemReply } from './contract/problem.ts'
export {
  type ResourceCreate,
  type ResourcePatch,
  type ResourceReply,
  type ResourceScope,
  resourceCreate,
  resourcePatch,
  resourceReply,
} from './contract/resource.ts'
export * as scalars from './contract/scalars.ts'
export {
  type SecretCreate,
  type SecretCreated,
  type SecretReply,
  secretCreate,
  secretCreated,
  secretReply,
} from './contract/secret.ts'
export {
  type Seed,
  type SeedApiKey,
  type SeedAuthorizer,
  type SeedClient,
  type SeedDefault,
  type SeedGroup,
  type SeedPool,
  type SeedResource,
  type SeedService,
  type SeedToolset,
  type SeedUser,
  seed,
} from './contract/seed.ts'
export {
  type ServiceCreate,
  type ServicePatch,
  type ServiceReply,
  type ServiceStatus,
  serviceCreate,
  servicePatch,
  servicePath,
  serviceReply,
  serviceStatuses,
} from './contract/service.ts'
export { didYouMean, suggest } from './contract/suggest.ts'
export {
  serviceIds,
  type ToolsetCreate,
  type ToolsetMode,
  type ToolsetPatch,
  type ToolsetReply,
  toolsetCreate,
  toolsetPatch,
  toolsetReply,
} from './contract/toolset.ts'
export {
  type SignUpAttributes,
  signUpAttributes,
  type UserCreate,
  type UserMetadata,
  type UserPatch,
  type UserQuery,
  type UserReply,
  type UserStatus,
  userCreate,
  userPatch,
  userQuery,
  userReply,
  userStatuses,
} from './contract/user.ts'
export { type ProfileName, profileNames } from './contract/user-claims.ts'
export {
  type FieldError,
  type FieldErrorCode,
  strict,
  type Validation,
  validate,
  withRules,
} from './contract/validate.ts'
export { DomainError, type DomainErrorKind } from './domain-error.ts'
export type { EventFilter } from './events/query.ts'
export { createRecorder, type Recorder, type RecorderOptions } from './events/recorder.ts'
export type { Retention } from './events/retention.ts'
export { eventRoutes } from './events/routes.ts'
export { createFetch, type FetchOptions } from './http/create-fetch.ts'
export { createHttp, type Http, type HttpOptions } from './http/create-http.ts'
export { decodeCursor, encodeCursor, page } from './http/cursor.ts'
export type { ReadinessChecks } from './http/health.ts'
export { type Listener, type ListenOptions, listen } from './http/listen.ts'
export { listenForAdmin } from './http/listen-for-admin.ts'
export type { FindHandler, Mount } from './http/mounts.ts'
export { type NodeHandler, pathOf } from './http/node-handler.ts'
export { fieldProblem, HttpProblem, problem, problemDocument } from './http/problem.ts'
export { answerDomainError, refusing } from './http/refusing.ts'
export { requestIdOf } from './http/request-id.ts'
export { type Method, type PathParams, type Route, type RouteContext, type RouteResult, route } from './http/route.ts'
export { ensureLocalTls, type LocalTlsFiles, localAuthorityOf, localTlsFiles } from './http/tls/local-tls.ts'
export type { PairFiles } from './http/tls/pair.ts'
export { loadTls, type Tls } from './http/tls/tls.ts'
export { trustAuthority } from './http/tls/trust.ts'
export { limits } from './limits.ts'
export { createLogger, type LoggerOptions, type LogLevel, logLevels } from './logs/logger.ts'
export { addProcessMetrics, createMetrics, type Metrics, type Role } from './logs/metrics.ts'
export { redact } from './logs/redact.ts'
export { type RunningServer, runServer, type StartContext } from './run-server.ts'
export { createSealer, type Sealer } from './seal.ts'
export { generateSecret, hashSecret, matchesHash } from './secret.ts'
export { serverFlags } from './server-flags.ts'
export { errorCode, errorText, StartError, type StartErrorCode } from './start-error.ts'
export { isForeignKeyViolation, isUniqueViolation } from './store/conflict.ts'
export { type Lease, lease } from './store/lease.ts'
export { openStore, type StoreOptions } from './store/open-store.ts'
export type { EventTable, ServerTables } from './store/server-tables.ts'
export type { Dialect, Migration, Migrations, Store, StoreBase } from './store/store.ts'
export { type AccessKey, accessKeysOf } from './wire/access-keys.ts'
export { type Action, type ActionContext, type Actions, action } from './wire/action.ts'
export { fieldError, type RefusalWords } from './wire/answer-errors.ts'
export {
  checkedAs,
  type FieldNames,
  kept,
  type NumberedPage,
  numbered,
  numberedPage,
  spellingsOf,
  split,
  tags,
} from './wire/fields.ts'
export { type WireApiOptions, wireApi } from './wire/wire-api.ts'
export { type CommonCode, WireError, wireError } from './wire/wire-error.ts'

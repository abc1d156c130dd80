import type { ScopeHierarchy } from '@postern/core'
import type { BackendConfig, ToolsetBackend } from '../backends/types.ts'

export type Backend = BackendConfig

/** Bearers of API-key shape are accepted; the keys themselves are asked for with `Catalog.findKeyByHash`. */
export interface ApiKeyAuthorizer {
  readonly type: 'ApiKey'
}

type ClaimValue = string | number | boolean

/** What a claim must be: this value, or one of these; of a claim that is a list, one entry. */
export type ClaimRules = Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>

/** Access tokens of one issuer are accepted. */
export interface JwtAuthorizer {
  readonly type: 'CustomJWT'
  readonly discoveryUrl: string
  /** The issuer that `discoveryUrl` belongs to. */
  readonly issuer: string
  /** Absent or empty: every client of the issuer. */
  readonly allowedClients?: readonly string[]
  /** Absent or empty: the service's URL alone. Else these in its place. */
  readonly allowedAudiences?: readonly string[]
  /** All of them are needed. */
  readonly requiredScopes?: readonly string[]
  readonly claims?: ClaimRules
  /** Accepts tokens whose audience is their own client id (they are bound to no resource): loosens. */
  readonly acceptClientIdAudience?: boolean
}

export type Authorizer = ApiKeyAuthorizer | JwtAuthorizer

/** Who may call the tools that it names: whoever meets all of its parts. `*` is every tool. */
export interface AccessRule {
  readonly tools: readonly string[]
  /** All of them. */
  readonly scopes?: readonly string[]
  /** Of each of these lists, one. */
  readonly clients?: readonly string[]
  readonly groups?: readonly string[]
  /** Names of API keys. */
  readonly apiKeys?: readonly string[]
  readonly claims?: ClaimRules
}

/** Limits of each caller of a service. */
export interface AccessLimits {
  readonly requestsPerMinute?: number
  readonly concurrent?: number
}

/** Who may do what on a service. Without rules, everybody who is let in may call every tool. */
export interface ServiceAccess {
  readonly mode?: 'enforce' | 'dryRun'
  readonly rules?: readonly AccessRule[]
  readonly limits?: AccessLimits
  readonly audit?: { readonly arguments?: boolean }
}

/** Fields that mean nothing here: taken, kept, given back. */
export type Annotations = Readonly<Record<string, unknown>>

export type Isolation = 'caller' | 'shared'

export type ServiceStatus = 'Creating' | 'Ready' | 'CreateFailed' | 'Updating' | 'UpdateFailed' | 'Deleting'

/**
 * A service as the management API shows it: `backend` is the one that was asked for last, whether or not it works yet.
 * Times are epoch milliseconds.
 */
export interface Service {
  readonly id: string
  readonly name: string
  readonly projectName: string
  /** Canonical: starts with a slash, no trailing one, no dot segments, no percent-encoding. */
  readonly path: string
  /** `<gateway><path>`: the resource identifier of the service and the URL that clients call. */
  readonly url: string
  readonly backend: Backend
  readonly authorizers: readonly Authorizer[]
  readonly isolation: Isolation
  readonly rootMetadata: boolean
  readonly access?: ServiceAccess
  readonly status: ServiceStatus
  /** Why the status is CreateFailed or UpdateFailed: readable, without any env or header value. */
  readonly statusReason?: string
  /** What somebody has to do by hand before the service can be used as meant. */
  readonly warnings: readonly string[]
  /** What another face was given and means nothing here. */
  readonly annotations?: Annotations
  readonly createdAt: number
  readonly updatedAt: number
}

/** A service as the protocol serves it now: the backend that passed its check last, the authorizers of this moment. */
export interface ServedService {
  readonly id: string
  readonly name: string
  readonly path: string
  readonly url: string
  /** Rises with every change; whatever is derived from this object may be cached under (id, revision). */
  readonly revision: number
  /** Absent while the first check runs (`preparing`) or after it failed: authenticate, then answer 503. */
  readonly backend?: Backend
  /** Rises when `backend` or `isolation` changes: running processes and connections of a lower one are to be let go. */
  readonly backendRevision: number
  readonly authorizers: readonly Authorizer[]
  readonly isolation: Isolation
  readonly rootMetadata: boolean
  /** The same object as long as it says the same. */
  readonly access?: ServiceAccess
  readonly preparing: boolean
}

/** An API key at rest: its hash; its value only sealed, and only where it has to be shown again. Times are epoch milliseconds. */
export interface ApiKey {
  readonly id: string
  readonly serviceId: string
  readonly name: string
  /** SHA-256 of the key, base64url. */
  readonly hash: string
  /** `pst_…` and the last four characters. */
  readonly hint: string
  /** The key, sealed by the face that shows it again. */
  readonly kept?: string
  readonly createdAt: number
  readonly expiresAt?: number
  /** Of either value. */
  readonly lastUsedAt?: number
  /** The value before the last rotation. Kept when its time is over: who still sends it is told so. */
  readonly previous?: PreviousKey
  /**
   * The hash that the seed had last, or that the key was made with: rotations leave it, and a seed which still has it says
   * nothing new. Absent: the key was rotated before this was noted.
   */
  readonly seedHash?: string
  /** Hashes of values that were rotated away, the oldest first: no seed brings them back. */
  readonly rotated?: readonly string[]
  /** Absent: every tool. */
  readonly tools?: readonly string[]
  readonly scopes?: readonly string[]
}

/** A value of an API key that was replaced and is good until `expiresAt`. */
export interface PreviousKey {
  readonly hash: string
  readonly hint: string
  readonly expiresAt: number
  readonly lastUsedAt?: number
}

/** How a key gets a new value. Times are epoch milliseconds, `grace` too is milliseconds. */
export interface KeyRotation {
  readonly grace: number
  /** A new end of the key; null: none. Absent: as it was. */
  readonly expiresAt?: number | null
}

/** Told after a change is durable and visible to the hot reads. */
export type CatalogChange =
  | { readonly kind: 'service.changed'; readonly serviceId: string }
  | { readonly kind: 'service.removed'; readonly serviceId: string }
  | { readonly kind: 'keys.changed'; readonly serviceId: string }

/** What the protocol face needs on every request: answered from memory, no database access. */
export interface HotCatalog {
  /** The path of a request (no query), a trailing slash being forgiven; undefined: no such service, or it is being deleted. */
  findByPath(path: string): ServedService | undefined
  findById(serviceId: string): ServedService | undefined
  /** The one service that also owns the root's protected-resource metadata, if any. */
  findRoot(): ServedService | undefined
  /** By either value. Expired keys are found too: it is the kit that refuses them, with their own reason. */
  findKeyByHash(serviceId: string, hash: string): ApiKey | undefined
  /** Notes that the key was used just now, by the value with this hash (absent: the one of now); written in batches. */
  touchKey(serviceId: string, keyId: string, hash?: string): void
  /** What the service's scopes imply, as its pool has it; undefined: not known, or nothing. The same object until that changes. */
  scopesOf(serviceId: string): ScopeHierarchy | undefined
  /** @returns the way to stop listening */
  subscribe(listener: (change: CatalogChange) => void): () => void
}

/** A key that is asked for. Times are epoch milliseconds. */
export interface KeyInput {
  readonly name: string
  /** Seeds alone bring a value, or its hash; else one is made. */
  readonly hash?: string
  readonly hint?: string
  /** Seals the value that is made, for a face that shows it again; else it is not kept. */
  readonly keep?: (key: string) => string
  readonly expiresAt?: number
  readonly tools?: readonly string[]
  readonly scopes?: readonly string[]
}

export type AuthorizerInput =
  | { readonly type: 'ApiKey'; readonly apiKeys?: readonly KeyInput[] }
  | Omit<JwtAuthorizer, 'issuer'>

/** A service that is asked for; every field by itself has been checked against the contract. */
export interface ServiceInput {
  readonly id?: string
  readonly name: string
  readonly path: string
  readonly projectName: string
  readonly backend: Backend
  readonly authorizers?: readonly AuthorizerInput[]
  readonly isolation?: Isolation
  readonly rootMetadata?: boolean
  readonly access?: ServiceAccess
  readonly annotations?: Annotations
}

/** What PATCH may change. `backend`, `authorizers` and `access` are replaced as a whole. */
export interface ServiceChange {
  readonly name?: string
  readonly backend?: Backend
  /** Of a toolset: what is absent stays. */
  readonly toolset?: Partial<Pick<ToolsetBackend, 'serviceIds' | 'mode'>>
  readonly authorizers?: readonly AuthorizerInput[]
  readonly isolation?: Isolation
  readonly rootMetadata?: boolean
  /** Replaced as a whole; null: nothing is said any more. */
  readonly access?: ServiceAccess | null
  readonly annotations?: Annotations
}

/** A service or toolset of a seed: upserted by its id. */
export type SeedInput = ServiceInput & { readonly id: string }

/** Keys that go, by their ids, and keys that come. */
export interface KeyPlan {
  readonly remove: readonly string[]
  readonly add: readonly KeyInput[]
}

/** A new key with its value, which is not kept: shown once. */
export interface CreatedKey {
  readonly apiKey: ApiKey
  readonly key: string
}

export interface CreatedService {
  readonly service: Service
  /** Empty when a client token named a service that exists: its keys were shown then. */
  readonly keys: readonly CreatedKey[]
}

/** What applying a seed did, service ids. */
export interface ApplyReport {
  readonly created: readonly string[]
  readonly updated: readonly string[]
  readonly unchanged: readonly string[]
  readonly deleted: readonly string[]
  /** Which of all these are toolsets. */
  readonly toolsets: readonly string[]
}

/** A place in a list: after the item with this time and id. */
export interface PageKey {
  readonly at: number
  readonly id: string
}

export interface Page<T> {
  readonly items: readonly T[]
  /** null: this was the last page. */
  readonly next: PageKey | null
}

/** Where a write comes from. */
export interface Origin {
  readonly requestId?: string | undefined
  /** The file that the server was started with: it may bring any command, in production too. */
  readonly configuration?: boolean
}

/** Every method throws CatalogError, as those of {@link Catalog} do. */
export interface ServiceRoom {
  /** @param idempotency a client token, and the request that came with it: the same two give the same service */
  create(
    input: ServiceInput,
    origin?: Origin,
    idempotency?: { readonly token: string; readonly request: unknown },
  ): Promise<CreatedService>
  get(serviceId: string): Service
  list(limit: number, after?: PageKey): Page<Service>
  /** @param keys keys that end and keys that are made, in the same step */
  update(serviceId: string, change: ServiceChange, origin?: Origin, keys?: KeyPlan): Promise<Service>
  /** Resolves when its processes are stopped and nothing of it is left. */
  delete(serviceId: string, origin?: Origin): Promise<void>
}

/** Every method throws CatalogError: `not_found`, `invalid` (with field faults) or `conflict`; nothing was written then. */
export interface Catalog extends HotCatalog {
  /** Services with a backend of their own. */
  readonly services: ServiceRoom
  /** Services whose backend is of type `toolset`; neither room knows what is in the other. */
  readonly toolsets: ServiceRoom
  readonly keys: {
    create(serviceId: string, input: KeyInput, origin?: Origin): Promise<CreatedKey>
    get(serviceId: string, keyId: string): ApiKey
    /** All of a service's, oldest first. */
    list(serviceId: string): readonly ApiKey[]
    page(serviceId: string, limit: number, after?: PageKey): Page<ApiKey>
    /** Gives the key a new value; the one of now is good for the grace period. */
    rotate(serviceId: string, keyId: string, rotation: KeyRotation, origin?: Origin): Promise<CreatedKey>
    delete(serviceId: string, keyId: string, origin?: Origin): Promise<void>
  }
  /** Upserts all of them or none. With `prune`, services and keys that are not named are deleted. */
  apply(services: readonly SeedInput[], options?: { readonly prune?: boolean }, origin?: Origin): Promise<ApplyReport>
  /** Begins the work in the background: what waits for a check is checked, what is to be registered is registered. */
  start(): void
  /** Resolves when no service is being created or updated, and each registration was tried. */
  settled(): Promise<void>
  /** Ends what runs in the background (it is taken up again at the next start) and writes what is pending. */
  close(): Promise<void>
}

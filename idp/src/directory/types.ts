import type { KeyObject } from 'node:crypto'
import type {
  AuthMethod,
  Brand,
  ClientType,
  GrantType,
  KeyState,
  PasswordPolicy,
  PoolReply,
  Registration,
  SigningAlgorithm,
} from '@postern/server'
import type { AnnotationRooms } from './annotations.ts'
import type { Accounts } from './people/accounts-types.ts'
import type { Group, GroupRooms, HashedUser, Outbox, UserRooms } from './people/types.ts'
import type { Registrations } from './registrations.ts'

export type { Annotations } from './annotations.ts'
export type * from './people/accounts-types.ts'
export type * from './people/types.ts'
export type { Brand, ClientType, GrantType, KeyState, PasswordPolicy, Registration, SigningAlgorithm }

/** How a client proves itself at the token endpoint (RFC 7591 §2); `none` is a public client. */
export type TokenEndpointAuthMethod = AuthMethod

export type SignInAttribute = PoolReply['signInAttributes'][number]

/** One public key of a JWK set (RFC 7517 §4). */
export type PublicJwk = Readonly<Record<string, unknown>>

/** A user pool as stored. Times are epoch milliseconds, lifetimes seconds. */
export interface Pool {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly projectName: string
  readonly enabled: boolean
  readonly signInAttributes: readonly SignInAttribute[]
  readonly requiredSignUpAttributes: readonly SignInAttribute[]
  readonly selfSignUpEnabled: boolean
  /** null: the house's default (3600 s). */
  readonly accessTokenTtl: number | null
  readonly signingAlgorithm: SigningAlgorithm
  /** Canonical identifier; may name a resource that does not exist yet when it was given with the pool. */
  readonly defaultResource: string | null
  readonly passwordPolicy: PasswordPolicy
  /** What pages show: the pool's name where it has none. */
  readonly brand: Brand
  readonly selfAccountRecoveryEnabled: boolean
  /** A person who signs up is confirmed at once, without a code. */
  readonly signUpAutoVerificationEnabled: boolean
  readonly refreshTokenTtl: number
  /** Seconds in which a rotated refresh token that comes again is answered. */
  readonly refreshTokenGrace: number
  /** null: as the mode says. Ask `registersDynamically`, which knows the mode. */
  readonly dynamicRegistrationEnabled: boolean | null
  readonly clientIdMetadataDocumentsEnabled: boolean
  readonly deviceFlowEnabled: boolean
  /** Id or sign-in name of the user for whom everything is approved without a person; in development only. */
  readonly unattendedUser: string | null
  /** What tokens are for where a request names no resource: the default resource, or the client itself. */
  readonly audience: PoolReply['audience']
  /** Grows with every write to the pool or to anything in it, but its people: of them only when somebody's sessions end. */
  readonly revision: number
  readonly createdAt: number
  readonly updatedAt: number
}

export interface PoolWithTotals extends Pool {
  readonly totalUsers: number
  readonly totalClients: number
}

export interface Scope {
  readonly name: string
  readonly description?: string
  /** Scopes of the same resource that this one includes; may be transitive, may form cycles. */
  readonly implies?: readonly string[]
}

/** A protected resource of a pool (RFC 8707): what access tokens are for. */
export interface Resource {
  readonly id: string
  readonly poolId: string
  /** Canonical URL or URN, unique in the pool. */
  readonly identifier: string
  readonly name: string | null
  readonly scopes: readonly Scope[]
  readonly accessTokenTtl: number | null
  readonly createdAt: number
  readonly updatedAt: number
}

export interface Client {
  readonly poolId: string
  readonly clientId: string
  readonly name: string
  readonly clientType: ClientType
  readonly tokenEndpointAuthMethod: TokenEndpointAuthMethod
  readonly jwks: { readonly keys: readonly PublicJwk[] } | null
  readonly jwksUri: string | null
  readonly redirectUris: readonly string[]
  /** null: every scope of its resources; []: none. */
  readonly scopes: readonly string[] | null
  /** Canonical identifiers. null: every resource of the pool; []: none. */
  readonly resources: readonly string[] | null
  /** One of its resources, or null: the pool's default. */
  readonly defaultResource: string | null
  readonly accessTokenTtl: number | null
  readonly grantTypes: readonly GrantType[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly logoUri: string | null
  readonly clientUri: string | null
  /** null: the pool's. */
  readonly refreshTokenTtl: number | null
  readonly skipConsentEnabled: boolean
  /** As the pool's, for this client alone. */
  readonly unattendedUser: string | null
  readonly registration: Registration
  /** Of a client that registered itself; null: never. The reader compares it with the clock. */
  readonly expiresAt: number | null
  readonly createdAt: number
  readonly updatedAt: number
}

/** A client secret; the secret itself is shown once, when it is made, and is not kept. */
export interface Secret {
  readonly id: string
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
}

/** A secret of which only the hash is known (`hashSecret` of @postern/server): what a seed brings. */
export interface HashedSecret {
  readonly hash: string
  /** null: it lives until it is deleted. */
  readonly expiresAt: number | null
}

/** What may be told about a signing key. */
export interface Key {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly state: KeyState
  readonly createdAt: number
  readonly activatedAt: number | null
  /** When a retired key leaves the JWKS; null while it is next or active. */
  readonly retiresAt: number | null
}

/* ---- hot reads: what the token path needs, each one statement ---- */

/** A pool with all its resources. */
export interface HotPool extends Pool {
  readonly resources: readonly Resource[]
}

export interface HotSecret extends HashedSecret {
  readonly id: string
}

/** A client with its secrets; the reader compares `expiresAt` with the clock, for such reads are cached. */
export interface HotClient extends Client {
  readonly secrets: readonly HotSecret[]
}

/** An active key, opened. One for each algorithm that the pool uses; tokens are signed with that of `pool.signingAlgorithm`. */
export interface SigningKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly privateKey: KeyObject
  /** Private members and `kid`, `alg`, `use`: what oidc-provider takes. Never to be logged. */
  readonly privateJwk: Readonly<Record<string, unknown>>
  readonly publicJwk: PublicJwk
}

/** The pool's JWKS: active, next and retired keys, active ones first. */
export interface VerifyingKeys {
  readonly keys: readonly PublicJwk[]
  /** When the first retired key drops out: a cached answer is good until then or until the revision changes. null: no such time. */
  readonly validUntil: number | null
}

export interface Change {
  readonly poolId: string
  /** The new revision; null when the pool is gone. */
  readonly revision: number | null
  /** Whose sessions and grants must end; absent: nobody's. */
  readonly users?: readonly string[]
}

export interface HotReads {
  findPool(poolId: string): Promise<HotPool | undefined>
  findClient(poolId: string, clientId: string): Promise<HotClient | undefined>
  /** undefined: there is no such pool. */
  revision(poolId: string): Promise<number | undefined>
  signingKeys(poolId: string): Promise<readonly SigningKey[]>
  verifyingKeys(poolId: string): Promise<VerifyingKeys>
  /** Notes the use of a secret; kept in memory and written in batches, so it costs the token path nothing. */
  touchSecret(poolId: string, clientId: string, secretId: string): void
  /**
   * To be awaited before a token is signed whose lifetime (seconds) is longer than client, resource and pool say,
   * so that the key outlives it. Tokens of the configured lifetimes need no such call.
   */
  noteLifetime(poolId: string, lifetime: number): Promise<void>
}

/* ---- everything ---- */

/** A client with its live secrets, the newest first. */
export interface ClientContent extends Client {
  readonly secrets: readonly HashedSecret[]
}

/** A pool with all that a person put into it; in no order. */
export interface PoolContent extends Pool {
  readonly resources: readonly Resource[]
  readonly clients: readonly ClientContent[]
  readonly users: readonly HashedUser[]
  readonly groups: readonly Group[]
}

/* ---- rooms ---- */

/** A place in a list: after the item with this time and id. */
export interface PageKey {
  readonly at: number
  readonly id: string
}

export interface PageRequest {
  readonly limit: number
  readonly after?: PageKey | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  /** null: this was the last page. */
  readonly next: PageKey | null
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** Merge patch (RFC 7396): absent leaves, null clears. */
export type PoolPatch = Optional<{
  name: string
  description: string | null
  projectName: string | null
  enabled: boolean | null
  signInAttributes: readonly SignInAttribute[] | null
  requiredSignUpAttributes: readonly SignInAttribute[] | null
  selfSignUpEnabled: boolean | null
  accessTokenTtl: number | null
  signingAlgorithm: SigningAlgorithm | null
  defaultResource: string | null
  passwordPolicy: { readonly [K in keyof PasswordPolicy]?: PasswordPolicy[K] | null | undefined } | null
  brand: { readonly name?: string | null | undefined; readonly logoUri?: string | null | undefined } | null
  selfAccountRecoveryEnabled: boolean | null
  signUpAutoVerificationEnabled: boolean | null
  refreshTokenTtl: number | null
  refreshTokenGrace: number | null
  dynamicRegistrationEnabled: boolean | null
  clientIdMetadataDocumentsEnabled: boolean | null
  deviceFlowEnabled: boolean | null
  unattendedUser: string | null
  audience: PoolReply['audience'] | null
}>

export interface PoolInput extends PoolPatch {
  readonly id?: string | undefined
  readonly name: string
}

export type ClientPatch = Optional<{
  name: string
  clientType: ClientType
  tokenEndpointAuthMethod: TokenEndpointAuthMethod | null
  jwks: { readonly keys: readonly PublicJwk[] } | null
  jwksUri: string | null
  redirectUris: readonly string[] | null
  scopes: readonly string[] | null
  resources: readonly string[] | null
  defaultResource: string | null
  accessTokenTtl: number | null
  grantTypes: readonly GrantType[] | null
  postLogoutRedirectUris: readonly string[] | null
  logoUri: string | null
  clientUri: string | null
  refreshTokenTtl: number | null
  skipConsentEnabled: boolean | null
  unattendedUser: string | null
}>

export interface ClientInput extends ClientPatch {
  readonly clientId?: string | undefined
  readonly name: string
  readonly clientType: ClientType
  /** A secret of one's own; else one is made for clients that need one. */
  readonly clientSecret?: string | undefined
  /** Instead of a secret, for seeds: at most two, the newest first; none are made beside them. */
  readonly hashedSecrets?: readonly HashedSecret[] | undefined
  /** How it came to be known; else it is a person's work. */
  readonly registration?: Registration | undefined
  /** When it is forgotten, epoch milliseconds. */
  readonly expiresAt?: number | null | undefined
}

export type SecretInput = Optional<{ clientSecret: string; expiresAt: number | null }>

export type ResourcePatch = Optional<{
  identifier: string
  name: string | null
  scopes: readonly Scope[] | null
  accessTokenTtl: number | null
}>

export interface ResourceInput extends ResourcePatch {
  readonly identifier: string
}

export interface CreatedClient {
  readonly client: Client
  /** Only for clients that authenticate with a secret, and only here. */
  readonly clientSecret?: string
}

export interface CreatedSecret {
  readonly secret: Secret
  readonly clientSecret: string
}

export interface DeletedResource {
  /** The pool has no default resource any more: requests that name no resource are refused until one is set. */
  readonly defaultCleared: boolean
}

/**
 * The rooms of the directory. Every method throws DirectoryError: `not_found`, `invalid` (with field errors) or
 * `conflict`. A patch that changes nothing writes nothing.
 */
export interface Rooms {
  readonly pools: {
    create(input: PoolInput): Promise<PoolWithTotals>
    get(poolId: string): Promise<PoolWithTotals>
    list(page: PageRequest): Promise<Page<PoolWithTotals>>
    /** @param options `defaultToCome`: the default may name a resource that does not exist yet, as in a new pool */
    update(poolId: string, patch: PoolPatch, options?: { readonly defaultToCome?: boolean }): Promise<PoolWithTotals>
    delete(poolId: string): Promise<void>
  }
  readonly clients: {
    create(poolId: string, input: ClientInput): Promise<CreatedClient>
    get(poolId: string, clientId: string): Promise<Client>
    list(poolId: string, page: PageRequest): Promise<Page<Client>>
    update(poolId: string, clientId: string, patch: ClientPatch): Promise<Client>
    delete(poolId: string, clientId: string): Promise<void>
  }
  readonly secrets: {
    create(poolId: string, clientId: string, input?: SecretInput): Promise<CreatedSecret>
    list(poolId: string, clientId: string): Promise<readonly Secret[]>
    delete(poolId: string, clientId: string, secretId: string): Promise<void>
    /**
     * Makes these the client's secrets, at most two, the newest first; others stay while there is room, unless
     * `exact`. Says whether anything changed.
     */
    put(
      poolId: string,
      clientId: string,
      secrets: readonly HashedSecret[],
      options?: { readonly exact?: boolean },
    ): Promise<boolean>
  }
  readonly resources: {
    create(poolId: string, input: ResourceInput): Promise<Resource>
    get(poolId: string, resourceId: string): Promise<Resource>
    list(poolId: string, page: PageRequest): Promise<Page<Resource>>
    update(poolId: string, resourceId: string, patch: ResourcePatch): Promise<Resource>
    delete(poolId: string, resourceId: string): Promise<DeletedResource>
  }
  /** What another face keeps beside a pool or client. */
  readonly annotations: AnnotationRooms
  readonly keys: {
    list(poolId: string): Promise<readonly Key[]>
    rotate(poolId: string): Promise<readonly Key[]>
  }
  readonly users: UserRooms
  readonly groups: GroupRooms
}

/** Where a write comes from; goes into its event. */
export interface Origin {
  readonly requestId?: string | undefined
}

export interface Directory extends Rooms, HotReads {
  /** Clients that register themselves. */
  readonly registrations: Registrations
  /** What pages and flows use for people. */
  readonly accounts: Accounts
  readonly outbox: Outbox
  /** All pools with what is in them, as of one moment. */
  contents(): Promise<readonly PoolContent[]>
  /** The same rooms, with the origin noted in the events of their writes. */
  from(origin: Origin): Rooms
  /**
   * Runs several writes in one transaction: all or none. The work may be run a second time, so it must do
   * nothing but call the rooms that it is given.
   */
  change<T>(work: (rooms: Rooms) => Promise<T>, origin?: Origin): Promise<T>
  /** The listener is called after each commit, once for each changed pool. Returns the way to stop it. */
  subscribe(listener: (change: Change) => void): () => void
  /** Writes what is pending. The store stays open: it belongs to who opened it. */
  close(): Promise<void>
}

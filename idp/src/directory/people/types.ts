import type { Channel, CodeKind, ProfileName, UserMetadata, UserStatus } from '@postern/server'
import type { Page, PageRequest } from '../types.ts'

export type { Channel, CodeKind, ProfileName, UserMetadata, UserStatus }

/** The standard claims besides names and addresses (OpenID Connect Core §5.1). */
export type Profile = { readonly [K in ProfileName]?: string }

/** A group as its member carries it. */
export interface GroupOfUser {
  readonly id: string
  readonly name: string
}

/** A person of a pool. `id` is the subject of tokens. Times are epoch milliseconds. */
export interface User {
  readonly poolId: string
  readonly id: string
  readonly status: UserStatus
  readonly preferredUsername: string | null
  readonly email: string | null
  readonly emailVerified: boolean
  readonly phoneNumber: string | null
  readonly phoneNumberVerified: boolean
  readonly profile: Profile
  readonly metadata: UserMetadata | null
  /** Those with the lowest precedence first, then by name: the order of the `groups` claim. */
  readonly groups: readonly GroupOfUser[]
  readonly createdAt: number
  readonly updatedAt: number
  readonly lastSignInAt: number | null
}

/** A user as a seed needs it, with the hash of the password. */
export interface HashedUser extends User {
  /** A PHC string; null: none. */
  readonly passwordHash: string | null
  /** Made by signing up: an address is a name to sign in with once it is verified. */
  readonly signedUp: boolean
}

export interface Group {
  readonly poolId: string
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly precedence: number | null
  readonly createdAt: number
  readonly updatedAt: number
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined }

type ProfilePatch = { readonly [K in ProfileName]?: string | null | undefined }

/** Merge patch (RFC 7396): absent leaves, null clears. */
export type UserPatch = ProfilePatch &
  Optional<{
    preferredUsername: string | null
    email: string | null
    emailVerified: boolean | null
    phoneNumber: string | null
    phoneNumberVerified: boolean | null
    metadata: UserMetadata | null
    /** Ids of groups, all that the user is in. */
    groups: readonly string[] | null
    status: UserStatus
    /** As with `setPassword`: to be changed at the next sign-in unless `status` is CONFIRMED. */
    password: string
  }>

export type UserInput = UserPatch & {
  readonly id?: string | undefined
  /** Instead of a password, for seeds: Argon2id as a PHC string. */
  readonly passwordHash?: string | undefined
  /** For seeds, of a user who once signed up. */
  readonly signedUp?: boolean | undefined
}

export type UserFilter = Optional<{
  /** Any name to sign in with, as a whole. */
  name: string
  status: UserStatus
  /** Id of a group. */
  group: string
}>

/** Every method throws DirectoryError: `not_found`, `invalid` or `conflict`. */
export interface UserRooms {
  create(poolId: string, input: UserInput): Promise<User>
  get(poolId: string, userId: string): Promise<User>
  list(poolId: string, page: PageRequest, filter?: UserFilter): Promise<Page<User>>
  update(poolId: string, userId: string, patch: UserPatch): Promise<User>
  delete(poolId: string, userId: string): Promise<void>
  /** Ends the user's sessions. @param options `permanent`: need not be changed at the next sign-in */
  setPassword(
    poolId: string,
    userId: string,
    password: string,
    options?: { readonly permanent?: boolean },
  ): Promise<User>
}

export type GroupPatch = Optional<{ name: string; description: string | null; precedence: number | null }>

export interface GroupInput extends GroupPatch {
  readonly id?: string | undefined
  readonly name: string
}

export interface GroupRooms {
  create(poolId: string, input: GroupInput): Promise<Group>
  get(poolId: string, groupId: string): Promise<Group>
  list(poolId: string, page: PageRequest): Promise<Page<Group>>
  update(poolId: string, groupId: string, patch: GroupPatch): Promise<Group>
  delete(poolId: string, groupId: string): Promise<void>
  /** Does nothing where the user is in the group. */
  addMember(poolId: string, groupId: string, userId: string): Promise<void>
  removeMember(poolId: string, groupId: string, userId: string): Promise<void>
  members(poolId: string, groupId: string, page: PageRequest): Promise<Page<User>>
}

/** What would have been sent to a person; in development only. */
export interface OutboxMessage {
  readonly id: string
  readonly poolId: string
  readonly userId: string
  readonly channel: Channel
  readonly to: string
  readonly kind: CodeKind
  readonly code: string
  readonly createdAt: number
  readonly expiresAt: number
}

export type OutboxFilter = Optional<{ poolId: string; userId: string; kind: CodeKind }>

export interface Outbox {
  /** The newest first; those whose code has expired are left out. */
  list(page: PageRequest, filter?: OutboxFilter): Promise<Page<OutboxMessage>>
}

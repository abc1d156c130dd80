import type { JsonObject } from '@postern/core'
import type { Confirmation } from './checks/binding.ts'
import type { Actor } from './checks/delegation.ts'

/** How the caller proved who it is. */
export type AuthKind = 'jwt' | 'introspected' | 'api-key' | 'custom'

/**
 * Who is calling, verified. Frozen all the way down, because it is shared by all requests with the same token. It is
 * the `AuthInfo` of both MCP SDK generations and more; the arrays are typed mutable only because theirs are.
 */
export interface AuthInfo {
  readonly kind: AuthKind
  /** The credential itself. Never pass it on to another service. */
  readonly token: string
  /** Who vouches for the caller: the token's `iss`; for an API key the resource itself. */
  readonly issuer: string
  /** Unique only together with the issuer. `apikey:<id>` for an API key; empty where the token has none and need not. */
  readonly subject: string
  readonly clientId: string
  /** What was granted, and with a scope hierarchy what that implies, so that exact comparisons elsewhere see it too. */
  scopes: string[]
  audience: string[]
  /** Seconds since the epoch. Absent where the credential does not expire. */
  readonly expiresAt?: number
  /** The protected resource. A new URL object at each reading. */
  readonly resource: URL
  /** Where the resource's metadata stands (RFC 9728); SDK v2 repeats it in the challenges of single tools. */
  readonly resourceMetadataUrl?: string
  /** What the token is bound to; the caller has proven to have it. Absent for a mere bearer token. */
  readonly confirmation?: Confirmation
  /** Who acts for the subject, where somebody does. */
  readonly actor?: Actor
  /** The token's claims as they were signed, or what its issuer answered about it. */
  readonly claims: Readonly<JsonObject>
  /** What else is known: `apiKeyId`, `apiKeyName` and `tools` of an API key, or what a custom verifier added. */
  extra: Record<string, unknown>
}

export interface AuthInfoInput {
  readonly kind: AuthKind
  readonly token: string
  readonly issuer: string
  readonly subject: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly expiresAt?: number | undefined
  readonly resource: string
  readonly resourceMetadataUrl?: string | undefined
  readonly confirmation?: Confirmation | undefined
  readonly actor?: Actor | undefined
  readonly claims?: JsonObject
  readonly extra?: Record<string, unknown>
}

/** Makes the frozen AuthInfo; `claims` and `extra` are frozen in place, so they must be the caller's own copies. */
export function createAuthInfo(input: AuthInfoInput): AuthInfo {
  const { kind, token, issuer, subject, clientId, resource, claims = {}, extra = {} } = input
  const scopes = frozenList(input.scopes)
  const audience = frozenList(input.audience)
  const info: Writable<Omit<AuthInfo, 'resource'>> = {
    kind,
    token,
    issuer,
    subject,
    clientId,
    scopes,
    audience,
    claims,
    extra,
  }
  if (input.expiresAt !== undefined) info.expiresAt = input.expiresAt
  if (input.resourceMetadataUrl !== undefined) info.resourceMetadataUrl = input.resourceMetadataUrl
  if (input.confirmation !== undefined) info.confirmation = freezeDeep(input.confirmation)
  if (input.actor !== undefined) info.actor = freezeDeep(input.actor)
  freezeDeep(claims)
  freezeDeep(extra)
  return Object.freeze(withResource(info, resource))
}

/** A list that nobody can change: itself, where it is such a one. Why its type says otherwise stands at `AuthInfo`. */
function frozenList(list: readonly string[]): string[] {
  return Object.freeze(Object.isFrozen(list) ? list : [...list]) as string[]
}

/** A URL cannot be frozen, so each reader gets one of its own. */
function withResource<T extends object>(info: T, resource: string): T & Pick<AuthInfo, 'resource'> {
  return Object.defineProperty(info, 'resource', getterOf(resource)) as T & Pick<AuthInfo, 'resource'>
}

// Of each resource there is one getter: objects with a getter apiece would all be of different shapes to the engine, and
// making one would cost ten times as much. That a frozen object has such a getter also tells that it was made here.
const getters = new Map<string, PropertyDescriptor>()
const keptGetters = 256
const made = new WeakSet<object>()

function getterOf(resource: string): PropertyDescriptor {
  const kept = getters.get(resource)
  if (kept !== undefined) return kept
  const get = () => new URL(resource)
  made.add(get)
  if (getters.size >= keptGetters) getters.clear()
  const descriptor = { get, enumerable: true }
  getters.set(resource, descriptor)
  return descriptor
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Is the value an AuthInfo that this kit made of a verified credential, rather than something of its shape? */
export function isAuthInfo(value: unknown): value is AuthInfo {
  if (typeof value !== 'object' || value === null) return false
  const getter = Object.getOwnPropertyDescriptor(value, 'resource')?.get
  return getter === undefined ? made.has(value) : made.has(getter) && Object.isFrozen(value)
}

/** The same caller, at a server that does not know which resource it is. */
export function withoutResource(auth: AuthInfo): Omit<AuthInfo, 'resource'> {
  const { resource: _, ...rest } = auth
  made.add(rest)
  return Object.freeze(rest)
}

/** Freezes what `parseJson` made, which has neither cycles nor getters: half the work of `freezeDeep`. */
export function freezeJson<T extends object>(value: T): T {
  Object.freeze(value)
  for (const name in value) {
    const member = value[name]
    // Others may have put objects on the prototype of all, themselves and without an end.
    if (typeof member === 'object' && member !== null && Object.hasOwn(value, name)) freezeJson(member)
  }
  return value
}

/** Freezes an object and every plain object and array in it. Cycles end, for what is frozen is not entered again. */
export function freezeDeep<T extends object>(value: T): T {
  if (Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const name of Object.getOwnPropertyNames(value)) {
    const member: unknown = Object.getOwnPropertyDescriptor(value, name)?.value
    if (isPlain(member)) freezeDeep(member)
  }
  return value
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

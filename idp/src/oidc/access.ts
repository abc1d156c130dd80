import { canonicalResource, sameResource } from '@postern/core'
import type { HotClient, HotPool, Resource } from '../directory/types.ts'
import { limits } from '../limits.ts'
import { isOpenIdScope } from './openid-scopes.ts'
import { refusals } from './refusal.ts'

/** What an access token will be good for. */
export interface Access {
  readonly resource: Resource
  /** The `aud` of the token: the resource's identifier, or the client's id in a pool whose audience is that. */
  readonly audience: string
  /** Granted scopes, as they are written into the token. */
  readonly scopes: readonly string[]
  /** Lifetime in seconds. */
  readonly ttl: number
}

export interface AccessRequest {
  /** A resource as the caller spelled it; absent: the default. */
  readonly resource?: string | undefined
  /** Absent: all that are granted. */
  readonly scopes?: readonly string[] | undefined
  /** A person stands behind the request: tokens live 600 s where nothing else is set. */
  readonly person?: boolean | undefined
  /**
   * The scopes are a client's own choice, and clients that know of none ask for whatever the pool's metadata lists: those
   * of OpenID, which say something of people, are left out for a machine instead of refused; for a person, those of the
   * pool's other resources too. The answer tells what the client got (RFC 6749 §3.3).
   */
  readonly lenient?: boolean | undefined
}

/**
 * Decides what a client gets: the one place where the rules of the contract (Audience, Lifetime) stand. Every way to
 * a token goes through it.
 *
 * @throws Refusal `invalid_target` (RFC 8707 §2) or `invalid_scope`
 */
export function decideAccess(pool: HotPool, client: HotClient, request: AccessRequest): Access {
  if (isForItself(pool, client, request)) return accessForItself(pool, client, request)
  const resource = request.resource === undefined ? defaultOf(pool, client) : askedFor(pool, client, request.resource)
  const fallback = request.person ? limits.personAccessTokenTtl : limits.defaultAccessTokenTtl
  return {
    resource,
    audience: resource.identifier,
    scopes: decideScopes(resource, client, scopesAsked(pool, resource, request)),
    ttl: client.accessTokenTtl ?? resource.accessTokenTtl ?? pool.accessTokenTtl ?? fallback,
  }
}

/**
 * In a pool whose `audience` is `client_id`, who names no resource gets a token for the client itself. It has no
 * scopes, for they are those of resources.
 */
function isForItself(pool: HotPool, client: HotClient, { resource }: AccessRequest): boolean {
  if (pool.audience !== 'client_id') return false
  return resource === undefined ? client.defaultResource === null : resource === itselfAsResource(client)
}

function accessForItself(pool: HotPool, client: HotClient, request: AccessRequest): Access {
  const resource: Resource = {
    id: '',
    poolId: pool.id,
    identifier: itselfAsResource(client),
    name: client.name,
    scopes: [],
    accessTokenTtl: null,
    createdAt: client.createdAt,
    updatedAt: client.updatedAt,
  }
  const fallback = request.person ? limits.personAccessTokenTtl : limits.defaultAccessTokenTtl
  return {
    resource,
    audience: client.clientId,
    scopes: decideScopes(resource, client, scopesAsked(pool, resource, request)),
    ttl: client.accessTokenTtl ?? pool.accessTokenTtl ?? fallback,
  }
}

/** The client's id as the absolute URI that a resource must be (RFC 8707 §2). */
function itselfAsResource({ clientId }: HotClient): string {
  return `urn:postern:client:${encodeURIComponent(clientId)}`
}

function scopesAsked(pool: HotPool, resource: Resource, { lenient, scopes, person }: AccessRequest) {
  return lenient ? withoutForeign(person ? pool.resources : [], resource, scopes) : scopes
}

function defaultOf(pool: HotPool, client: HotClient): Resource {
  const identifier = client.defaultResource ?? pool.defaultResource
  if (identifier === null) throw refusals.noDefault()
  const resource = findResource(pool, identifier)
  if (resource === undefined || !isGranted(client, resource)) throw refusals.defaultUnusable()
  return resource
}

function askedFor(pool: HotPool, client: HotClient, identifier: string): Resource {
  const resource = findResource(pool, identifier)
  if (resource === undefined || !isGranted(client, resource)) throw refusals.unknownResource()
  return resource
}

/**
 * The pool's resource that an identifier means. The case of scheme and host, a default port and one trailing slash do
 * not count, for clients spell them as they like.
 */
export function findResource(pool: HotPool, identifier: string): Resource | undefined {
  const registered = indexOf(pool)
  const exact = registered.get(identifier)
  if (exact !== undefined) return exact
  const canonical = canonicalResource(identifier)
  if (canonical === undefined) return undefined
  const other = otherSpelling(canonical)
  return registered.get(canonical) ?? (sameResource(canonical, other) ? registered.get(other) : undefined)
}

// A pool as read never changes, so its index lives as long as it does.
const indexes = new WeakMap<HotPool, ReadonlyMap<string, Resource>>()

function indexOf(pool: HotPool): ReadonlyMap<string, Resource> {
  const known = indexes.get(pool)
  if (known !== undefined) return known
  const index = new Map(pool.resources.map((resource) => [resource.identifier, resource]))
  indexes.set(pool, index)
  return index
}

/** The same path with its trailing slash taken off or put on. */
function otherSpelling(resource: string): string {
  const [path = ''] = resource.split('?', 1)
  return (path.endsWith('/') ? path.slice(0, -1) : `${path}/`) + resource.slice(path.length)
}

/** May the client have tokens for the resource? */
export function isGranted(client: HotClient, resource: Resource): boolean {
  return client.resources === null || client.resources.includes(resource.identifier)
}

/** What was asked for of the resource itself; undefined: nothing was. */
function withoutForeign(
  others: readonly Resource[],
  resource: Resource,
  asked: readonly string[] | undefined,
): readonly string[] | undefined {
  if (asked === undefined) return undefined
  const has = (one: Resource, name: string) => one.scopes.some((scope) => scope.name === name)
  const named = asked.filter((name) => has(resource, name) || !isOpenIdScope(name))
  const kept = named.filter((name) => has(resource, name) || !others.some((other) => has(other, name)))
  // One that has no scopes has none to be missed.
  if (kept.length === 0 && named.length > 0 && resource.scopes.length > 0) throw refusals.ungrantedScope()
  return kept.length === 0 ? undefined : kept
}

function decideScopes(resource: Resource, client: HotClient, asked: readonly string[] | undefined): readonly string[] {
  const granted = resource.scopes
    .map((scope) => scope.name)
    .filter((name) => client.scopes === null || client.scopes.includes(name))
  if (asked === undefined) return granted
  if (!asked.every((name) => granted.includes(name))) throw refusals.ungrantedScope()
  return [...new Set(asked)]
}

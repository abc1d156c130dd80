import { canonicalResource, sameResource } from '@postern/core'
import type { HotClient, HotPool, Resource } from '../directory/types.ts'
import { limits } from '../limits.ts'
import { refusals } from './refusal.ts'

/** What an access token will be good for. */
export interface Access {
  readonly resource: Resource
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
}

/**
 * Decides what a client gets: the one place where the rules of the contract (Audience, Lifetime) stand. Every way to
 * a token goes through it.
 *
 * @throws Refusal `invalid_target` (RFC 8707 §2) or `invalid_scope`
 */
export function decideAccess(pool: HotPool, client: HotClient, request: AccessRequest): Access {
  const resource = request.resource === undefined ? defaultOf(pool, client) : askedFor(pool, client, request.resource)
  return {
    resource,
    scopes: decideScopes(resource, client, request.scopes),
    ttl: client.accessTokenTtl ?? resource.accessTokenTtl ?? pool.accessTokenTtl ?? limits.defaultAccessTokenTtl,
  }
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

function isGranted(client: HotClient, resource: Resource): boolean {
  return client.resources === null || client.resources.includes(resource.identifier)
}

function decideScopes(resource: Resource, client: HotClient, asked: readonly string[] | undefined): readonly string[] {
  const granted = resource.scopes
    .map((scope) => scope.name)
    .filter((name) => client.scopes === null || client.scopes.includes(name))
  if (asked === undefined) return granted
  if (!asked.every((name) => granted.includes(name))) throw refusals.ungrantedScope()
  return [...new Set(asked)]
}

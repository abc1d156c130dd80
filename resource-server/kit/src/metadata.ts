import { protectedResourceMetadataUrl } from '@postern/core'
import { limits } from './limits.ts'
import type { Reply } from './reply.ts'
import { type InboundRequest, splitUrl } from './request.ts'

export interface MetadataSettings {
  readonly resource: string
  readonly resourceName: string
  readonly issuers: readonly string[]
  readonly scopes: readonly string[]
  /** Serve the document at the root as well. */
  readonly atRoot: boolean
  /** Members of one's own; they cannot replace the kit's. */
  readonly more: Readonly<Record<string, unknown>>
}

/** Answers requests for the document; undefined for every other path. */
export type Publish = (request: InboundRequest) => Reply | undefined

const rootPath = '/.well-known/oauth-protected-resource'

/**
 * The protected resource metadata (RFC 9728) and what serves it: GET and HEAD with an ETag, the CORS preflight, 405 for
 * the rest. A request matches by path alone, so no Host header matters; one `/` more at its end is forgiven. A resource
 * with a query has its document under the same query (§3.1).
 */
export function createMetadata(settings: MetadataSettings): Publish {
  const { pathname, search } = new URL(protectedResourceMetadataUrl(settings.resource))
  const paths = new Set(withSlash(pathname))
  if (settings.atRoot) for (const path of withSlash(rootPath)) paths.add(path)
  const replies = prepareReplies(JSON.stringify(metadataDocument(settings)))
  return (request) => {
    if (!request.url.includes(rootPath)) return undefined
    const { path, query } = splitUrl(request.url)
    if (!paths.has(path) || (search !== '' && query !== search)) return undefined
    return replies(request)
  }
}

const serverPaths = new Set(withSlash('/.well-known/oauth-authorization-server'))

/**
 * The metadata of an authorization server as it is, at the root of this origin: where clients of the MCP specification of
 * 2025-03-26 look for it.
 */
export function createLegacyMetadata(document: Readonly<Record<string, unknown>>): Publish {
  const replies = prepareReplies(JSON.stringify(document))
  return (request) => (serverPaths.has(splitUrl(request.url).path) ? replies(request) : undefined)
}

function withSlash(path: string): string[] {
  return path.endsWith('/') ? [path, path.slice(0, -1)] : [path, `${path}/`]
}

/** The document itself (RFC 9728 §2). */
export function metadataDocument(settings: MetadataSettings): Record<string, unknown> {
  const { resource, resourceName, issuers, scopes, more } = settings
  return {
    ...more,
    resource,
    authorization_servers: issuers,
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    resource_name: resourceName,
  }
}

const cors = { 'access-control-allow-origin': '*' }

/** Serves one JSON document, whatever the path of the request. */
export function prepareReplies(body: string): Publish {
  const etag = `"${fingerprint(body)}"`
  const cacheHeaders = { ...cors, 'cache-control': `public, max-age=${limits.metadataMaxAgeSeconds}`, etag }
  const length = String(new TextEncoder().encode(body).length) // of the answer to HEAD too
  const found: Reply = {
    status: 200,
    headers: { ...cacheHeaders, 'content-type': 'application/json', 'content-length': length },
    body,
  }
  const same: Reply = { status: 304, headers: cacheHeaders }
  return (request) => {
    if (request.method === 'OPTIONS') return preflight
    if (request.method !== 'GET' && request.method !== 'HEAD') return wrongMethod
    return matches(request.header('if-none-match'), etag) ? same : found
  }
}

const preflight: Reply = {
  status: 204,
  headers: {
    ...cors,
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'Accept, Authorization, Content-Type, MCP-Protocol-Version',
    'access-control-max-age': String(limits.preflightMaxAgeSeconds),
    allow: 'GET, HEAD, OPTIONS',
    'cache-control': 'no-store',
    vary: 'Access-Control-Request-Headers',
  },
}

const wrongMethod: Reply = {
  status: 405,
  headers: { ...cors, allow: 'GET, HEAD, OPTIONS', 'cache-control': 'no-store', 'content-type': 'application/json' },
  body: JSON.stringify({ error: 'invalid_request', error_description: 'Use GET for the resource metadata' }),
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}

/** A short fingerprint for the ETag (FNV-1a, twice 32 bits): it tells versions apart and protects nothing. */
function fingerprint(text: string): string {
  let a = 0x811c9dc5
  let b = 0x01000193
  for (let index = 0; index < text.length; index += 1) {
    a = Math.imul(a ^ text.charCodeAt(index), 0x01000193)
    b = Math.imul(b ^ text.charCodeAt(index), 0x85ebca6b) + a
  }
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0')
}

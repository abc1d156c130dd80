import { checkIssuer, checkResource } from './url.ts'

const prmPath = '/.well-known/oauth-protected-resource'
const oauthPath = '/.well-known/oauth-authorization-server'
const openidPath = '/.well-known/openid-configuration'

/**
 * Where a resource's metadata lies (RFC 9728 §3.1): the well-known path inserted between host and path, a query kept.
 * Throws a TypeError for what is no resource, and for a URN, which has no such place.
 */
export function protectedResourceMetadataUrl(resource: string): string {
  const checked = checkResource(resource)
  if (!checked.ok) throw new TypeError(`resource: ${checked.message}`)
  const parts = split(checked.resource)
  if (parts === undefined) throw new TypeError('resource: a URN has no metadata URL; use an https:// URL')
  return parts.origin + prmPath + (parts.path === '/' ? '' : parts.path) + parts.query
}

/** The resource that a protected-resource metadata URL is about, canonical; undefined where it is no such URL. */
export function resourceFromMetadataUrl(url: string): string | undefined {
  const parts = split(url)
  const path = parts && afterPrefix(parts.path, prmPath)
  if (parts === undefined || path === undefined) return undefined
  const checked = checkResource(parts.origin + path + parts.query)
  return checked.ok ? checked.resource : undefined
}

/**
 * Where an issuer's metadata may lie, in the order in which MCP clients look: RFC 8414 §3.1 (inserted), OpenID Connect
 * inserted, OpenID Connect Discovery §4 (appended). The last two are one where the issuer has no path.
 * Throws a TypeError for what is no issuer.
 */
export function issuerMetadataUrls(issuer: string): string[] {
  const checked = checkIssuer(issuer)
  if (!checked.ok) throw new TypeError(`issuer: ${checked.message}`)
  const { origin, path } = split(issuer) ?? { origin: issuer, path: '' }
  const tail = path.endsWith('/') ? path.slice(0, -1) : path
  return [...new Set([origin + oauthPath + tail, origin + openidPath + tail, origin + tail + openidPath])]
}

/**
 * The issuer whose metadata lies at a URL, by any of the three forms; undefined where it is none of them. An issuer's
 * trailing slash is not in that URL: the `issuer` in the document has the last word.
 */
export function issuerFromDiscoveryUrl(url: string): string | undefined {
  const parts = split(url)
  if (parts === undefined || parts.query !== '') return undefined
  const path =
    afterPrefix(parts.path, oauthPath) ?? afterPrefix(parts.path, openidPath) ?? before(parts.path, openidPath)
  if (path === undefined || path.endsWith('/')) return undefined
  const checked = checkIssuer(parts.origin + path)
  return checked.ok ? checked.issuer : undefined
}

/** What follows the well-known prefix of a path: nothing, or a path of its own. */
function afterPrefix(path: string, prefix: string): string | undefined {
  if (path === prefix) return ''
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined
}

function before(path: string, suffix: string): string | undefined {
  return path.endsWith(suffix) ? path.slice(0, -suffix.length) : undefined
}

interface Parts {
  readonly origin: string
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
}

// On the text, not through URL, so that what is compared as a string later stays as it was written.
function split(url: string): Parts | undefined {
  const match = /^(https?:\/\/[^/?#]+)([^?#]*)(\?[^#]*)?$/i.exec(url)
  if (match === null) return undefined
  const [, origin = '', path = '', query = ''] = match
  return { origin, path, query }
}

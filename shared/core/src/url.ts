import { limits } from './limits.ts'

export type UrlProblemCode =
  | 'not_a_url'
  | 'too_long'
  | 'scheme'
  | 'insecure'
  | 'credentials'
  | 'host'
  | 'path'
  | 'query'
  | 'fragment'
  | 'well_known'

/** Why a text is no issuer or no resource; the message names the mend and holds nothing of the text. */
export interface UrlProblem {
  readonly ok: false
  readonly code: UrlProblemCode
  readonly message: string
}

const loopbackV4 = /^127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/

/** Is a host name of a URL this machine: localhost, *.localhost, 127.0.0.0/8, ::1 (with or without brackets)? */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.toLowerCase()
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || host === '[::1]' || loopbackV4.test(host)
  )
}

/**
 * Checks an issuer identifier (RFC 8414 §2): https, or http on a loopback host; no query, fragment, credentials or
 * `.well-known`. It comes back exactly as written, for issuers are compared as strings.
 */
export function checkIssuer(text: string): { readonly ok: true; readonly issuer: string } | UrlProblem {
  const checked = checkHttpUrl(text)
  if (!checked.ok) return checked
  if (checked.query !== '') return problem('query', 'an issuer has no query; remove everything from the "?"')
  return { ok: true, issuer: text }
}

/**
 * Checks a resource identifier (RFC 8707 §2, RFC 9728 §1.2): a URL under the rules of `checkIssuer`, where a query is
 * allowed, or a URN (RFC 8141). It comes back in canonical form: scheme, host and URN namespace in lower case, no default
 * port, and no `/` after a bare host.
 */
export function checkResource(text: string): { readonly ok: true; readonly resource: string } | UrlProblem {
  if (/^urn:/i.test(text)) return checkUrn(text)
  const checked = checkHttpUrl(text)
  if (!checked.ok) return checked
  const path = checked.path === '/' && checked.query === '' ? '' : checked.path
  return { ok: true, resource: checked.origin + path + checked.query }
}

/** The canonical form of a resource, or undefined where `checkResource` refuses it. */
export function canonicalResource(text: string): string | undefined {
  const checked = checkResource(text)
  return checked.ok ? checked.resource : undefined
}

/** Do two texts name the same resource: equal canonical forms, one `/` at the end of the path aside? */
export function sameResource(a: string, b: string): boolean {
  const left = canonicalResource(a)
  const right = canonicalResource(b)
  return left !== undefined && right !== undefined && withoutTrailingSlash(left) === withoutTrailingSlash(right)
}

function withoutTrailingSlash(resource: string): string {
  if (resource.startsWith('urn:')) return resource
  const query = resource.indexOf('?')
  const path = query < 0 ? resource : resource.slice(0, query)
  return (path.endsWith('/') ? path.slice(0, -1) : path) + resource.slice(path.length)
}

interface HttpUrl {
  readonly ok: true
  /** Scheme and host in lower case, without a default port. */
  readonly origin: string
  readonly path: string
  /** With its `?`, or empty. */
  readonly query: string
}

const uriCharacters = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/
const hostAndPort = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d+)?$/
const httpParts = /^(https?):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/i

/** Takes an http(s) URL apart on its own text, and refuses whatever the URL parser would read as something else. */
function checkHttpUrl(text: string): HttpUrl | UrlProblem {
  if (text.length > limits.urlLength) return problem('too_long', `use at most ${limits.urlLength} characters`)
  if (!uriCharacters.test(text)) {
    return problem(
      'not_a_url',
      'write an absolute URL such as https://mcp.example/mcp, in ASCII, other characters percent-encoded',
    )
  }
  const match = httpParts.exec(text)
  if (match === null) return checkForeignScheme(text)
  const [, scheme = '', authority = '', path = '', query = '', fragment] = match
  if (fragment !== undefined) return problem('fragment', 'remove the "#" and everything after it')
  if (authority.includes('@')) return problem('credentials', 'remove the user name and password before the "@"')
  if (query === '?') return problem('query', 'remove the "?", for nothing follows it')
  return checkParts(scheme.toLowerCase(), authority.toLowerCase(), path, query)
}

/** What is written like `localhost:3000/mcp` would otherwise be taken for a URL of the scheme `localhost:`. */
const bareHost = /^[a-z0-9.-]+:\d{1,5}(?:[/?]|$)/i

function checkForeignScheme(text: string): UrlProblem {
  if (bareHost.test(text))
    return problem('not_a_url', 'write https:// before the host; before one of this machine, http://')
  return /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^https?:/i.test(text)
    ? problem('scheme', 'use an https:// URL')
    : problem('not_a_url', 'write an absolute URL such as https://mcp.example/mcp')
}

function checkParts(scheme: string, authority: string, path: string, query: string): HttpUrl | UrlProblem {
  const url = parseUrl(`${scheme}://${authority}${path}${query}`)
  if (url === undefined) return problem('not_a_url', 'write an absolute URL such as https://mcp.example/mcp')
  const defaultPort = scheme === 'https' ? ':443' : ':80'
  const isUsual = authority === url.host || authority === url.host + defaultPort
  if (!isUsual || !hostAndPort.test(authority)) {
    return problem('host', 'write the host and the port in their usual form, such as 127.0.0.1:8080 or [::1]')
  }
  if ((path === '' ? '/' : path) !== url.pathname) {
    return problem('path', 'write the path without "." and ".." segments')
  }
  if (query !== url.search) return problem('query', "write %27 for the ' in the query")
  if (scheme === 'http' && !isLoopbackHost(url.hostname)) {
    return problem('insecure', 'use https://; http:// is for localhost, *.localhost, 127.0.0.0/8 and [::1] only')
  }
  if (hasWellKnownSegment(path)) return problem('well_known', 'remove /.well-known; name what the metadata is about')
  return { ok: true, origin: url.origin, path: url.pathname, query }
}

function hasWellKnownSegment(path: string): boolean {
  return path.split('/').some((segment) => segment.replace(/%2e/gi, '.').toLowerCase() === '.well-known')
}

const urnParts = /^urn:([a-z0-9][a-z0-9-]{0,30}[a-z0-9]):((?:[a-z0-9\-._~!$&'()*+,;=:@/]|%[0-9a-f]{2})+)$/i

function checkUrn(text: string): { readonly ok: true; readonly resource: string } | UrlProblem {
  if (text.length > limits.urlLength) return problem('too_long', `use at most ${limits.urlLength} characters`)
  if (text.includes('#')) return problem('fragment', 'remove the "#" and everything after it')
  if (text.includes('?')) return problem('query', 'remove the "?" and everything after it')
  const match = urnParts.exec(text)
  if (match === null) return problem('not_a_url', 'write a URN such as urn:example:reports')
  const [, namespace = '', name = ''] = match
  return { ok: true, resource: `urn:${namespace.toLowerCase()}:${name}` }
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function problem(code: UrlProblemCode, message: string): UrlProblem {
  return { ok: false, code, message }
}

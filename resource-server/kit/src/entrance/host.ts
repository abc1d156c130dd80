import { isLoopbackHost } from '@postern/core'
import type { InboundRequest } from '../request.ts'

/** A name, and the port where it matters. */
export interface HostRule {
  readonly hostname: string
  readonly port: string | undefined
}

/** The hosts that requests may be for: these, or whatever leads to the machine itself. */
export type HostRules = readonly HostRule[] | 'loopback'

/** Reads what stands in a Host header: a host in lower case, and a port. Undefined where it is no such thing. */
export function parseHost(text: string): HostRule | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(text)
  const hostname = match?.[1]?.toLowerCase().replace(/\.$/, '')
  return hostname === undefined || hostname === '' ? undefined : { hostname, port: match?.[2] }
}

/**
 * The host that a request is for: of its Host header, and of its URL where that is whole. Where a client has sent both
 * they have to agree (RFC 9112 §3.2.2 lets the URL win, others look at the header). Undefined where none is named.
 */
export function hostOf(request: InboundRequest): HostRule | undefined {
  const header = request.header('host')
  if (header !== undefined && isUrlMade(request)) return parseHost(header)
  const url = request.url.startsWith('/') || !URL.canParse(request.url) ? undefined : new URL(request.url).host
  const named = [header, url].filter((text) => text !== undefined).map(parseHost)
  const [first, second = first] = named
  if (first === undefined || second === undefined) return undefined
  return first.hostname === second.hostname && first.port === second.port ? first : undefined
}

/**
 * The URL of a fetch `Request` is what the framework made of the request: Next puts the name in it that it listens on, such
 * as 0.0.0.0, and not the one that it was called by.
 */
function isUrlMade({ rawHeaders }: InboundRequest): boolean {
  return rawHeaders === undefined
}

/**
 * Prepares the question whether a request is for one of these hosts. The header that was last found to be good is
 * remembered, for all requests but those of attackers have the same few; a URL that is whole is looked at every time.
 */
export function createHostCheck(allowed: HostRules): (request: InboundRequest) => boolean {
  let good: string | undefined
  return (request) => {
    const header = request.url.startsWith('/') || isUrlMade(request) ? request.header('host') : undefined
    if (header !== undefined && header === good) return true
    if (!isHostAllowed(request, allowed)) return false
    if (header !== undefined) good = header
    return true
  }
}

/** Is the request for one of these hosts? Not where it names none. */
function isHostAllowed(request: InboundRequest, allowed: HostRules): boolean {
  const host = hostOf(request)
  if (host === undefined) return false
  if (allowed === 'loopback') return isLoopbackHost(host.hostname)
  return allowed.some(({ hostname, port }) => hostname === host.hostname && (port === undefined || port === host.port))
}

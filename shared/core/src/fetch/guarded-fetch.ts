import { dial } from '#dial'
import { limits } from '../limits.ts'
import { isLoopbackHost } from '../url.ts'
import { isAddress, isMetadataAddress, isPublicAddress } from './address.ts'
import { letGo, readBounded } from './body.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import type { Network } from './dial.ts'
import { FetchProblem } from './problem.ts'

export interface GuardedFetchOptions {
  /** Used instead of the connection of our own; what it connects to is then its own affair. */
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly network: Network
  /** For the whole exchange, the body included. Milliseconds, default 5000. */
  readonly timeoutMs?: number | undefined
  /** Longest body in bytes, after decompression. Default 1 MiB. */
  readonly maxBytes?: number | undefined
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  /** Plain http is for loopback hosts; here, others can be let through. */
  readonly allowHttp?: ((url: URL) => boolean) | undefined
  /** Ends the exchange early. */
  readonly signal?: AbortSignal | undefined
  /** Nobody waits for the answer: it keeps no process alive, unless a `fetch` of the caller's does. */
  readonly background?: boolean | undefined
}

export interface GuardedAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/**
 * Fetches a URL that somebody else may have chosen. No redirect is followed, no credentials are taken from the URL, plain
 * http goes to loopback hosts only, and time and size are bounded. With `network: 'public-only'` no address is contacted
 * that is not public; on Node that holds for every address that the name resolves to. Where machines of a cloud are told
 * their credentials (169.254.0.0/16 and the like) nothing is fetched on any network.
 *
 * Any status but a redirect is an answer. Throws `FetchProblem`.
 */
export async function guardedFetch(url: string | URL, options: GuardedFetchOptions): Promise<GuardedAnswer> {
  const target = checkTarget(url, options)
  const { timeoutMs = limits.fetchTimeoutMs, signal, background } = options
  const deadline = startDeadline(timeoutMs, signal, background)
  try {
    const response = await deadline.race(sendSafely(target, options, deadline))
    refuseRedirect(response, target)
    const text = await deadline.race(readBounded(response, options.maxBytes ?? limits.fetchBytes))
    return { status: response.status, headers: response.headers, text }
  } catch (error) {
    throw asProblem(error, target, deadline)
  } finally {
    deadline.end()
  }
}

function checkTarget(url: string | URL, { network, allowHttp }: GuardedFetchOptions): URL {
  if (!URL.canParse(url)) throw new FetchProblem('bad_url', 'what should be fetched is no absolute URL')
  const target = new URL(url)
  if (target.username !== '' || target.password !== '') {
    throw new FetchProblem('credentials', 'a URL to be fetched must not hold a user name or password')
  }
  if (target.protocol !== 'https:' && !mayUseHttp(target, allowHttp)) {
    throw new FetchProblem('scheme', `${nameOf(target)}: use https; http is for loopback hosts only`)
  }
  if (isMetadataAddress(withoutDot(target.hostname))) {
    throw new FetchProblem(
      'blocked',
      `${nameOf(target)}: nothing is fetched from link-local and cloud metadata addresses`,
    )
  }
  if (network === 'public-only' && isClearlyPrivate(target.hostname)) {
    throw new FetchProblem('blocked', `${nameOf(target)}: the address is not public`)
  }
  return target
}

function mayUseHttp(target: URL, allowHttp: GuardedFetchOptions['allowHttp']): boolean {
  return target.protocol === 'http:' && (isLoopbackHost(target.hostname) || allowHttp?.(target) === true)
}

function isClearlyPrivate(hostname: string): boolean {
  const host = withoutDot(hostname)
  return isLoopbackHost(host) || (isAddress(host) && !isPublicAddress(host))
}

function withoutDot(hostname: string): string {
  return hostname.endsWith('.') ? hostname.slice(0, -1) : hostname
}

const lostConnection = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/**
 * A connection that was kept may be closed by the other side at the moment that it is used again. What may be asked twice
 * is asked once more then (RFC 9110 §9.2.2).
 */
async function sendSafely(target: URL, options: GuardedFetchOptions, deadline: Deadline): Promise<Response> {
  try {
    return await send(target, options, deadline)
  } catch (error) {
    const isRepeatable = (options.method ?? 'GET') === 'GET' && !deadline.signal.aborted
    if (!isRepeatable || !lostConnection.has(codeOf(error) ?? '')) throw error
    return await send(target, options, deadline)
  }
}

async function send(target: URL, options: GuardedFetchOptions, { signal }: Deadline): Promise<Response> {
  const { fetch, network, background, body, method = 'GET' } = options
  const headers = new Headers(options.headers)
  if (fetch === undefined) return await dial(target, { method, headers, body, signal, network, background })
  return await fetch(target, { method, headers, signal, redirect: 'manual', ...(body === undefined ? {} : { body }) })
}

const redirects = new Set([300, 301, 302, 303, 305, 307, 308])

function refuseRedirect(response: Response, target: URL): void {
  const { status, type, redirected } = response
  // A caller's fetch may follow redirects whatever it is told; browsers hide them behind status 0.
  if (!redirected && type !== 'opaqueredirect' && !redirects.has(status)) return
  letGo(response.body)
  throw new FetchProblem('redirect', `${nameOf(target)}: answered with a redirect, which is not followed`, status)
}

function asProblem(error: unknown, target: URL, deadline: Deadline): FetchProblem {
  if (deadline.timedOut()) return new FetchProblem('timeout', `${nameOf(target)}: no whole answer in time`)
  if (error instanceof FetchProblem) {
    const named = error.message.startsWith(nameOf(target)) ? error.message : `${nameOf(target)}: ${error.message}`
    return new FetchProblem(error.code, named, error.status)
  }
  if (deadline.signal.aborted) return new FetchProblem('aborted', `${nameOf(target)}: given up`)
  return new FetchProblem('network', `${nameOf(target)}: no connection${systemCode(error)}`)
}

/** ` (ECONNREFUSED)` and the like. Nothing else of a foreign error: its text may hold anything. */
function systemCode(error: unknown): string {
  const code = codeOf(error)
  return code === undefined ? '' : ` (${code})`
}

function codeOf(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? cause.code : undefined
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,40}$/.test(code)) return code
  }
  return undefined
}

/** Origin and path: a query may hold a token. */
function nameOf(target: URL): string {
  return target.origin + target.pathname
}

import { isLoopbackHost, issuerFromDiscoveryUrl } from '@postern/core'
import { isJsonObject, type JsonObject } from './json-rpc.ts'
import { readBytes } from './read-bytes.ts'
import { printable } from './text.ts'
import { BackendError, type BackendLimits, type OutboundOauth } from './types.ts'

export interface FetchedToken {
  readonly token: string
  readonly lifetimeMs: number
}

/**
 * Asks for an access token of the gateway's own (RFC 6749 §4.4, RFC 8707), the client authenticating by HTTP Basic unless
 * the metadata says that it cannot.
 * @throws BackendError with a sentence that names the mend and no secret
 */
export async function fetchToken(oauth: OutboundOauth, fetch: typeof globalThis.fetch, limits: BackendLimits) {
  const { url, usesPost } = await endpointOf(oauth, fetch, limits)
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (oauth.scopes !== undefined && oauth.scopes.length > 0) form.set('scope', oauth.scopes.join(' '))
  if (oauth.resource !== undefined) form.set('resource', oauth.resource)
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
  if (usesPost) {
    form.set('client_id', oauth.clientId)
    form.set('client_secret', oauth.clientSecret)
  } else headers['authorization'] = `Basic ${basic(oauth)}`
  const answer = await ask(fetch, url, limits, { method: 'POST', headers, body: form.toString() })
  return readToken(answer, placeOf(url), limits)
}

/** RFC 6749 §2.3.1: both are form-encoded before they are joined. */
function basic({ clientId, clientSecret }: OutboundOauth): string {
  const [id, secret] = [clientId, clientSecret].map((one) => new URLSearchParams({ x: one }).toString().slice(2))
  return Buffer.from(`${id}:${secret}`).toString('base64')
}

async function endpointOf(
  { tokenUrl, discoveryUrl = '' }: OutboundOauth,
  fetch: typeof globalThis.fetch,
  limits: BackendLimits,
) {
  if (tokenUrl !== undefined) return { url: new URL(tokenUrl), usesPost: false }
  const url = new URL(discoveryUrl)
  const { status, body } = await ask(fetch, url, limits, {})
  const { issuer, token_endpoint: endpoint, token_endpoint_auth_methods_supported: methods } = body ?? {}
  const place = placeOf(url)
  if (status !== 200 || body === undefined)
    throw failed(`${place} answered HTTP ${status} without metadata: check oauth.discoveryUrl`)
  // RFC 8414 §3.3
  if (issuer !== issuerFromDiscoveryUrl(discoveryUrl))
    throw failed(`${place} names another issuer: check oauth.discoveryUrl`)
  if (typeof endpoint !== 'string' || !isEndpoint(endpoint)) {
    throw failed(`${place} names no token endpoint that can be called: give oauth.tokenUrl instead`)
  }
  const names: readonly unknown[] = Array.isArray(methods) ? methods : []
  const usesPost = !names.includes('client_secret_basic') && names.includes('client_secret_post')
  return { url: new URL(endpoint), usesPost }
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
}

interface Answer {
  readonly status: number
  /** Undefined when it is no JSON object. */
  readonly body: JsonObject | undefined
}

async function ask(
  fetch: typeof globalThis.fetch,
  url: URL,
  limits: BackendLimits,
  init: RequestInit,
): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(limits.outboundTokenMs)
    const headers = { accept: 'application/json', ...Object.fromEntries(new Headers(init.headers)) }
    const response = await fetch(url, { ...init, headers, redirect: 'manual', signal })
    const { bytes, isCut } = await readBytes(response, limits.outboundTokenBytes)
    return { status: response.status, body: isCut ? undefined : objectIn(bytes) }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const reason = cause instanceof Error ? printable(cause.message, limits.quotedLength) : 'the request failed'
    throw failed(`${placeOf(url)}, where the gateway's own token comes from, could not be reached: ${reason}`)
  }
}

function objectIn(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function readToken({ status, body = {} }: Answer, place: string, limits: BackendLimits): FetchedToken {
  const { access_token: token, token_type: type, expires_in: seconds, error } = body
  if (status !== 200) {
    const code = typeof error === 'string' && /^[a-z_]{1,64}$/.test(error) ? ` ${error}` : ''
    const mend =
      status >= 300 && status < 400
        ? 'give the URL that it leads to'
        : 'check oauth.clientId, clientSecret, scopes and resource'
    throw failed(`${place} gave the gateway no token (HTTP ${status}${code}): ${mend}`)
  }
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || String(type).toLowerCase() !== 'bearer') {
    throw failed(`${place} answered without a bearer token: check that it is a token endpoint`)
  }
  const lifetime = typeof seconds === 'number' || typeof seconds === 'string' ? Number(seconds) * 1000 : Number.NaN
  return {
    token,
    lifetimeMs: lifetime > 0 ? Math.min(lifetime, limits.outboundTokenLongestMs) : limits.outboundTokenUnknownMs,
  }
}

/** A URL fit to be shown. */
function placeOf({ origin, pathname }: URL): string {
  return `\`${origin}${pathname}\``
}

function failed(message: string): BackendError {
  return new BackendError('failed', message)
}

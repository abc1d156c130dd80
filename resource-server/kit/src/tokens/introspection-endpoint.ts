import { type Clock, createSingleFlight, FetchProblem, fetchJson, type JsonObject } from '@postern/core'
import { createBackoff } from '../keys/backoff.ts'
import { discoverUri, type FetchSettings } from '../keys/discovery.ts'
import { limits } from '../limits.ts'
import { isRecord } from '../options/fields.ts'
import type { IntrospectionRules } from '../options/introspection.ts'
import type { Settings } from '../options/settings.ts'
import { Refusal } from '../refusal.ts'
import { authenticate } from './client-authentication.ts'

/** Where an issuer answers about tokens. */
export interface IntrospectionEndpoint {
  /** What the issuer says, as it says it. Rejects with `Refusal` where no answer can be had. RFC 7662 §2. */
  ask(token: string): Promise<JsonObject>
  /** Why the last question got no answer, for an operator; undefined where it got one. */
  problem(): string | undefined
  close(): void
}

export type EndpointSettings = Pick<Settings, 'network' | 'fetch' | 'clock'>

/**
 * Makes the client of one issuer's endpoint. The token travels in the body of a POST, never in a URL. Whatever is not
 * a whole JSON object with status 200 is no answer: our own credentials refused, an error, a page, a redirect, silence.
 */
export function createIntrospectionEndpoint(
  issuer: string,
  rules: IntrospectionRules,
  { network, fetch, clock }: EndpointSettings,
): IntrospectionEndpoint {
  const closing = new AbortController()
  const fetching: FetchSettings = { network, fetch, timeoutMs: rules.timeoutMs, signal: closing.signal }
  const locate = createLocator(issuer, rules, fetching, clock)
  let problem: string | undefined
  let underWay = 0

  const post = async (token: string): Promise<unknown> => {
    const { headers, parameters } = await authenticate(rules.authentication, issuer, clock.now())
    const asked: Record<string, string> =
      rules.dialect === 'google' ? { access_token: token } : { token, token_type_hint: 'access_token' }
    const { value } = await fetchJson(await locate(), {
      ...fetching,
      maxBytes: limits.introspectionBytes,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ ...asked, ...parameters }).toString(),
    })
    return value
  }

  const answer = async (token: string): Promise<JsonObject> => {
    try {
      const value = await post(token)
      if (!isRecord(value)) throw new FetchProblem('not_json', 'the introspection answer is not a JSON object')
      return rules.dialect === 'google' ? fromTokenInfo(value) : value
    } catch (error) {
      if (rules.dialect === 'google' && isGoogleRefusal(error)) return { active: false }
      throw error
    }
  }

  return {
    async ask(token) {
      if (closing.signal.aborted || underWay >= limits.introspectionsAtOnce) throw unavailable()
      underWay += 1
      try {
        const claims = await answer(token)
        problem = undefined
        return claims
      } catch (error) {
        problem = error instanceof FetchProblem ? error.message : 'the introspection endpoint cannot be asked'
        throw error instanceof Refusal ? error : unavailable()
      } finally {
        underWay -= 1
      }
    },
    problem: () => problem,
    close: () => closing.abort(),
  }
}

function unavailable(wait = 0): Refusal {
  return new Refusal('introspection_unavailable', wait > 0 ? { retryAfter: wait / 1000 } : {})
}

/** The endpoint's URL: the given one, or that of the metadata, which is believed for a while and asked for by one at a time. */
function createLocator(
  issuer: string,
  { endpoint, metadataUrls }: IntrospectionRules,
  fetching: FetchSettings,
  clock: Clock,
): () => Promise<string> {
  if (endpoint !== undefined) return async () => endpoint
  const flights = createSingleFlight<string>({ patienceMs: limits.flightPatienceMs })
  const backoff = createBackoff(clock)
  let found: { readonly url: string; readonly at: number } | undefined
  const discover = async () => {
    if (backoff.wait() > 0) throw unavailable(backoff.wait())
    try {
      const url = await discoverUri('introspection_endpoint', issuer, metadataUrls, fetching)
      found = { url, at: clock.now() }
      backoff.succeeded()
      return url
    } catch (error) {
      backoff.failed()
      throw error
    }
  }
  const isOld = (at: number) => Math.abs(clock.now() - at) >= limits.discoveryMaxAgeSeconds * 1000
  return async () => (found === undefined || isOld(found.at) ? flights('', discover) : found.url)
}

/** Google answers 400 for a token that it does not know, and says nothing of `active` for one that it does. */
function isGoogleRefusal(error: unknown): boolean {
  return error instanceof FetchProblem && error.code === 'status' && error.status === 400
}

/** Google's tokeninfo in the terms of RFC 7662; its numbers are texts. */
function fromTokenInfo(info: JsonObject): JsonObject {
  const { exp, error, error_description: _, ...rest } = info
  if (error !== undefined) return { active: false }
  return { ...rest, active: true, ...(exp === undefined ? {} : { exp: typeof exp === 'string' ? Number(exp) : exp }) }
}

import { createHash } from 'node:crypto'
import { type Clock, createCache, createSingleFlight } from '@postern/core'
import { fetchToken } from './token-request.ts'
import { BackendError, type BackendLimits, type OutboundOauth } from './types.ts'

/** The gateway's own access tokens for backends, by the client that they are for. */
export interface OutboundTokens {
  /**
   * A token that is good for a while yet; however many ask at once, one is fetched.
   * @throws BackendError with a sentence that names the mend
   */
  get(oauth: OutboundOauth): Promise<string>
  /** The token that is kept now. */
  peek(oauth: OutboundOauth): string | undefined
  /** The backend refused the token: it is not given out again. */
  refused(oauth: OutboundOauth, token: string): void
}

export interface OutboundTokensOptions {
  readonly fetch: typeof fetch
  readonly clock: Clock
  readonly limits: BackendLimits
}

/** Keeps tokens until shortly before they expire. */
export function createOutboundTokens({ fetch, clock, limits }: OutboundTokensOptions): OutboundTokens {
  const kept = createCache<string>({ max: limits.outboundTokens, clock })
  const failures = createCache<BackendError>({ max: limits.outboundTokens, clock })
  const once = createSingleFlight<string>()

  const load = async (oauth: OutboundOauth, key: string): Promise<string> => {
    const failure = failures.get(key)
    if (failure !== undefined) throw failure
    try {
      const { token, lifetimeMs } = await fetchToken(oauth, fetch, limits)
      const early = Math.min(limits.outboundTokenEarlyMs, lifetimeMs / 10)
      kept.set(key, token, clock.now() + lifetimeMs - early)
      return token
    } catch (error) {
      if (error instanceof BackendError) failures.set(key, error, clock.now() + limits.outboundTokenRetryMs)
      throw error
    }
  }

  return {
    async get(oauth) {
      const key = keyOf(oauth)
      return kept.get(key) ?? (await once(key, () => load(oauth, key)))
    },
    peek: (oauth) => kept.get(keyOf(oauth)),
    refused(oauth, token) {
      const key = keyOf(oauth)
      // A newer one may be there already.
      if (kept.get(key) === token) kept.delete(key)
    },
  }
}

/**
 * A fetch that brings the gateway's token along. A token that is refused with 401 is replaced, and the request sent once
 * more: a refused one has had no effect.
 */
export function withToken(base: typeof fetch, oauth: OutboundOauth, tokens: OutboundTokens): typeof fetch {
  return async (input, init) => {
    const send = (token: string): Promise<Response> => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${token}`)
      return base(input, { ...init, headers })
    }
    const take = async () => tokens.peek(oauth) ?? (await unlessAborted(tokens.get(oauth), init?.signal))
    const token = await take()
    const response = await send(token)
    if (response.status !== 401) return response
    tokens.refused(oauth, token)
    await response.body?.cancel()
    return await send(await take())
  }
}

/** Others may wait for the same token: one who goes does not end the fetch. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (signal == null) return await work
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Secrets of clients are no keys of maps. */
function keyOf({ tokenUrl, discoveryUrl, clientId, clientSecret, scopes, resource }: OutboundOauth): string {
  const parts = [tokenUrl ?? null, discoveryUrl ?? null, clientId, clientSecret, scopes ?? null, resource ?? null]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

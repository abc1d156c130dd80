import { type Clock, FetchProblem, guardedFetch, type Network, parseJson, systemClock } from '@postern/core'
import type { AuthInfo } from '../auth-info.ts'
import { fetchUrlProblem } from '../keys/fetch-url.ts'
import { limits } from '../limits.ts'
import { ConfigError } from '../options/config-error.ts'
import { isRecord, readRecord, readText } from '../options/fields.ts'
import type { ClientAuthentication } from '../options/introspection.ts'
import { readClientAuthentication } from '../options/read-introspection.ts'
import { authenticate } from '../tokens/client-authentication.ts'

export interface TokenExchangeOptions {
  /** Of the authorization server that the caller's token is from. */
  readonly tokenEndpoint: string
  /** The authorization server's name: what a client assertion is made out to. Default: the issuer of the caller's token. */
  readonly issuer?: string
  /** Who asks: a client that the authorization server knows. */
  readonly clientId: string
  /** Authenticates the client by `client_secret_basic`. */
  readonly clientSecret?: string
  /** A private JWK; authenticates the client by `private_key_jwt` (RFC 7523) instead. */
  readonly privateKey?: object
  /** The service that the new token is for: its URL (RFC 8707). */
  readonly resource?: string
  /** The same by a name that the authorization server knows. */
  readonly audience?: string
  readonly scopes?: readonly string[]
  readonly network?: Network
  readonly fetch?: typeof globalThis.fetch
  readonly clock?: Clock
}

export interface ExchangedToken {
  readonly accessToken: string
  /** How it is to be presented, `Bearer` or `DPoP`. */
  readonly tokenType: string
  /** Seconds since the epoch; absent where the answer does not say. */
  readonly expiresAt?: number
  readonly scopes?: readonly string[]
}

/** What went wrong, by the code of RFC 6749 §5.2 where the authorization server sent one. No text of it holds a token. */
export class TokenExchangeError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'TokenExchangeError'
    this.code = code
  }
}

const known = [
  'tokenEndpoint',
  'issuer',
  'clientId',
  'clientSecret',
  'privateKey',
  'resource',
  'audience',
  'scopes',
  'network',
  'fetch',
  'clock',
]

/**
 * Gets a token for another service, on behalf of the caller (RFC 8693). The caller's token goes to the token endpoint
 * alone, in the body of a POST, and nothing is logged. Throws `ConfigError` for options that cannot be used, and
 * `TokenExchangeError`.
 */
export async function exchangeToken(
  { token, issuer }: Pick<AuthInfo, 'token' | 'issuer'>,
  options: TokenExchangeOptions,
): Promise<ExchangedToken> {
  readRecord(options, '', known)
  const { network = 'any', fetch, clock = systemClock } = options
  const client: ClientAuthentication = readClientAuthentication({ ...options }, 'options')
  const { headers, parameters } = await authenticate(client, options.issuer ?? issuer, clock.now())
  const asked = { ...formOf(token, options), ...parameters }
  try {
    const { status, text } = await guardedFetch(readEndpoint(options.tokenEndpoint), {
      network,
      fetch,
      timeoutMs: limits.introspectionTimeoutSeconds * 1000,
      maxBytes: limits.introspectionBytes,
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(asked).toString(),
    })
    return readAnswer(status, parseAnswer(text), clock)
  } catch (error) {
    if (!(error instanceof FetchProblem)) throw error
    throw new TokenExchangeError('temporarily_unavailable', error.message)
  }
}

function readEndpoint(value: unknown): string {
  const url = readText(value, 'tokenEndpoint')
  const mend = fetchUrlProblem(url)
  if (mend !== undefined) throw new ConfigError('tokenEndpoint', mend)
  return url
}

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'

function formOf(token: string, { resource, audience, scopes }: TokenExchangeOptions): Record<string, string> {
  if (resource === undefined && audience === undefined) {
    throw new ConfigError('resource', 'name the service that the new token is for, here or as audience')
  }
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: accessToken,
    requested_token_type: accessToken,
    ...(resource === undefined ? {} : { resource }),
    ...(audience === undefined ? {} : { audience }),
    ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
  }
}

function parseAnswer(text: string): Record<string, unknown> {
  try {
    const value = parseJson(text)
    if (isRecord(value)) return value
  } catch {
    // Whatever it is, it is no answer.
  }
  throw new TokenExchangeError('server_error', 'the token endpoint did not answer with a JSON object')
}

function readAnswer(status: number, answer: Record<string, unknown>, clock: Clock): ExchangedToken {
  if (status !== 200) {
    const { error } = answer
    const code = typeof error === 'string' && /^[a-z_]{1,64}$/.test(error) ? error : 'server_error'
    throw new TokenExchangeError(code, `the token endpoint answered with status ${status}, ${code}`)
  }
  const { access_token: token, token_type: type, expires_in: lifetime, scope } = answer
  if (typeof token !== 'string' || token === '' || typeof type !== 'string') {
    throw new TokenExchangeError('server_error', 'the token endpoint answered without a token')
  }
  const isLifetime = typeof lifetime === 'number' && Number.isFinite(lifetime) && lifetime >= 0
  return {
    accessToken: token,
    tokenType: type,
    ...(isLifetime ? { expiresAt: Math.floor(clock.now() / 1000) + lifetime } : {}),
    ...(typeof scope === 'string' ? { scopes: scope.split(' ').filter((one) => one !== '') } : {}),
  }
}

/** The cause of an error as `toJson(true)` shows it: names and codes, never claims, tokens or what was received. */
function showCause(cause: unknown): unknown {
  if (cause instanceof Error) return { name: cause.name, ...codeOf(cause) }
  if (Array.isArray(cause)) return cause.map(showCause)
  if (typeof cause !== 'object' || cause === null) return cause
  const shown = Object.entries(cause).filter(([name]) => !hidden.has(name))
  return Object.fromEntries(shown.map(([name, value]) => [name, showCause(value)]))
}

const hidden = new Set(['actual', 'claims', 'payload', 'metadata', 'token'])

function codeOf(error: Error): { code?: string } {
  return 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
}

/** What all errors of this layer have in common: a code to match on, and a text for people. */
export class MCPAuthError extends Error {
  override name = 'MCPAuthError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }

  /** The error for an answer. `showCause` adds what is known of the cause and may be told. */
  toJson(withCause = false): Record<string, unknown> {
    const cause = withCause ? showCause(this.cause) : undefined
    return { error: this.code, errorDescription: this.message, ...(cause === undefined ? {} : { cause }) }
  }
}

/** A configuration cannot be used, or could not be fetched (`fetch_server_config_error`). */
export class MCPAuthConfigError extends MCPAuthError {
  override name = 'MCPAuthConfigError'
}

export type AuthServerErrorCode = 'invalid_server_metadata' | 'invalid_server_config' | 'missing_jwks_uri'

export const authServerErrorDescription: Readonly<Record<AuthServerErrorCode, string>> = Object.freeze({
  invalid_server_metadata: "The authorization server's metadata is malformed, or is another server's.",
  invalid_server_config: 'The configuration of the authorization server or of the protected resource cannot be used.',
  missing_jwks_uri: "The authorization server's metadata names no jwks_uri, so its JWTs cannot be verified.",
})

/** An authorization server, or what is configured of it, cannot be used. */
export class MCPAuthAuthServerError extends MCPAuthError {
  override name = 'MCPAuthAuthServerError'
  override readonly code: AuthServerErrorCode
  override readonly cause?: unknown

  constructor(code: AuthServerErrorCode, cause?: unknown) {
    super(code, authServerErrorDescription[code] + whyOf(cause))
    this.code = code
    this.cause = cause
  }
}

/** What the cause says about itself, so that who only sees the message can mend the configuration. */
function whyOf(cause: unknown): string {
  const why = typeof cause === 'object' && cause !== null && 'cause' in cause ? cause.cause : undefined
  return typeof why === 'string' ? ` ${why}` : ''
}

export type BearerAuthErrorCode =
  | 'missing_auth_header'
  | 'invalid_auth_header_format'
  | 'missing_bearer_token'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'missing_required_scopes'
  | 'invalid_token'

export const bearerAuthErrorDescription: Readonly<Record<BearerAuthErrorCode, string>> = Object.freeze({
  missing_auth_header: 'The request has no Authorization header; send the access token as a bearer token.',
  invalid_auth_header_format: 'The Authorization header must be the word Bearer, a space and one access token.',
  missing_bearer_token: 'The Authorization header names the scheme Bearer and has no access token after it.',
  invalid_issuer: 'The access token is of an issuer that is not accepted here.',
  invalid_audience: 'The access token is not meant for this resource.',
  missing_required_scopes: 'The access token lacks a scope that this request needs.',
  invalid_token: 'The access token is malformed, expired, revoked or not acceptable.',
})

export interface MCPAuthBearerAuthErrorDetails {
  cause?: unknown
  uri?: URL
  missingScopes?: string[]
  expected?: unknown
  actual?: unknown
}

/** A request is not let in. Thrown by a verifier of one's own it decides the answer. */
export class MCPAuthBearerAuthError extends MCPAuthError {
  override name = 'MCPAuthBearerAuthError'
  override readonly code: BearerAuthErrorCode
  override readonly cause?: MCPAuthBearerAuthErrorDetails | undefined

  constructor(code: BearerAuthErrorCode, cause?: MCPAuthBearerAuthErrorDetails) {
    super(code, bearerAuthErrorDescription[code])
    this.code = code
    this.cause = cause
  }

  override toJson(withCause = false): Record<string, unknown> {
    const { uri, missingScopes } = this.cause ?? {}
    return {
      ...super.toJson(withCause),
      ...(uri === undefined ? {} : { errorUri: uri.href }),
      ...(missingScopes === undefined ? {} : { missingScopes }),
    }
  }
}

/** `jwt_verification_failed` is the documentation's name for what the code of mcp-auth 0.2.0 calls the second one. */
export type MCPAuthTokenVerificationErrorCode =
  | 'invalid_token'
  | 'token_verification_failed'
  | 'jwt_verification_failed'

export const tokenVerificationErrorDescription: Readonly<Record<MCPAuthTokenVerificationErrorCode, string>> =
  Object.freeze({
    invalid_token: 'The access token is invalid.',
    token_verification_failed: 'The access token could not be verified.',
    jwt_verification_failed: 'The access token could not be verified.',
  })

/** A token did not verify. */
export class MCPAuthTokenVerificationError extends MCPAuthError {
  override name = 'MCPAuthTokenVerificationError'
  override readonly code: MCPAuthTokenVerificationErrorCode
  override readonly cause?: unknown

  constructor(code: MCPAuthTokenVerificationErrorCode, cause?: unknown) {
    super(code, tokenVerificationErrorDescription[code])
    this.code = code
    this.cause = cause
  }
}

/** What the documentation of MCP Auth lets a verifier of one's own throw; mcp-auth 0.2.0 has no such export. */
export class MCPAuthJwtVerificationError extends MCPAuthTokenVerificationError {
  override name = 'MCPAuthJwtVerificationError'

  constructor(code: MCPAuthTokenVerificationErrorCode = 'jwt_verification_failed', cause?: unknown) {
    super(code, cause)
  }
}

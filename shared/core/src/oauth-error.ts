/** OAuth error codes and the HTTP status that each has by default. */
const statuses = {
  // RFC 6749 §5.2 and §4.1.2.1
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
  // RFC 6750 §3.1
  invalid_token: 401,
  insufficient_scope: 403,
  // RFC 7009 §2.2.1
  unsupported_token_type: 400,
  // RFC 7591 §3.2.2
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  // RFC 8628 §3.5
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  // RFC 8707 §2
  invalid_target: 400,
  // RFC 9449 §5, §8
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
} as const

export type OAuthErrorCode = keyof typeof statuses

/** A refusal in OAuth's terms. `description` goes to the caller, so it is a fixed text that names the mend. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode
  readonly description: string
  /** HTTP status. */
  readonly status: number

  constructor(code: OAuthErrorCode, description: string, status: number = statuses[code]) {
    super(`${code}: ${description}`)
    this.name = 'OAuthError'
    this.code = code
    this.description = description
    this.status = status
  }
}

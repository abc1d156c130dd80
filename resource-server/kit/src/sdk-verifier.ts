import type { Clock } from '@postern/core'
import type { Admission } from './admission.ts'
import type { AuthInfo } from './auth-info.ts'
import { limits } from './limits.ts'
import { Refusal, type RefusalKind, toRefusal } from './refusal.ts'
import { loadSdkErrors, type SdkErrorClasses, toSdkError } from './sdk-errors.ts'

/** `OAuthTokenVerifier` of both MCP SDK generations. */
export interface TokenVerifier {
  /** Resolves to the caller, or rejects with the error that the SDKs' `requireBearerAuth` answer with 401 or 403. */
  verifyAccessToken(token: string): Promise<AuthInfo & { readonly expiresAt: number }>
  /**
   * The same verifier with the error classes of @modelcontextprotocol/sdk v1 given rather than looked up, for bundles and
   * programs with several copies of it: `verifier.withErrors(await import('@modelcontextprotocol/sdk/server/auth/errors.js'))`.
   */
  withErrors(errors: SdkErrorClasses): TokenVerifier
}

/**
 * Makes the verifier. The scopes that the resource server requires are checked here too. What the gates of the SDKs
 * cannot answer is answered as closely as they can: keys that cannot be had with 500 (they know no 503), a caller that
 * policy keeps out with 400 `access_denied` and no challenge (they know no 403 without one).
 */
export function createSdkVerifier(admit: Admission, clock: Clock, errors?: SdkErrorClasses): TokenVerifier {
  return {
    async verifyAccessToken(token) {
      try {
        const { auth } = await admit(() => ({ scheme: 'Bearer', token: checkLength(token) }))
        return withExpiry(auth, clock)
      } catch (error) {
        throw toSdkError(errorCodes[toRefusal(error).kind], errors ?? (await loadSdkErrors()))
      }
    },
    withErrors: (classes) => createSdkVerifier(admit, clock, classes),
  }
}

function checkLength(token: string): string {
  if (typeof token !== 'string' || token === '') throw new Refusal('malformed_token')
  if (token.length > limits.tokenLength) throw new Refusal('token_too_large')
  return token
}

/** The SDKs' gates refuse who has no end, so an API key without one gets a near one, which nobody else sees. */
function withExpiry(auth: AuthInfo, clock: Clock): AuthInfo & { readonly expiresAt: number } {
  const expiresAt = auth.expiresAt ?? Math.floor(clock.now() / 1000) + limits.verifierExpirySeconds
  return Object.freeze({ ...auth, expiresAt })
}

const errorCodes = {
  unauthenticated: 'invalid_token',
  invalid_request: 'invalid_token',
  invalid_token: 'invalid_token',
  invalid_dpop_proof: 'invalid_token',
  use_dpop_nonce: 'invalid_token',
  insufficient_scope: 'insufficient_scope',
  access_denied: 'access_denied',
  not_welcome: 'access_denied',
  misdirected: 'server_error',
  too_many_requests: 'server_error',
  body_too_long: 'server_error',
  body_unreadable: 'server_error',
  temporarily_unavailable: 'server_error',
  server_error: 'server_error',
} as const satisfies Record<RefusalKind, string>

import type { Reason } from '@postern/core'
import { errors } from 'oidc-provider'
import { Refusal } from './refusal.ts'

/** Machine reasons of the library's errors, by their OAuth code. */
const reasonsByCode: Readonly<Record<string, Reason>> = {
  invalid_request: 'invalid_request',
  invalid_scope: 'invalid_scope',
  invalid_target: 'invalid_target',
  invalid_grant: 'invalid_grant',
  unsupported_grant_type: 'unsupported_grant',
  unauthorized_client: 'unsupported_grant',
  access_denied: 'access_denied',
  login_required: 'access_denied',
  consent_required: 'access_denied',
  interaction_required: 'access_denied',
  expired_token: 'invalid_grant',
  temporarily_unavailable: 'throttled',
  server_error: 'internal',
}

/** The library tells no two failed authentications apart but by this text, which it shows to nobody. */
const reasonsByDetail: Readonly<Record<string, Reason>> = {
  'client not found': 'unknown_client',
  'invalid secret provided': 'wrong_secret',
  'the provided authentication mechanism does not match the registered client authentication method':
    'wrong_auth_method',
  client_document_invalid: 'client_document_invalid',
  client_document_unavailable: 'client_document_unavailable',
}

/** One of our refusals as the library throws them; anything else as it is. The machine reason goes along. */
export function asLibraryError(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error
  return new errors.CustomOIDCProviderError(error.code, error.description, { detail: error.reason })
}

/** Why oidc-provider refused. */
export function reasonOf(error: errors.OIDCProviderError): Reason {
  if (error.error === 'invalid_client') {
    if (isUnfetchable(error.cause)) return 'keys_unavailable'
    return reasonsByDetail[error.error_detail ?? ''] ?? 'assertion_invalid'
  }
  if (error.error_description === 'requested grant type is not allowed for this client') return 'unsupported_grant'
  return reasonsByCode[error.error] ?? 'invalid_request'
}

function isUnfetchable(cause: unknown): boolean {
  return cause instanceof Error && 'error' in cause && cause.error === 'invalid_client_metadata'
}

import type { Reason } from '@postern/core'
import type { Requirement } from './requirement.ts'

/** The kinds of answer that a refused request gets. */
export type RefusalKind =
  | 'unauthenticated'
  | 'invalid_request'
  | 'invalid_token'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_scope'
  | 'body_too_long'
  | 'body_unreadable'
  | 'access_denied'
  | 'not_welcome'
  | 'misdirected'
  | 'too_many_requests'
  | 'temporarily_unavailable'
  | 'server_error'

/** Reasons that are answered with something else than `401 invalid_token`. */
const kinds: Partial<Record<Reason, RefusalKind>> = {
  no_credential: 'unauthenticated',
  malformed_header: 'invalid_request',
  several_credentials: 'invalid_request',
  token_too_large: 'invalid_request',
  dpop_proof_missing: 'invalid_dpop_proof',
  dpop_proof_malformed: 'invalid_dpop_proof',
  dpop_proof_algorithm: 'invalid_dpop_proof',
  dpop_proof_key: 'invalid_dpop_proof',
  dpop_proof_signature: 'invalid_dpop_proof',
  dpop_proof_mismatch: 'invalid_dpop_proof',
  dpop_proof_expired: 'invalid_dpop_proof',
  dpop_proof_replayed: 'invalid_dpop_proof',
  dpop_nonce_required: 'use_dpop_nonce',
  client_not_allowed: 'access_denied',
  claim_rule: 'access_denied',
  tool_not_allowed: 'access_denied',
  origin_not_allowed: 'not_welcome',
  throttled: 'too_many_requests',
  insufficient_scope: 'insufficient_scope',
  body_too_large: 'body_too_long',
  body_unreadable: 'body_unreadable',
  keys_unavailable: 'temporarily_unavailable',
  introspection_unavailable: 'temporarily_unavailable',
  revocation_unavailable: 'temporarily_unavailable',
  replay_store_unavailable: 'temporarily_unavailable',
  timeout: 'temporarily_unavailable',
  custom_failed: 'server_error',
  internal: 'server_error',
}

export const statuses: Readonly<Record<RefusalKind, number>> = {
  unauthenticated: 401,
  invalid_request: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_scope: 403,
  body_too_long: 413,
  body_unreadable: 415,
  access_denied: 403,
  not_welcome: 403,
  misdirected: 421,
  too_many_requests: 429,
  temporarily_unavailable: 503,
  server_error: 500,
}

/** Who was refused, as far as a verified signature says so. */
export interface RefusedCaller {
  readonly clientId?: string
  readonly subjectHash?: string
}

/** What some refusals know besides their reason. */
export interface RefusalDetails {
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number
  /** The kind, where the reason alone does not tell. */
  readonly kind?: RefusalKind
  /** A fresh DPoP nonce, for who must use one. */
  readonly nonce?: string
  /** What was needed, where that is more than the route needs. */
  readonly requirement?: Requirement
  /** What of it the caller lacks. */
  readonly missingScopes?: readonly string[]
}

/** Thrown by whatever finds that a request must not pass. The reason is for events; the caller sees fixed texts only. */
export class Refusal extends Error {
  readonly reason: Reason
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined
  readonly nonce: string | undefined
  readonly requirement: Requirement | undefined
  readonly missingScopes: readonly string[]
  readonly kind: RefusalKind
  caller: RefusedCaller | undefined

  constructor(reason: Reason, details: RefusalDetails = {}) {
    super(reason)
    this.name = 'Refusal'
    this.reason = reason
    this.retryAfter = details.retryAfter
    this.nonce = details.nonce
    this.requirement = details.requirement
    this.missingScopes = details.missingScopes ?? []
    this.kind = details.kind ?? kinds[reason] ?? 'invalid_token'
    this.caller = undefined
  }
}

/** The refusal behind an error; what nobody foresaw is an internal one, of which the caller learns nothing. */
export function toRefusal(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal('internal')
}

/** Runs a check; what it refuses is known to be this caller's. */
export function onBehalfOf<T>(caller: RefusedCaller, check: () => T): T {
  try {
    return check()
  } catch (error) {
    const refusal = toRefusal(error)
    refusal.caller = caller
    throw refusal
  }
}

import type { Reason } from '@postern/core'

/** The kinds of answer that a refused request gets. */
export type RefusalKind =
  | 'unauthenticated'
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'access_denied'
  | 'temporarily_unavailable'
  | 'server_error'

/** Reasons that are answered with something else than `401 invalid_token`. */
const kinds: Partial<Record<Reason, RefusalKind>> = {
  no_credential: 'unauthenticated',
  malformed_header: 'invalid_request',
  several_credentials: 'invalid_request',
  token_too_large: 'invalid_request',
  client_not_allowed: 'access_denied',
  claim_rule: 'access_denied',
  tool_not_allowed: 'access_denied',
  insufficient_scope: 'insufficient_scope',
  keys_unavailable: 'temporarily_unavailable',
  introspection_unavailable: 'temporarily_unavailable',
  timeout: 'temporarily_unavailable',
  custom_failed: 'server_error',
  internal: 'server_error',
}

export const statuses: Readonly<Record<RefusalKind, number>> = {
  unauthenticated: 401,
  invalid_request: 400,
  invalid_token: 401,
  insufficient_scope: 403,
  access_denied: 403,
  temporarily_unavailable: 503,
  server_error: 500,
}

/** Who was refused, as far as a verified signature says so. */
export interface RefusedCaller {
  readonly clientId?: string
  readonly subjectHash?: string
}

/** Thrown by whatever finds that a request must not pass. The reason is for events; the caller sees fixed texts only. */
export class Refusal extends Error {
  readonly reason: Reason
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined
  caller: RefusedCaller | undefined

  constructor(reason: Reason, more: { readonly retryAfter?: number } = {}) {
    super(reason)
    this.name = 'Refusal'
    this.reason = reason
    this.retryAfter = more.retryAfter
    this.caller = undefined
  }

  get kind(): RefusalKind {
    return kinds[this.reason] ?? 'invalid_token'
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

import { buildChallenge, isChallengeText } from '@postern/core'
import type { DpopRules } from './dpop/verify-proof.ts'
import { limits } from './limits.ts'
import { type Refusal, type RefusalKind, statuses } from './refusal.ts'
import type { InboundRequest } from './request.ts'
import type { Requirement } from './requirement.ts'

/** An answer in the kit's terms; adapters turn it into their framework's. */
export interface Reply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Absent: an answer without a body. */
  readonly body?: string
}

/** What the challenges of one resource have in common. */
export interface ChallengeSettings {
  /** Absent where there is no authorization server to discover: a client must then not start OAuth. */
  readonly metadataUrl: string | undefined
  /** Name the resource to people in that case: the name where a header can hold it, else the URL. */
  readonly resourceName: string
  readonly resource: string
  /** A scope as clients have to ask for it. Default: as it is. */
  readonly advertise?: (scope: string) => string
  /** Absent: DPoP is off. */
  readonly dpop?: Pick<DpopRules, 'required' | 'algorithms'> | undefined
}

/** One text per kind, whatever the reason: what is wrong with a token is for its issuer's log, not for its bearer. */
const descriptions: Partial<Record<RefusalKind, string>> = {
  invalid_request: 'Send one access token, once, as Authorization: Bearer <token>',
  invalid_token: 'The access token is malformed, expired, revoked or not meant for this resource',
  invalid_dpop_proof: 'The DPoP proof is missing, malformed, used before, or made for another request or token',
  use_dpop_nonce: 'Make a new DPoP proof with the nonce of the DPoP-Nonce header',
  insufficient_scope: 'The access token lacks a scope that this operation needs',
  not_welcome: 'The Host or Origin header is not one that this server answers to',
}

/** Kinds whose error code on the wire is another one's. */
const errorCodes: Partial<Record<RefusalKind, string>> = { not_welcome: 'access_denied' }

/** A body that cannot be looked at is the business of MCP's transport, so the answer is one of its kind. */
const bodyErrors: Partial<Record<RefusalKind, object>> = {
  body_too_long: jsonRpcError(-32000, 'Payload Too Large'),
  body_unreadable: jsonRpcError(-32000, 'Unsupported Media Type: send JSON in UTF-8, without a content encoding'),
}

function jsonRpcError(code: number, message: string): object {
  return { jsonrpc: '2.0', error: { code, message }, id: null }
}

/** Answers a refusal; the request tells faces with error codes of their own more than the reason does. */
export type ReplyTo = (refusal: Refusal, request?: InboundRequest) => Reply

/**
 * Prepares the answer to every kind of refusal. `Retry-After` and `DPoP-Nonce` may differ from one request to the next,
 * and so may the scopes asked for where a guard looks at operations.
 */
export function prepareRefusals(requirement: Requirement, settings: ChallengeSettings): ReplyTo {
  const replies = new Map<RefusalKind, Reply>()
  for (const kind of Object.keys(statuses) as RefusalKind[])
    replies.set(kind, buildRefusal(kind, requirement, settings))
  const fallback = buildRefusal('server_error', requirement, settings)
  return (refusal) => {
    const { kind, requirement: needed = requirement } = refusal
    const known = needed === requirement ? replies.get(kind) : buildForOperations(kind, needed, settings)
    const reply = known ?? fallback
    if (refusal.nonce !== undefined) return { ...reply, headers: { ...reply.headers, 'dpop-nonce': refusal.nonce } }
    if (refusal.kind !== 'temporarily_unavailable' && refusal.kind !== 'too_many_requests') return reply
    const retryAfter = String(Math.max(1, Math.ceil(refusal.retryAfter ?? limits.retryAfterSeconds)))
    return { ...reply, headers: { ...reply.headers, 'retry-after': retryAfter } }
  }
}

/** Undefined where `advertisedScopes` fails for a scope that only operations need, which shows when it is first asked for. */
function buildForOperations(kind: RefusalKind, needed: Requirement, settings: ChallengeSettings): Reply | undefined {
  try {
    return buildRefusal(kind, needed, settings)
  } catch {
    return undefined
  }
}

function buildRefusal(kind: RefusalKind, requirement: Requirement, settings: ChallengeSettings): Reply {
  const challenge = challengeFor(kind, requirement, settings)
  const description = descriptions[kind]
  const error = bodyErrors[kind] ?? {
    error: errorCodes[kind] ?? kind,
    ...(description === undefined ? {} : { error_description: description }),
  }
  return {
    status: statuses[kind],
    headers: {
      'cache-control': 'no-store',
      ...(kind === 'unauthenticated' ? {} : { 'content-type': 'application/json' }),
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
    },
    ...(kind === 'unauthenticated' ? {} : { body: JSON.stringify(error) }),
  }
}

/**
 * The WWW-Authenticate header (RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1): none on 500 and 503, for the token may be
 * good, and none on a refusal by policy, which no other token of the same client would mend. Bearer stands first where
 * it is accepted, for there are clients that read no other scheme.
 */
function challengeFor(kind: RefusalKind, requirement: Requirement, settings: ChallengeSettings): string | undefined {
  if (!challenged.has(kind)) return undefined
  const { dpop } = settings
  const isAboutProof = kind === 'invalid_dpop_proof' || kind === 'use_dpop_nonce'
  const challenges: string[] = []
  if (dpop?.required !== true) {
    challenges.push(buildChallenge('Bearer', paramsFor(isAboutProof ? 'unauthenticated' : kind, requirement, settings)))
  }
  if (dpop !== undefined) {
    const algs = [...dpop.algorithms].join(' ')
    challenges.push(buildChallenge('DPoP', { algs, ...paramsFor(kind, requirement, settings) }))
  }
  return challenges.join(', ')
}

const challenged: ReadonlySet<RefusalKind> = new Set([
  'unauthenticated',
  'invalid_request',
  'invalid_token',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'insufficient_scope',
])

/** Without a credential no error is named (RFC 6750 §3.1). */
function paramsFor(
  kind: RefusalKind,
  requirement: Requirement,
  settings: ChallengeSettings,
): Record<string, string | undefined> {
  const realm = settings.metadataUrl === undefined ? realmOf(settings) : undefined
  const scope = shownScopes(requirement, settings)
  const resource_metadata = settings.metadataUrl
  if (kind === 'unauthenticated') return { realm, resource_metadata, scope }
  const error_description = kind === 'insufficient_scope' ? undefined : descriptions[kind]
  return { realm, error: kind, error_description, scope, resource_metadata }
}

function shownScopes({ challenge }: Requirement, { advertise }: ChallengeSettings): string | undefined {
  return advertise === undefined ? challenge : challenge?.split(' ').map(advertise).join(' ')
}

function realmOf({ resourceName, resource }: ChallengeSettings): string {
  return isChallengeText(resourceName) ? resourceName : resource
}

import { buildChallenge, isChallengeText } from '@postern/core'
import { limits } from './limits.ts'
import { type Refusal, type RefusalKind, statuses } from './refusal.ts'
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
}

/** One text per kind, whatever the reason: what is wrong with a token is for its issuer's log, not for its bearer. */
const descriptions: Partial<Record<RefusalKind, string>> = {
  invalid_request: 'Send one access token, once, as Authorization: Bearer <token>',
  invalid_token: 'The access token is malformed, expired, revoked or not meant for this resource',
  insufficient_scope: 'The access token lacks a scope that this operation needs',
}

export type ReplyTo = (refusal: Refusal) => Reply

/** Prepares the answer to every kind of refusal; only `Retry-After` differs from one request to the next. */
export function prepareRefusals(requirement: Requirement, settings: ChallengeSettings): ReplyTo {
  const replies = new Map<RefusalKind, Reply>()
  for (const kind of Object.keys(statuses) as RefusalKind[])
    replies.set(kind, buildRefusal(kind, requirement, settings))
  const fallback = buildRefusal('server_error', requirement, settings)
  return (refusal) => {
    const reply = replies.get(refusal.kind) ?? fallback
    if (refusal.kind !== 'temporarily_unavailable') return reply
    const retryAfter = String(Math.max(1, Math.ceil(refusal.retryAfter ?? limits.retryAfterSeconds)))
    return { ...reply, headers: { ...reply.headers, 'retry-after': retryAfter } }
  }
}

function buildRefusal(kind: RefusalKind, requirement: Requirement, settings: ChallengeSettings): Reply {
  const challenge = challengeFor(kind, requirement, settings)
  const description = descriptions[kind]
  const error = { error: kind, ...(description === undefined ? {} : { error_description: description }) }
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
 * The WWW-Authenticate header (RFC 6750 §3, RFC 9728 §5.1): none on 500 and 503, for the token may be good, and none on
 * a refusal by policy, which no other token of the same client would mend. Without a credential no error is named (§3.1).
 */
function challengeFor(kind: RefusalKind, requirement: Requirement, settings: ChallengeSettings): string | undefined {
  const realm = settings.metadataUrl === undefined ? realmOf(settings) : undefined
  const scope = requirement.challenge
  const resource_metadata = settings.metadataUrl
  switch (kind) {
    case 'unauthenticated':
      return buildChallenge('Bearer', { realm, resource_metadata, scope })
    case 'insufficient_scope':
      return buildChallenge('Bearer', { realm, error: kind, scope, resource_metadata })
    case 'invalid_request':
    case 'invalid_token':
      return buildChallenge('Bearer', {
        realm,
        error: kind,
        error_description: descriptions[kind],
        scope,
        resource_metadata,
      })
    default:
      return undefined
  }
}

function realmOf({ resourceName, resource }: ChallengeSettings): string {
  return isChallengeText(resourceName) ? resourceName : resource
}

import { buildChallenge, parseChallenges, type Reason } from '@postern/core'
import { Refusal } from '../refusal.ts'
import { prepareRefusals, type Reply, type ReplyTo } from '../reply.ts'
import type { InboundRequest } from '../request.ts'
import {
  type BearerAuthErrorCode,
  bearerAuthErrorDescription,
  type MCPAuthTokenVerificationErrorCode,
  tokenVerificationErrorDescription,
} from './errors.ts'

export type WireCode = BearerAuthErrorCode | MCPAuthTokenVerificationErrorCode

/** The refusal of a verifier that said with which of mcp-auth's codes. */
export class CodedRefusal extends Refusal {
  readonly code: WireCode

  constructor(reason: Reason, code: WireCode, missingScopes: readonly string[] = []) {
    super(reason, { missingScopes })
    this.code = code
  }
}

/** Answers with mcp-auth's error codes where it has one; the rest of the answer stays RFC 6750's. */
export const prepareCodedRefusals: typeof prepareRefusals = (requirement, settings) => {
  const replyTo = prepareRefusals(requirement, settings)
  return (refusal, request) => {
    const code = codeOf(refusal, request)
    const reply = replyTo(refusal, request)
    return code === undefined ? reply : withCode(reply, code, refusal.missingScopes)
  }
}

const codes: Partial<Record<Reason, WireCode>> = {
  malformed_header: 'invalid_auth_header_format',
  issuer_unknown: 'invalid_issuer',
  audience_missing: 'invalid_audience',
  audience_mismatch: 'invalid_audience',
  insufficient_scope: 'missing_required_scopes',
  claim_rule: 'invalid_token',
}

function codeOf(refusal: Refusal, request: InboundRequest | undefined): WireCode | undefined {
  if (refusal instanceof CodedRefusal) return refusal.code
  if (refusal.kind === 'unauthenticated') return absence(request?.header('authorization'))
  return codes[refusal.reason] ?? (refusal.kind === 'invalid_token' ? 'invalid_token' : undefined)
}

/** mcp-auth tells three ways of having no credential apart. */
function absence(header = ''): WireCode {
  if (header === '') return 'missing_auth_header'
  return /^bearer\s*$/i.test(header) ? 'missing_bearer_token' : 'invalid_auth_header_format'
}

function withCode(reply: Reply, code: WireCode, missingScopes: readonly string[]): Reply {
  const description = { ...tokenVerificationErrorDescription, ...bearerAuthErrorDescription }[code]
  const isScopes = code === 'missing_required_scopes'
  const body = {
    error: code,
    error_description: description,
    ...(isScopes ? { missing_scopes: missingScopes } : {}),
  }
  return {
    status: isScopes ? 403 : 401,
    headers: {
      ...reply.headers,
      'content-type': 'application/json',
      'www-authenticate': recode(reply.headers['www-authenticate'] ?? 'Bearer', code, description),
    },
    body: JSON.stringify(body),
  }
}

/** The same challenges, with this error in the Bearer one. */
function recode(header: string, code: WireCode, description: string): string {
  const challenges = parseChallenges(header).map(({ scheme, params }) => {
    if (scheme !== 'Bearer') return buildChallenge(scheme, params)
    const { realm, error: _, error_description: __, ...rest } = params
    return buildChallenge('Bearer', { realm, error: code, error_description: description, ...rest })
  })
  return challenges.join(', ')
}

/** Adds the machine reason to the bodies. It is one of a closed set and holds nothing of the token. */
export function withReasons(prepare: typeof prepareRefusals): typeof prepareRefusals {
  return (requirement, settings): ReplyTo => {
    const replyTo = prepare(requirement, settings)
    return (refusal, request) => {
      const reply = replyTo(refusal, request)
      if (reply.body === undefined) return reply
      const body: unknown = JSON.parse(reply.body)
      const cause = { reason: refusal.reason }
      return typeof body === 'object' ? { ...reply, body: JSON.stringify({ ...body, cause }) } : reply
    }
  }
}

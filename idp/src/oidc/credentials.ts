import type { ParsedUrlQuery } from 'node:querystring'
import { decodeBase64url, parseJson } from '@postern/core'

/** Id and secret of a client, as HTTP Basic carries them. */
export interface BasicCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

const basic = /^Basic ([A-Za-z0-9+/]+={0,2})$/i
const needsDecoding = /[%+]/

/**
 * Reads HTTP Basic as RFC 6749 §2.3.1 has it: both parts form-encoded. Undefined for whatever is malformed or unusual;
 * that is left to oidc-provider, which has an answer for each case.
 */
export function readBasic(authorization: string | undefined): BasicCredentials | undefined {
  const encoded = basic.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return undefined
  try {
    return { clientId: formDecode(text.slice(0, colon)), clientSecret: formDecode(text.slice(colon + 1)) }
  } catch {
    return undefined
  }
}

function formDecode(text: string): string {
  return needsDecoding.test(text) ? decodeURIComponent(text.replaceAll('+', '%20')) : text
}

/** Who a token request says it comes from; nothing is proven by it. */
export interface Claim {
  readonly clientId: string
  /** A secret was sent, which may be a guess. */
  readonly withSecret: boolean
}

/** The client that a token request claims to come from; undefined when it names none or sends no credential. */
export function readClaim(authorization: string | undefined, params: ParsedUrlQuery): Claim | undefined {
  if (authorization !== undefined) return claimOf(readBasic(authorization)?.clientId, true)
  const assertion = params['client_assertion']
  if (typeof assertion === 'string' && assertion !== '') return claimOf(subjectOf(assertion), false)
  return params['client_secret'] === undefined ? undefined : claimOf(params['client_id'], true)
}

function claimOf(clientId: unknown, withSecret: boolean): Claim | undefined {
  return typeof clientId === 'string' ? { clientId, withSecret } : undefined
}

function subjectOf(assertion: string): string | undefined {
  const payload = decodeBase64url(assertion.split('.', 2)[1] ?? '')
  if (payload === undefined) return undefined
  try {
    const claims = parseJson(Buffer.from(payload).toString('utf8'))
    const subject = claims !== null && typeof claims === 'object' && 'sub' in claims ? claims.sub : undefined
    return typeof subject === 'string' ? subject : undefined
  } catch {
    return undefined
  }
}

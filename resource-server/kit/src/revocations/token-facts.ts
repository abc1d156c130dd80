import { type JsonObject, type MaybePromise, sha256Base64url, whenReady } from '@postern/core'
import { member } from '../checks/context.ts'
import { numericDate } from '../checks/time.ts'
import type { TokenFacts } from './ledger.ts'

/** Reads what may end a token, once: what is asked about at each request is ready then. `subjectHash` is made already. */
export function tokenFactsOf(
  claims: JsonObject,
  clientId: string,
  subjectHash: string | undefined,
): MaybePromise<TokenFacts> {
  const issuedAt = numericDate(claims, 'iat') ?? 0
  const subject = hasText(member(claims, 'sub')) ? subjectHash : undefined
  return whenReady(hashOf(member(claims, 'jti')), (token) =>
    whenReady(hashOf(member(claims, 'grant_id')), (grant) =>
      // A machine is its own subject.
      whenReady(clientId === member(claims, 'sub') ? subject : hashOf(clientId), (client) => ({
        token,
        grant,
        client,
        subject,
        issuedAt,
      })),
    ),
  )
}

function hashOf(value: unknown): MaybePromise<string | undefined> {
  return hasText(value) ? sha256Base64url(value) : undefined
}

function hasText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

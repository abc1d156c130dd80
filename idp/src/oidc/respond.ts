import type { ServerResponse } from 'node:http'
import { buildChallenge } from '@postern/core'

/** Headers of every answer of the token endpoint: as oidc-provider sets them, for both must look alike. */
export const tokenHeaders = { 'cache-control': 'no-store' } as const

export interface ErrorAnswer {
  readonly status: number
  readonly error: string
  readonly description: string
  /** What to change, where a page has room for it: a fixed English sentence. */
  readonly mend?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers with a JSON body. */
export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): void {
  const text = JSON.stringify(body)
  res.writeHead(status, {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  })
  res.end(text)
}

/** Answers with an OAuth error (RFC 6749 §5.2). */
export function sendError(res: ServerResponse, { status, error, description, headers = {} }: ErrorAnswer): void {
  sendJson(res, status, { error, error_description: description }, { ...tokenHeaders, ...headers })
}

/** The challenge of a 401 at the token endpoint (RFC 6749 §5.2), as oidc-provider writes it. */
export function basicChallenge(issuer: string): string {
  return buildChallenge('Basic', {
    realm: issuer,
    error: 'invalid_client',
    error_description: 'client authentication failed',
  })
}

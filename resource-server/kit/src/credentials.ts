import { limits } from './limits.ts'
import { Refusal } from './refusal.ts'
import { type InboundRequest, splitUrl } from './request.ts'

/** How a credential is presented: as a mere bearer's (RFC 6750), or with a proof of a key (RFC 9449 §7.1). */
export type Scheme = 'Bearer' | 'DPoP'

export interface Credential {
  readonly scheme: Scheme
  readonly token: string
  /** What it came with, for proofs. Absent where nothing but the token is known; then nobody can prove anything. */
  readonly request?: InboundRequest
}

/**
 * Takes the token out of a request (RFC 6750 §2.1, RFC 9449 §7.1). Only the Authorization header counts; a token in the
 * query beside it makes the request malformed (§2: not more than one method), one in the query, body or a cookie alone is
 * no credential. Whether its characters are those of a token is left to the verifiers, for a remembered token need not be
 * looked through again. Throws `Refusal`.
 */
export function readCredential(request: InboundRequest, acceptsDpop: boolean): Credential {
  if (request.rawHeaders !== undefined && hasTwoAuthorizations(request.rawHeaders))
    throw new Refusal('malformed_header')
  const credential = credentialOf(request)
  if (credential === undefined || (credential.scheme === 'DPoP' && !acceptsDpop)) throw new Refusal('no_credential')
  const { token } = credential
  if (token.length > limits.tokenLength) throw new Refusal('token_too_large')
  if (token.includes(' ') || token.includes('\t')) throw new Refusal('malformed_header')
  if (hasQueryToken(request.url)) throw new Refusal('several_credentials')
  return credential
}

/** What follows the scheme; undefined where the scheme is another one or nothing follows. */
function credentialOf(request: InboundRequest): Credential | undefined {
  const value = trimEnd(request.header('authorization') ?? '')
  const space = value.indexOf(' ')
  const scheme = space < 0 ? undefined : schemeOf(value, space)
  if (scheme === undefined) return undefined
  let start = space + 1
  while (value.charCodeAt(start) === 0x20) start += 1
  return { scheme, token: value.slice(start), request }
}

function schemeOf(value: string, length: number): Scheme | undefined {
  // As nearly everybody writes it; looking a name up costs more than all the rest that is done to the header.
  if (value.startsWith('Bearer ')) return 'Bearer'
  return schemes[value.slice(0, length).toLowerCase()]
}

const schemes: Readonly<Record<string, Scheme | undefined>> = Object.assign(Object.create(null), {
  bearer: 'Bearer',
  dpop: 'DPoP',
})

function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0x09)) end -= 1
  return end === text.length ? text : text.slice(0, end)
}

function hasTwoAuthorizations(rawHeaders: readonly string[]): boolean {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === 13 && name.toLowerCase() === 'authorization') count += 1
  }
  return count > 1
}

function hasQueryToken(url: string): boolean {
  if (!url.includes('?')) return false
  return new URLSearchParams(splitUrl(url).query).has('access_token')
}

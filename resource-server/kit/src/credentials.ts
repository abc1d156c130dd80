import { limits } from './limits.ts'
import { Refusal } from './refusal.ts'
import { type InboundRequest, splitUrl } from './request.ts'

/**
 * Takes the bearer token out of a request (RFC 6750 §2.1). Only the Authorization header counts; a token in the query
 * beside it makes the request malformed (§2: not more than one method), one in the query, body or a cookie alone is no
 * credential. Whether its characters are those of a token is left to the verifiers, for a remembered token need not be
 * looked through again. Throws `Refusal`.
 */
export function readBearer(request: InboundRequest): string {
  if (request.rawHeaders !== undefined && hasTwoAuthorizations(request.rawHeaders))
    throw new Refusal('malformed_header')
  const token = bearerOf(request.header('authorization') ?? '')
  if (token === undefined) throw new Refusal('no_credential')
  if (token.length > limits.tokenLength) throw new Refusal('token_too_large')
  if (token.includes(' ') || token.includes('\t')) throw new Refusal('malformed_header')
  if (hasQueryToken(request.url)) throw new Refusal('several_credentials')
  return token
}

/** What follows the scheme; undefined where the scheme is another one or nothing follows. */
function bearerOf(header: string): string | undefined {
  const value = trimEnd(header)
  const space = value.indexOf(' ')
  if (space !== 6 || value.slice(0, 6).toLowerCase() !== 'bearer') return undefined
  let start = space + 1
  while (value.charCodeAt(start) === 0x20) start += 1
  return value.slice(start)
}

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

import type { AuthInfo } from '../auth-info.ts'
import { limits } from '../limits.ts'
import { readFunction, readRecord, readText } from '../options/fields.ts'

export interface UpstreamFetchOptions {
  /** What sends. Default the global one. */
  readonly fetch?: typeof globalThis.fetch
}

/**
 * A fetch for what a tool asks of other services: it refuses to send them the caller's own token, in a header, the URL or a
 * body that is text. That token was made out to this resource; who passes it on lets the other service act as the
 * caller here (MCP authorization: token passthrough is forbidden). `exchangeToken` gets one that is meant for the other.
 *
 * The fetch rejects with a TypeError where the token is found. A body that is a stream is not looked through.
 * Throws `ConfigError`.
 */
export function createUpstreamFetch(
  auth: Pick<AuthInfo, 'token'>,
  options: UpstreamFetchOptions = {},
): typeof globalThis.fetch {
  readRecord(options, '', ['fetch'])
  const fetch = readFunction(options.fetch, 'fetch') ?? globalThis.fetch
  const token = readText(auth.token, 'auth.token')
  const spellings = [token, encodeURIComponent(token), ...insideBase64(token)]
  const holds = (text: string): boolean => spellings.some((spelling) => text.includes(spelling))
  return async (input, init) => {
    // Other libraries put classes of their own in the place of Request, so it is told by what it is not.
    const request = typeof input === 'string' || input instanceof URL ? undefined : input
    const url = request?.url ?? String(input)
    const headers = [...new Headers(request?.headers), ...new Headers(init?.headers)].map(([, value]) => value)
    const body = init?.body === undefined ? await request?.clone().text() : await textOf(init.body)
    if ([url, ...headers, body ?? ''].some(holds)) {
      throw new TypeError("the caller's token is for this server alone; use exchangeToken to get one for the other")
    }
    return fetch(input, init)
  }
}

/**
 * How base64 has it, say in a Basic header: what does not depend on the neighbours, for each of the three places that it can
 * begin at.
 */
function insideBase64(token: string): readonly string[] {
  const inside = [0, 2, 3].map((skip, before) => btoa(' '.repeat(before) + token).slice(skip, -4))
  // Of a short token too little remains to tell it by: it would be found, if by nothing, in whatever is sent.
  return inside.filter(({ length }) => length >= limits.base64PartLength)
}

async function textOf(body: unknown): Promise<string> {
  if (typeof body === 'string') return body
  if (body instanceof URLSearchParams) return body.toString()
  if (body instanceof Blob) return await body.text()
  if (body instanceof FormData) {
    const parts = [...body].map(async ([name, value]) => `${name}\n${await textOf(value)}`)
    return (await Promise.all(parts)).join('\n')
  }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new TextDecoder().decode(body)
  return ''
}

import { checkIssuer, FetchProblem, fetchJson, type Network } from '@postern/core'
import { limits } from '../limits.ts'
import { isRecord } from '../options/fields.ts'
import { fetchUrlProblem } from './fetch-url.ts'

export interface FetchSettings {
  readonly network: Network
  readonly fetch: typeof globalThis.fetch | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Finds an endpoint of an issuer by its name in the metadata, such as `jwks_uri`: the metadata is tried at the given places in turn (RFC 8414 §3, OpenID Connect Discovery §4,
 * in MCP's order), and the first that is a document about just this issuer counts (RFC 8414 §3.3). A place that has no
 * such document (a page for people, a redirect, which is never followed) leads to the next; a server that fails, or cannot be reached, ends the search, for it would not be
 * reached at its other paths either. Throws `FetchProblem`.
 */
export async function discoverUri(
  name: string,
  issuer: string,
  urls: readonly string[],
  settings: FetchSettings,
): Promise<string> {
  return await discover(issuer, urls, settings, (document) => uriIn(document, name))
}

/** What `read` makes of the first metadata document about the issuer. */
export async function discover<T>(
  issuer: string,
  urls: readonly string[],
  settings: FetchSettings,
  read: (document: Readonly<Record<string, unknown>>) => T,
): Promise<T> {
  let problem: FetchProblem | undefined
  for (const url of urls) {
    try {
      return read(metadataOf(await fetchDocument(url, settings), issuer))
    } catch (error) {
      if (!(error instanceof FetchProblem) || !isAbsence(error)) throw error
      // A document that is there tells more than the places without one.
      problem = problem?.code === 'not_json' ? problem : error
    }
  }
  throw problem ?? new FetchProblem('not_json', 'no metadata was found')
}

/** Fetches a JSON document within the kit's bounds. Throws `FetchProblem`. */
export async function fetchDocument(url: string, settings: FetchSettings): Promise<unknown> {
  return (await fetchJson(url, { ...settings, maxBytes: limits.keyFetchBytes })).value
}

function metadataOf(document: unknown, issuer: string): Readonly<Record<string, unknown>> {
  if (!isRecord(document)) throw new FetchProblem('not_json', 'the metadata is not a JSON object')
  if (document['issuer'] !== issuer) throw new FetchProblem('not_json', otherIssuer(document['issuer']))
  return document
}

/** A slash at the end, or another name of the same host, is what usually differs, so the issuer's own name is said. */
function otherIssuer(named: unknown): string {
  const isName = typeof named === 'string' && named.length <= limits.shownIssuerLength && checkIssuer(named).ok
  return `the metadata is another issuer's${isName ? `: it names itself ${named}, and issuers are compared to the letter` : ''}`
}

/** An address that the metadata must name. Throws `FetchProblem`. */
export function uriIn(document: Readonly<Record<string, unknown>>, name: string): string {
  const uri = document[name]
  if (typeof uri !== 'string') throw new FetchProblem('not_json', `the metadata has no ${name}`)
  const mend = fetchUrlProblem(uri)
  if (mend !== undefined) throw new FetchProblem('bad_url', `${name} in the metadata: ${mend}`)
  return uri
}

/** Does the problem mean only that there is no document of ours at this place? */
function isAbsence({ code, status = 0 }: FetchProblem): boolean {
  // 502 is how reverse proxies answer for paths that lead nowhere, at the origin of an issuer that stands under a path.
  if (code === 'status') return (status >= 400 && status < 500 && status !== 429) || status === 502
  return code === 'not_json' || code === 'redirect' || code === 'too_large'
}

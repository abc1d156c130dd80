import { isLoopbackHost } from '@postern/core'
import type { HotClient } from '../../directory/types.ts'
import { limits } from '../../limits.ts'

/** In what a redirect URI that was sent differs from the registered one that comes nearest. */
export type RedirectDifference =
  | 'nothing_registered'
  | 'malformed'
  | 'scheme'
  | 'loopback_name'
  | 'host'
  | 'port'
  | 'letter_case'
  | 'trailing_slash'
  | 'path'
  | 'query'

/** What a page can tell a person about a redirect URI that was refused. */
export interface RedirectDiagnosis {
  /** As it was sent, cut. Text of a stranger. */
  readonly sent: string
  /** The registered ones, the nearest first. */
  readonly expected: readonly string[]
  readonly difference: RedirectDifference
  /** What differs and what to change: a fixed English sentence. */
  readonly mend: string
}

const texts: Readonly<Record<RedirectDifference, string>> = {
  nothing_registered: 'The client has no redirect URI at all.',
  malformed: 'What was sent is not an absolute URI.',
  scheme: 'The scheme differs; http:// and https:// are two schemes.',
  loopback_name: 'The host differs: localhost, 127.0.0.1 and [::1] count as three hosts.',
  host: 'The host differs.',
  port: 'The port differs; only http:// on localhost, 127.0.0.1 and [::1] may use any port.',
  letter_case: 'Only capital and small letters differ, and they count.',
  trailing_slash: 'Only the "/" at the end differs, and it counts.',
  path: 'The path differs.',
  query: 'What follows the "?" differs.',
}

const places: Readonly<Record<HotClient['registration'], string>> = {
  management: "Send a registered one, or add this one to the client's redirectUris.",
  dynamic: 'Send a registered one, or register the client again with this one in redirect_uris.',
  metadata_document:
    'Send one that is listed, or list this one in redirect_uris of the document that is the client_id.',
}

/** Says why a redirect URI matches none of a client's. */
export function diagnoseRedirect(
  client: Pick<HotClient, 'redirectUris' | 'registration'>,
  sent: string,
): RedirectDiagnosis {
  const ranked = client.redirectUris
    .map((uri) => ({ uri, difference: differenceOf(uri, sent) }))
    .sort((a, b) => nearness.indexOf(a.difference) - nearness.indexOf(b.difference))
  const difference = ranked[0]?.difference ?? 'nothing_registered'
  return {
    sent: sent.slice(0, limits.shownRedirect),
    expected: ranked.map(({ uri }) => uri),
    difference,
    mend: `${texts[difference]} ${places[client.registration]}`,
  }
}

/** The nearest first: who differs in the path alone meant this URI rather than one on another host. */
const nearness: readonly RedirectDifference[] = [
  'letter_case',
  'trailing_slash',
  'query',
  'path',
  'port',
  'loopback_name',
  'scheme',
  'host',
  'malformed',
  'nothing_registered',
]

function differenceOf(registered: string, sent: string): RedirectDifference {
  if (registered.toLowerCase() === sent.toLowerCase()) return 'letter_case'
  const [a, b] = [URL.parse(registered), URL.parse(sent)]
  if (a === null || b === null) return 'malformed'
  if (a.hostname !== b.hostname) {
    const isThisMachine = isLoopbackHost(a.hostname) && isLoopbackHost(b.hostname)
    return isThisMachine ? 'loopback_name' : 'host'
  }
  if (a.protocol !== b.protocol) return 'scheme'
  if (withoutSlash(a.pathname) !== withoutSlash(b.pathname)) return 'path'
  if (a.search !== b.search || a.hash !== b.hash) return 'query'
  if (a.port !== b.port && !(a.protocol === 'http:' && isLoopbackHost(a.hostname))) return 'port'
  return 'trailing_slash'
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

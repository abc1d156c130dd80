import type { Clock } from '@postern/core'
import { limits } from '../limits.ts'
import type { IssuerRules } from '../options/settings.ts'
import { feedUriOf } from '../revocations/feed-uri.ts'
import { callHost, failWith } from '../tokens/call.ts'
import { discover, type FetchSettings, fetchDocument, uriIn } from './discovery.ts'

/** Gets the present key set of an issuer, as it comes. Rejects with `FetchProblem`, or whatever a function of the host's threw. */
export type LoadKeySet = () => Promise<unknown>

export interface Loader {
  readonly load: LoadKeySet
  /** Where the issuer tells what it revoked, by the metadata that were read last; undefined where they do not say, or none were. */
  feedUri(): string | undefined
}

/** Makes the loader for wherever the options say that the keys are. A discovered address is believed for a while. */
export function createLoader({ issuer, keys }: IssuerRules, settings: FetchSettings, clock: Clock): Loader {
  if (keys.from === 'local') {
    const load = async () =>
      callHost(() => keys.load(), { failure: failWith('keys_unavailable'), timeoutMs: settings.timeoutMs })
    return { load, feedUri: () => undefined }
  }
  if (keys.from === 'uri') return { load: () => fetchDocument(keys.uri, settings), feedUri: () => undefined }
  let discovered: { readonly uri: string; readonly at: number } | undefined
  let feed: string | undefined
  const isOld = (at: number) => Math.abs(clock.now() - at) >= limits.discoveryMaxAgeSeconds * 1000
  const read = (document: Readonly<Record<string, unknown>>) => ({
    uri: uriIn(document, 'jwks_uri'),
    feed: feedUriOf(document, issuer),
  })
  const load = async () => {
    if (discovered === undefined || isOld(discovered.at)) {
      const found = await discover(issuer, keys.urls, settings, read)
      discovered = { uri: found.uri, at: clock.now() }
      feed = found.feed
    }
    try {
      return await fetchDocument(discovered.uri, settings)
    } catch (error) {
      // The keys may have moved: the next attempt asks again where they are.
      discovered = undefined
      throw error
    }
  }
  return { load, feedUri: () => feed }
}

import type { Clock } from '@postern/core'
import { limits } from '../limits.ts'
import type { IssuerRules } from '../options/settings.ts'
import { callHost, failWith } from '../tokens/call.ts'
import { discoverUri, type FetchSettings, fetchDocument } from './discovery.ts'

/** Gets the present key set of an issuer, as it comes. Rejects with `FetchProblem`, or whatever a function of the host's threw. */
export type LoadKeySet = () => Promise<unknown>

/** Makes the loader for wherever the options say that the keys are. A discovered address is believed for a while. */
export function createLoader({ issuer, keys }: IssuerRules, settings: FetchSettings, clock: Clock): LoadKeySet {
  if (keys.from === 'local') {
    return async () =>
      callHost(() => keys.load(), { failure: failWith('keys_unavailable'), timeoutMs: settings.timeoutMs })
  }
  if (keys.from === 'uri') return () => fetchDocument(keys.uri, settings)
  let discovered: { readonly uri: string; readonly at: number } | undefined
  const isOld = (at: number) => Math.abs(clock.now() - at) >= limits.discoveryMaxAgeSeconds * 1000
  return async () => {
    if (discovered === undefined || isOld(discovered.at)) {
      discovered = { uri: await discoverUri('jwks_uri', issuer, keys.urls, settings), at: clock.now() }
    }
    try {
      return await fetchDocument(discovered.uri, settings)
    } catch (error) {
      // The keys may have moved: the next attempt asks again where they are.
      discovered = undefined
      throw error
    }
  }
}

import { guardedFetch, type Network } from '@postern/core'
import { limits } from '../limits.ts'

export interface ClientKeysOptions {
  /** `any`: JWK sets may lie on this machine and in private networks, which is for development. */
  readonly network: Network
  readonly fetch?: typeof fetch | undefined
}

/**
 * The fetch of oidc-provider, which gets JWK sets of clients with it: guarded, bounded, without redirects.
 *
 * The answer carries no caching headers: the library would believe a max-age of any length, and a key that its owner
 * took back would go on being accepted. Without them it looks again after a minute.
 */
export function createClientKeysFetch({ network, fetch: dial }: ClientKeysOptions): typeof fetch {
  return async (input) => {
    const url = input instanceof Request ? input.url : String(input)
    const { status, text } = await guardedFetch(url, {
      network,
      timeoutMs: limits.clientKeysTimeoutMs,
      maxBytes: limits.clientKeysBytes,
      headers: { accept: 'application/jwk-set+json, application/json' },
      ...(dial === undefined ? {} : { fetch: dial }),
    })
    return new Response(text === '' ? null : text, { status, headers: { 'content-type': 'application/json' } })
  }
}

import { createCache, type MaybePromise } from '@postern/core'
import type { Settings } from '../options/settings.ts'
import { createDigests } from './digests.ts'
import type { VerifiedToken } from './jwt.ts'

/** Tokens that were verified not long ago. */
export interface VerifiedTokens {
  /** The token's SHA-256, base64url: what it is known by. */
  hashOf(token: string): MaybePromise<string>
  /** What was found about the token, as far as nothing can have changed since. */
  recall(hash: string): VerifiedToken | undefined
  remember(hash: string, token: VerifiedToken): void
  clear(): void
  /** Tokens that are remembered. */
  readonly size: number
}

/**
 * A bounded cache of verified tokens. It belongs to one resource server, so resource and issuers are the same for all
 * entries, and the SHA-256 of the whole token is key enough. An entry ends with the token's `exp` (without tolerance)
 * and with its key: once the issuer withdrew that, or the keys are too old to be believed, the token is verified anew.
 * Scopes needed, revocation and other things that differ from one request to the next are not in it.
 */
export function createVerifiedTokens({
  cachedTokens,
  clock,
}: Pick<Settings, 'cachedTokens' | 'clock'>): VerifiedTokens {
  const digests = createDigests(cachedTokens)
  const hashOf = digests.of
  if (cachedTokens === 0)
    return { hashOf, recall: () => undefined, remember: () => undefined, clear: () => undefined, size: 0 }
  const cache = createCache<VerifiedToken>({ max: cachedTokens, clock })
  return {
    hashOf,
    recall(hash) {
      const now = clock.now()
      const found = cache.get(hash, now)
      if (found === undefined || now < found.notBefore * 1000) return undefined
      return found.issuer.keys.isCurrent(found.key) ? found : undefined
    },
    remember(hash, found) {
      cache.set(hash, found, found.expiresAt * 1000)
      digests.keep(found.identity.auth.token, hash)
    },
    clear() {
      cache.clear()
      digests.clear()
    },
    get size() {
      return Math.max(cache.size, digests.size)
    },
  }
}

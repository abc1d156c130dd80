import { createCache } from '@postern/core'
import type { Settings } from '../options/settings.ts'
import type { VerifiedToken } from './jwt.ts'

/** Tokens that were verified not long ago. */
export interface VerifiedTokens {
  /** What was found about the token, as far as nothing can have changed since. */
  recall(hash: string): VerifiedToken | undefined
  remember(hash: string, token: VerifiedToken): void
  clear(): void
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
  if (cachedTokens === 0) return { recall: () => undefined, remember: () => undefined, clear: () => undefined }
  const cache = createCache<VerifiedToken>({ max: cachedTokens, clock })
  return {
    recall(hash) {
      const found = cache.get(hash)
      if (found === undefined || clock.now() < found.notBefore * 1000) return undefined
      return found.issuer.keys.isCurrent(found.key) ? found : undefined
    },
    remember: (hash, token) => cache.set(hash, token, token.expiresAt * 1000),
    clear: () => cache.clear(),
  }
}

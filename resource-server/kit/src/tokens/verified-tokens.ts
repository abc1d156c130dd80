import { createCache, type MaybePromise, sha256Base64url, whenReady } from '@postern/core'
import { limits } from '../limits.ts'
import type { Settings } from '../options/settings.ts'
import type { VerifiedToken } from './jwt.ts'

/** Tokens that were verified not long ago. */
export interface VerifiedTokens {
  /** What was found about the token, as far as nothing can have changed since. */
  recall(token: string): VerifiedToken | undefined
  remember(found: VerifiedToken): void
  /** The SHA-256 of any token, base64url; made once of those that are remembered. */
  hashOf(token: string): MaybePromise<string>
  clear(): void
  /** Tokens that are remembered. */
  readonly size: number
}

interface Remembered {
  readonly found: VerifiedToken
  /** Undefined until somebody has asked for it. */
  hash: string | undefined
}

/**
 * A bounded cache of verified tokens. It belongs to one resource server, so resource and issuers are the same for all
 * entries. An entry ends with the token's `exp` (without tolerance) and with its key: once the issuer withdrew that, or the
 * keys are too old to be believed, the token is verified anew. Scopes needed, revocation and other things that differ from
 * one request to the next are not in it.
 *
 * Tokens are found by the last characters of the signature, since a look-up by a text as long as a token is no quicker than
 * its SHA-256, and count only for the very same text. A token that was not verified leaves nothing here; and who knows the
 * end of the signature of one that was, without which no texts are compared, has seen the rest of it too.
 */
export function createVerifiedTokens({
  cachedTokens,
  clock,
}: Pick<Settings, 'cachedTokens' | 'clock'>): VerifiedTokens {
  if (cachedTokens === 0) {
    return {
      recall: () => undefined,
      remember: () => undefined,
      hashOf: sha256Base64url,
      clear: () => undefined,
      size: 0,
    }
  }
  const cache = createCache<Remembered>({ max: cachedTokens, clock })
  const find = (token: string, now: number): Remembered | undefined => {
    const entry = cache.get(endOf(token), now)
    return entry?.found.identity.auth.token === token ? entry : undefined
  }
  return {
    recall(token) {
      const now = clock.now()
      const found = find(token, now)?.found
      if (found === undefined || now < found.notBefore * 1000) return undefined
      return found.issuer.keys.isCurrent(found.key) ? found : undefined
    },
    remember(found) {
      cache.set(endOf(found.identity.auth.token), { found, hash: undefined }, found.expiresAt * 1000)
    },
    hashOf(token) {
      const entry = find(token, clock.now())
      if (entry === undefined) return sha256Base64url(token)
      if (entry.hash !== undefined) return entry.hash
      return whenReady(sha256Base64url(token), (hash) => {
        entry.hash = hash
        return hash
      })
    },
    clear: cache.clear,
    get size() {
      return cache.size
    },
  }
}

function endOf(token: string): string {
  return token.slice(-limits.tokenEndLength)
}

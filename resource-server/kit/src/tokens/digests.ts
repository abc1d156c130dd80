import { createCache, type MaybePromise, sha256Base64url } from '@postern/core'
import { limits } from '../limits.ts'

/** The SHA-256 of tokens, in base64url. */
export interface Digests {
  of(token: string): MaybePromise<string>
  /** Keeps the digest of a verified JWT, until there are too many. */
  keep(token: string, hash: string): void
  clear(): void
  /** Digests that are kept. */
  readonly size: number
}

interface Kept {
  readonly token: string
  readonly hash: string
}

/**
 * Digests of verified JWTs are kept beside these, for making one takes as long as all else that is done about a token
 * that is known. They are found by the last characters of the signature, since a look-up by a text as long as a token is
 * no quicker than SHA-256, and count only for the very same token. Nothing is decided by what is kept: it is true of that
 * text whatever becomes of it. A token that was not verified leaves nothing here; and who knows the end of the signature
 * of one that was, without which no texts are compared, has seen the rest of it too.
 */
export function createDigests(max: number): Digests {
  if (max === 0) return { of: sha256Base64url, keep: () => undefined, clear: () => undefined, size: 0 }
  const kept = createCache<Kept>({ max })
  return {
    of(token) {
      const found = kept.get(endOf(token), 0)
      return found !== undefined && found.token === token ? found.hash : sha256Base64url(token)
    },
    keep: (token, hash) => kept.set(endOf(token), { token, hash }, Number.POSITIVE_INFINITY),
    clear: kept.clear,
    get size() {
      return kept.size
    },
  }
}

function endOf(token: string): string {
  return token.slice(-limits.tokenEndLength)
}

import { randomBase64url, sha256Base64url } from '#digest'
import type { MaybePromise } from './maybe-promise.ts'

const prefix = 'pst_'
const shape = /^pst_[A-Za-z0-9_-]{43}$/

/** Makes an API key: `pst_` and 32 random bytes as base64url. */
export function generateApiKey(): string {
  return prefix + randomBase64url(32)
}

/** Has the text the shape of an API key? Such a bearer is looked up as a key and never parsed as a token. */
export function isApiKey(text: string): boolean {
  return shape.test(text)
}

/** What may be shown of a key later: its prefix and last four characters. */
export function apiKeyHint(key: string): string {
  return `${prefix}…${key.slice(-4)}`
}

/** What is stored instead of a key: its SHA-256, base64url. The key's 256 random bits need no salt and no stretching. */
export function hashApiKey(key: string): MaybePromise<string> {
  return sha256Base64url(key)
}

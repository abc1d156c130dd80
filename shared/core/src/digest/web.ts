import { encodeBase64url } from '../base64url.ts'
import type { MaybePromise } from '../maybe-promise.ts'

const utf8 = new TextEncoder()

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text)))
}

/** SHA-256 of the text's UTF-8. Here, with WebCrypto, a promise. */
export function sha256(text: string): MaybePromise<Uint8Array> {
  return digest(text)
}

/** SHA-256 of the text's UTF-8, as base64url: 43 characters. Here, with WebCrypto, a promise. */
export function sha256Base64url(text: string): MaybePromise<string> {
  return digest(text).then(encodeBase64url)
}

/**
 * Are the two equal? The time taken grows with the longer one and says nothing about where they differ.
 * A string counts as its UTF-8.
 */
export function constantTimeEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const left = typeof a === 'string' ? utf8.encode(a) : a
  const right = typeof b === 'string' ? utf8.encode(b) : b
  let difference = left.length ^ right.length
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    difference |= (left[index] ?? 0) ^ (right[index] ?? 0)
  }
  return difference === 0
}

/** `bytes` bytes from the system's random source, as base64url. */
export function randomBase64url(bytes: number): string {
  return encodeBase64url(crypto.getRandomValues(new Uint8Array(bytes)))
}

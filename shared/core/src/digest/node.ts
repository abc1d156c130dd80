import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { MaybePromise } from '../maybe-promise.ts'

/** SHA-256 of the text's UTF-8. Here, on Node, at once. */
export function sha256(text: string): MaybePromise<Uint8Array> {
  // A plain array, as on every other platform, instead of a Buffer.
  return new Uint8Array(hash('sha256', text, 'buffer'))
}

/** SHA-256 of the text's UTF-8, as base64url: 43 characters. Here, on Node, at once. */
export function sha256Base64url(text: string): MaybePromise<string> {
  return hash('sha256', text, 'base64url')
}

/**
 * Are the two equal? The time taken says nothing about where they differ, nor about the length of the other.
 * A string counts as its UTF-8.
 */
export function constantTimeEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}

/** `bytes` bytes from the system's random source, as base64url. */
export function randomBase64url(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

import { Buffer } from 'node:buffer'
import { decodedLength } from '../base64url.ts'
import { limits } from '../limits.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Decoding is synchronous, so all share one buffer; allocating one would cost as much as decoding into it.
const scratch = Buffer.alloc(decodedLength(limits.tokenLength))

/** The bytes of a part of a token; undefined where it is not canonical base64url (see `decodeBase64url`). */
export function decodeSegment(segment: string): Uint8Array<ArrayBuffer> | undefined {
  if (!isCanonical(segment)) return undefined
  const bytes = new Uint8Array(decodedLength(segment.length))
  return Buffer.from(bytes.buffer).write(segment, 'base64url') === bytes.length ? bytes : undefined
}

/** The same as text. Throws a TypeError where the bytes are not UTF-8. */
export function decodeSegmentText(segment: string): string | undefined {
  if (!isCanonical(segment)) return undefined
  const size = decodedLength(segment.length)
  const target = size > scratch.length ? Buffer.alloc(size) : scratch
  if (target.write(segment, 0, size, 'base64url') !== size) return undefined
  const text = target.toString('utf8', 0, size)
  // Node puts this character for what is not UTF-8; the text may hold it in its own right.
  return text.includes('\ufffd') ? utf8.decode(target.subarray(0, size)) : text
}

/**
 * Node decodes several times faster than a loop, but takes more than it should: it skips what is foreign and knows plain
 * base64 too. What it is given is looked through before, so that it does not matter what this or another runtime's
 * decoder forgives: nothing but the alphabet, no impossible length, no unused bits that are not zero.
 */
function isCanonical(segment: string): boolean {
  const tail = segment.length & 3
  if (tail === 1 || !alphabet.test(segment)) return false
  return tail === 0 || lastOf[tail]?.includes(segment.charAt(segment.length - 1)) === true
}

const alphabet = /^[A-Za-z0-9_-]*$/

/** The last characters that leave no unused bit set, by the characters after the last whole four. */
const lastOf: Readonly<Record<number, string>> = { 2: 'AQgw', 3: 'AEIMQUYcgkosw048' }

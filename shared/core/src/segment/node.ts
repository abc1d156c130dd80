import { Buffer } from 'node:buffer'
import { decodedLength } from '../base64url.ts'
import { limits } from '../limits.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Decoding is synchronous, so all share one buffer; allocating one would cost as much as decoding into it.
const scratch = Buffer.alloc(decodedLength(limits.tokenLength))

/*
 * Node decodes several times faster than a loop, but takes more than it should: it skips what is foreign, knows plain base64
 * too, and overlooks bits that are of no byte. What it writes has one form alone, so whatever is not written as it was read
 * was not canonical, and it does not matter what this or another runtime's decoder forgives.
 */

/** The bytes of a part of a token; undefined where it is not canonical base64url (see `decodeBase64url`). */
export function decodeSegment(segment: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = Buffer.from(segment, 'base64url')
  if (bytes.toString('base64url') !== segment) return undefined
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** The same as text. Throws a TypeError where the bytes are not UTF-8. */
export function decodeSegmentText(segment: string): string | undefined {
  const most = decodedLength(segment.length)
  const target = most > scratch.length ? Buffer.alloc(most) : scratch
  const size = target.write(segment, 0, most, 'base64url')
  if (target.toString('base64url', 0, size) !== segment) return undefined
  const text = target.toString('utf8', 0, size)
  // Node puts this character for what is not UTF-8; the text may hold it in its own right.
  return text.includes('\ufffd') ? utf8.decode(target.subarray(0, size)) : text
}

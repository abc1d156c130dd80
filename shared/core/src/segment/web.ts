import { decodeBase64url, decodeBase64urlInto, decodedLength } from '../base64url.ts'
import { limits } from '../limits.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Decoding is synchronous, so all share one buffer; allocating one would cost as much as decoding into it.
const scratch = new Uint8Array(decodedLength(limits.tokenLength))

/** The bytes of a part of a token; undefined where it is not canonical base64url (see `decodeBase64url`). */
export function decodeSegment(segment: string): Uint8Array<ArrayBuffer> | undefined {
  return decodeBase64url(segment)
}

/** The same as text. Throws a TypeError where the bytes are not UTF-8. */
export function decodeSegmentText(segment: string): string | undefined {
  const size = decodedLength(segment.length)
  const target = size > scratch.length ? new Uint8Array(size) : scratch
  const length = decodeBase64urlInto(target, segment, 0, segment.length)
  return length < 0 ? undefined : utf8.decode(target.subarray(0, length))
}

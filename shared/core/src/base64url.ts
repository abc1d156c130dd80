const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

// ASCII code → six bits; 255 marks a character outside the alphabet.
const sextets = new Uint8Array(128).fill(255)
for (let index = 0; index < alphabet.length; index += 1) sextets[alphabet.charCodeAt(index)] = index

/** Bytes as base64url without padding (RFC 4648 §5). */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index
    const chunk = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    text += alphabet.charAt(chunk >> 18) + alphabet.charAt((chunk >> 12) & 63)
    if (left > 1) text += alphabet.charAt((chunk >> 6) & 63)
    if (left > 2) text += alphabet.charAt(chunk & 63)
  }
  return text
}

/**
 * The bytes of a base64url text; undefined when it is not the one canonical spelling of them: padding, characters of
 * plain base64, white space, an impossible length and unused bits that are not zero are all refused, so two different
 * texts never mean the same bytes.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(decodedLength(text.length))
  return decodeBase64urlInto(bytes, text, 0, text.length) < 0 ? undefined : bytes
}

/** How many bytes a canonical text of `length` characters stands for. */
export function decodedLength(length: number): number {
  return Math.floor((length * 3) / 4)
}

/**
 * Decodes `text` from `start` up to `end` as `decodeBase64url` does, to the front of `target`, which has room for it.
 * The number of bytes, or -1.
 */
export function decodeBase64urlInto(target: Uint8Array, text: string, start: number, end: number): number {
  const tail = (end - start) & 3
  if (tail === 1) return -1
  const whole = end - tail
  // One test at the end instead of one a character: whatever is foreign leaves a bit above those that are allowed.
  let codes = 0
  let values = 0
  let out = 0
  for (let index = start; index < whole; index += 4) {
    const w = text.charCodeAt(index)
    const x = text.charCodeAt(index + 1)
    const y = text.charCodeAt(index + 2)
    const z = text.charCodeAt(index + 3)
    const a = sextets[w & 127] ?? 255
    const b = sextets[x & 127] ?? 255
    const c = sextets[y & 127] ?? 255
    const d = sextets[z & 127] ?? 255
    codes |= w | x | y | z
    values |= a | b | c | d
    target[out] = (a << 2) | (b >> 4)
    target[out + 1] = (b << 4) | (c >> 2)
    target[out + 2] = (c << 6) | d
    out += 3
  }
  if (codes > 127 || values > 63) return -1
  return tail === 0 ? out : decodeTail(target, out, text.slice(whole, end))
}

/** Decodes the last two or three characters, whose unused bits have to be zero. */
function decodeTail(target: Uint8Array, out: number, tail: string): number {
  const a = alphabet.indexOf(tail.charAt(0))
  const b = alphabet.indexOf(tail.charAt(1))
  if (a < 0 || b < 0) return -1
  target[out] = (a << 2) | (b >> 4)
  if (tail.length === 2) return (b & 15) === 0 ? out + 1 : -1
  const c = alphabet.indexOf(tail.charAt(2))
  target[out + 1] = (b << 4) | (c >> 2)
  return c >= 0 && (c & 3) === 0 ? out + 2 : -1
}

import { stripVTControlCharacters } from 'node:util'

/** Foreign text made fit to be quoted: no control characters, one line, at most `length` characters. */
export function printable(text: string, length: number): string {
  const clean = stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
  return clean.length <= length ? clean : `${clean.slice(0, length)}…`
}

/** The text with each secret in it replaced. Values shorter than four characters are no secrets and would garble it. */
export function redact(text: string, secrets: Iterable<string>): string {
  let redacted = text
  for (const secret of secrets) {
    if (secret.length >= 4) redacted = redacted.replaceAll(secret, '***')
  }
  return redacted
}

/** Keeps the last `max` bytes of what it is given. */
export interface Tail {
  push(chunk: Uint8Array): void
  text(): string
}

/** Makes a tail: for a process's stderr, whose end says why it failed. */
export function createTail(max: number): Tail {
  let kept: Buffer = Buffer.alloc(0)
  return {
    push(chunk) {
      const joined = Buffer.concat([kept, chunk])
      kept = joined.length > max ? Buffer.from(joined.subarray(joined.length - max)) : joined
    },
    text: () => kept.toString('utf8'),
  }
}

import { limits } from '../limits.ts'

/**
 * Makes the matcher of a URI, a URI template or the beginning of URIs (`*` at the end). It would rather match too much: an
 * expression of a template stands for any text, and a URI matches if any of its spellings does, with or without its query. So
 * dot segments, percent-encoding, doubled slashes and the case of a scheme lead past no rule.
 */
export function createUriPattern(pattern: string): (uri: string) => boolean {
  const literals = (pattern.endsWith('*') ? `${pattern.slice(0, -1)}{}` : pattern).split(/\{[^}]*\}/)
  const [first = '', ...others] = literals
  const alternatives = [
    literals,
    ...spellings(first).map((head) => [head, ...others.map((text) => squeeze(decode(text)))]),
  ]
  return (uri) => {
    if (uri.length > limits.resourceUriLength) return true
    return spellings(uri).some((spelling) => alternatives.some((parts) => standInOrder(parts, spelling)))
  }
}

/** Do the literals stand in the text in this order, the first at its beginning and the last at its end? In linear time. */
function standInOrder(literals: readonly string[], text: string): boolean {
  const [first = '', ...others] = literals
  const last = others.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const literal of others) {
    const found = text.indexOf(literal, at)
    if (found < 0) return false
    at = found + literal.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}

/** What a server may take a URI for: as it is, as the SDKs look it up, and decoded as far as that goes. */
function spellings(uri: string): readonly string[] {
  const looked = [uri, normalize(uri), decode(uri), decode(normalize(decode(uri)))]
  const whole = [...looked, ...looked.map(squeeze)]
  return [...new Set([...whole, ...whole.map((text) => text.replace(/[?#].*$/s, ''))])]
}

/** The form in which the SDKs' servers look a resource up. */
function normalize(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).href : uri
}

function squeeze(uri: string): string {
  return uri.replace(/\/{2,}/g, '/')
}

/** Percent-decoded again and again, so that no encoding of an encoding hides a name. */
function decode(uri: string): string {
  let text = uri
  for (let round = 0; round < 8; round += 1) {
    const next = text.replace(/(?:%[0-9a-f]{2})+/gi, decodeOctets)
    if (next === text) return text
    text = next
  }
  return text
}

function decodeOctets(octets: string): string {
  const bytes = octets.match(/[0-9a-f]{2}/gi) ?? []
  return new TextDecoder().decode(Uint8Array.from(bytes, (hex) => Number.parseInt(hex, 16)))
}

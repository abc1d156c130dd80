/**
 * What a server may take a URI for: as it is, as the SDKs look it up, and decoded as far as that goes. So dot segments,
 * percent-encoding, doubled slashes and the case of a scheme lead past no rule.
 */
export function spellingsOf(uri: string): readonly string[] {
  const decoded = decode(uri)
  const looked = [uri, normalize(uri), decoded, decode(normalize(decoded))]
  return [...new Set([...looked, ...looked.map(squeeze)])]
}

/** The spellings, with and without their queries: a server may look at either. */
export function looseSpellingsOf(spellings: readonly string[]): readonly string[] {
  return [...new Set([...spellings, ...spellings.map(withoutQuery)])]
}

/** Without query and fragment. */
export function withoutQuery(uri: string): string {
  return uri.replace(/[?#].*$/s, '')
}

/** The form in which the SDKs' servers look a resource up. */
function normalize(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).href : uri
}

/** With one slash for several. */
export function squeeze(uri: string): string {
  return uri.replace(/\/{2,}/g, '/')
}

/** Percent-decoded again and again, so that no encoding of an encoding hides a name. */
export function decode(uri: string): string {
  let text = uri
  for (let round = 0; round < 8 && text.includes('%'); round += 1) {
    const next = text.replace(/(?:%[0-9a-f]{2})+/gi, decodeOctets)
    if (next === text) return text
    text = next
  }
  return text
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

function decodeOctets(octets: string): string {
  const bytes = new Uint8Array(octets.length / 3)
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = Number.parseInt(octets.slice(index * 3 + 1, index * 3 + 3), 16)
  }
  return utf8.decode(bytes)
}

/** A URI, a URI template or the beginning of URIs (`*` at the end), to compare spellings of URIs with. */
export interface UriPattern {
  /**
   * May it be about what is spelled like this, with its query or without? Rather yes than no: an expression stands for any
   * text.
   */
  concerns(spelling: string): boolean
  /**
   * Is it about this for certain? Rather no than yes: an expression stands for what its operator has it begin with and not
   * for nothing, a plain one for no slash, and the query matters.
   */
  covers(spelling: string): boolean
}

export function createUriPattern(pattern: string): UriPattern {
  const written = pattern.endsWith('*') ? `${pattern.slice(0, -1)}{+rest}` : pattern
  const literals = written.split(/\{[^}]*\}/)
  const expressions = [...written.matchAll(/\{([^}]*)\}/g)].map(([, expression = '']) => createExpression(expression))
  const [first = '', ...others] = literals
  const rest = others.map((text) => squeeze(decode(text)))
  const heads = spellingsOf(first)
  const narrow = withoutTwins([literals, ...heads.map((head) => [head, ...rest])])
  const wide = withoutTwins([...narrow, ...heads.map((head) => [withoutQuery(head), ...rest])])
  return {
    concerns: (spelling) => wide.some((parts) => gapsOf(parts, spelling) !== undefined),
    covers: (spelling) =>
      narrow.some((parts) => gapsOf(parts, spelling)?.every((gap, index) => expressions[index]?.(gap) === true)),
  }
}

/** Tells whether an expression (RFC 6570) stands for a text for certain. For itself it does, as completion names it. */
function createExpression(expression: string): (text: string) => boolean {
  const [operator = ''] = /^[+#./;?&]?/.exec(expression) ?? []
  if (operator === '+') return () => true
  const hasSlash = operator === '/' ? /[*,]/.test(expression) : operator !== '' && operator !== '.'
  const isValue = (text: string) => text !== '' && (hasSlash || !text.includes('/'))
  return (text) =>
    (text.startsWith(operator) && isValue(text.slice(operator.length))) || decode(text) === `{${expression}}`
}

function withoutTwins(alternatives: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return [...new Map(alternatives.map((parts) => [JSON.stringify(parts), parts])).values()]
}

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

/**
 * The text between the literals, if these stand in it in this order, the first at its beginning and the last at its end. In
 * linear time.
 */
function gapsOf(literals: readonly string[], text: string): readonly string[] | undefined {
  const [first = '', ...others] = literals
  const last = others.pop()
  if (last === undefined) return text === first ? [] : undefined
  if (!text.startsWith(first)) return undefined
  const gaps: string[] = []
  let at = first.length
  for (const literal of others) {
    const found = text.indexOf(literal, at)
    if (found < 0) return undefined
    gaps.push(text.slice(at, found))
    at = found + literal.length
  }
  const end = text.length - last.length
  return end >= at && text.endsWith(last) ? [...gaps, text.slice(at, end)] : undefined
}

function withoutQuery(uri: string): string {
  return uri.replace(/[?#].*$/s, '')
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

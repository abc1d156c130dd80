import { decode, spellingsOf, squeeze, withoutQuery } from './uri-spellings.ts'

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

/**
 * Makes the pattern of a URI, of a template (RFC 6570) or, with `*` at the end, of the URIs that begin like it. It takes any
 * text: one that is no template is a URI, to the letter.
 */
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

import { limits } from './limits.ts'

/** Why a text is no JSON for us. */
export type JsonProblemCode =
  | 'too_large'
  | 'too_deep'
  | 'syntax'
  | 'duplicate_member'
  | 'number_out_of_range'
  | 'not_unicode'

const messages: Record<JsonProblemCode, string> = {
  too_large: 'the JSON text is too large',
  too_deep: 'the JSON text is nested too deeply',
  syntax: 'the text is not JSON',
  duplicate_member: 'a member occurs twice in one JSON object',
  number_out_of_range: 'a JSON number is out of range',
  not_unicode: 'a JSON string is not well-formed Unicode',
}

/** The SyntaxError that `parseJson` throws. Its message is a fixed text: nothing of the input is in it. */
export class JsonProblem extends SyntaxError {
  readonly code: JsonProblemCode

  constructor(code: JsonProblemCode) {
    super(messages[code])
    this.name = 'JsonProblem'
    this.code = code
  }
}

export interface JsonLimits {
  /** Deepest nesting of objects and arrays. Default 32. */
  readonly maxDepth?: number
  /** Longest text in UTF-8 bytes. Default 1 MiB. */
  readonly maxBytes?: number
}

/**
 * Parses JSON (RFC 8259) as strictly as security needs it (RFC 7493): what two parsers might read differently is
 * refused. That is duplicate members at any depth, a byte order mark, trailing text, numbers that overflow and strings
 * with half a surrogate pair, besides texts above the limits. Throws `JsonProblem`.
 *
 * A member named `__proto__` becomes an own property like any other and leaves every prototype alone.
 */
export function parseJson(
  text: string,
  { maxDepth = limits.jsonDepth, maxBytes = limits.jsonBytes }: JsonLimits = {},
): unknown {
  if (exceedsBytes(text, maxBytes)) throw new JsonProblem('too_large')
  const members = countMembers(text, maxDepth)
  const value = parseNative(text)
  // Native parsing keeps one of two equal members, so the text then names more members than the value has.
  if (visit(value, mayHoldHalfPairs(text)) !== members) throw new JsonProblem('duplicate_member')
  return value
}

function parseNative(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new JsonProblem('syntax')
  }
}

/**
 * Is a parsed JSON value nested deeper than `max` objects and arrays? `JSON.parse` reads any depth, but what walks the
 * value, as `JSON.stringify` does, has an end to its stack: whoever takes JSON from others asks this first.
 */
export function isNestedDeeper(value: unknown, max: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (max <= 0) return true
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  return inner.some((one) => typeof one === 'object' && isNestedDeeper(one, max - 1))
}

/** Half a surrogate pair gets into a string either as it is or by a \u escape. */
function mayHoldHalfPairs(text: string): boolean {
  return text.includes('\\u') || !text.isWellFormed()
}

/** Counts the members of all objects in a value, and refuses what only a look at the values shows. */
function visit(value: unknown, checkStrings: boolean): number {
  if (typeof value === 'object') return value === null ? 0 : visitContainer(value, checkStrings)
  if (typeof value === 'string') checkString(value, checkStrings)
  else if (typeof value === 'number' && !Number.isFinite(value)) throw new JsonProblem('number_out_of_range')
  return 0
}

function visitContainer(value: object, checkStrings: boolean): number {
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value) members += visit(item, checkStrings)
    return members
  }
  for (const name of Object.keys(value)) {
    checkString(name, checkStrings)
    members += 1 + visit((value as Record<string, unknown>)[name], checkStrings)
  }
  return members
}

function checkString(text: string, check: boolean): void {
  if (check && !text.isWellFormed()) throw new JsonProblem('not_unicode')
}

/**
 * How many members the objects of a JSON text name: its colons outside strings. Runs before the parser, so that a text
 * which is nested too deeply costs no more than this; for what is no JSON any number will do.
 */
function countMembers(text: string, maxDepth: number): number {
  let members = 0
  let depth = 0
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index)
    if (character === code.quote) index = endOfString(text, index)
    else if (character === code.colon) members += 1
    else if (character === code.openObject || character === code.openArray) depth += 1
    else if (character === code.closeObject || character === code.closeArray) depth -= 1
    if (depth > maxDepth) throw new JsonProblem('too_deep')
  }
  return members
}

const code = {
  quote: 0x22,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const

function endOfString(text: string, start: number): number {
  let index = start + 1
  while (index < text.length) {
    const character = text.charCodeAt(index)
    if (character === code.quote) break
    index += character === code.backslash ? 2 : 1
  }
  return index
}

/** Is the text longer than `max` in UTF-8? Half a surrogate pair counts as the three bytes that would stand for it. */
function exceedsBytes(text: string, max: number): boolean {
  if (text.length > max) return true
  if (text.length * 3 <= max) return false
  let bytes = text.length
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code < 0x80) continue
    const isHalfOfPair = code >= 0xd800 && code <= 0xdfff
    bytes += code < 0x800 || isHalfOfPair ? 1 : 2
  }
  return bytes > max
}

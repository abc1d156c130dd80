import { limits } from './limits.ts'

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const text = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/
const scopeText = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/

/** May `value` stand in a challenge: printable ASCII without `"` and `\`, not empty (RFC 6750 §3)? */
export function isChallengeText(value: string): boolean {
  return text.test(value)
}

/**
 * Builds one challenge of a WWW-Authenticate header (RFC 9110 §11.6.1, RFC 6750 §3): parameters in the given order,
 * those that are undefined left out. Every value is a quoted-string without escapes, for many clients do not unescape.
 *
 * Throws a TypeError rather than emit a character that is not allowed, so no text can add a parameter of its own.
 */
export function buildChallenge(scheme: string, params: Readonly<Record<string, string | undefined>> = {}): string {
  if (!token.test(scheme)) throw new TypeError('scheme: an authentication scheme is an RFC 9110 token')
  const seen = new Set<string>()
  const parts: string[] = []
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue
    checkParam(name, value, seen)
    parts.push(`${name}="${value}"`)
  }
  return parts.length === 0 ? scheme : `${scheme} ${parts.join(', ')}`
}

function checkParam(name: string, value: string, seen: Set<string>): void {
  if (!token.test(name)) throw new TypeError('a name of a challenge parameter is an RFC 9110 token')
  if (seen.has(name.toLowerCase())) throw new TypeError(`${name}: a challenge parameter occurs once`)
  seen.add(name.toLowerCase())
  const allowed = name.toLowerCase() === 'scope' ? scopeText : text
  if (!allowed.test(value)) {
    throw new TypeError(`${name}: a challenge parameter is printable ASCII without " and \\, and not empty`)
  }
}

export interface Challenge {
  /** As it was written; schemes are compared without regard to case. */
  readonly scheme: string
  readonly token68?: string
  /** Names in lower case, values unescaped. */
  readonly params: Record<string, string>
}

/**
 * Parses a WWW-Authenticate header (RFC 9110 §11.6.1, a list of challenges), strictly: what a sender may not write is a
 * SyntaxError, empty list elements and a parameter that occurs twice included.
 */
export function parseChallenges(header: string): Challenge[] {
  if (header.length > limits.challengeLength) throw new SyntaxError('the challenge header is too long')
  const reader = createReader(header)
  const challenges: Challenge[] = []
  do {
    reader.take(ows)
    challenges.push(readChallenge(reader))
    reader.take(ows)
  } while (reader.take(comma) !== undefined)
  if (!reader.atEnd()) throw reader.problem()
  return challenges
}

// Sticky patterns: each matches at the reader's place or not at all, and none can backtrack far.
const ows = /[ \t]*/y
const comma = /,/y
const tokenHere = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y
const spaces = / +/y
const token68Here = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y
const equals = /[ \t]*=[ \t]*/y
const nextParam = /[ \t]*,[ \t]*(?=[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=)/y
const quoted = /"(?:[\t \x21\x23-\x5B\x5D-\x7E\x80-\xFF]|\\[\t \x21-\x7E\x80-\xFF])*"/y

interface Reader {
  /** What the pattern matches at this place, passed over; undefined when it does not. */
  take(pattern: RegExp): string | undefined
  atEnd(): boolean
  problem(): SyntaxError
}

function createReader(header: string): Reader {
  let place = 0
  return {
    take(pattern) {
      pattern.lastIndex = place
      const match = pattern.exec(header)
      if (match === null) return undefined
      place = pattern.lastIndex
      return match[0]
    },
    atEnd: () => place === header.length,
    problem: () => new SyntaxError(`malformed challenge header at character ${place}`),
  }
}

function readChallenge(reader: Reader): Challenge {
  const scheme = reader.take(tokenHere)
  if (scheme === undefined) throw reader.problem()
  if (reader.take(spaces) === undefined) return { scheme, params: {} }
  const token68 = reader.take(token68Here)
  if (token68 !== undefined) return { scheme, token68, params: {} }
  return { scheme, params: readParams(reader) }
}

function readParams(reader: Reader): Record<string, string> {
  const params = new Map<string, string>()
  do {
    const name = reader.take(tokenHere)?.toLowerCase()
    if (name === undefined || params.has(name) || reader.take(equals) === undefined) throw reader.problem()
    params.set(name, readValue(reader))
  } while (reader.take(nextParam) !== undefined)
  // Not by assignment: a parameter may be called __proto__.
  return Object.fromEntries(params)
}

function readValue(reader: Reader): string {
  const plain = reader.take(tokenHere)
  if (plain !== undefined) return plain
  const value = reader.take(quoted)
  if (value === undefined) throw reader.problem()
  return value.slice(1, -1).replace(/\\(.)/g, '$1')
}

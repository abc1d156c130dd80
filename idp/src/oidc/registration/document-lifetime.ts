import { limits } from '../../limits.ts'

/**
 * How long a fetched document may be used without asking again, in milliseconds: what its headers say (RFC 9111 §4.2)
 * within our bounds. `no-store` and `no-cache` mean the least: a sign-in looks at the document several times.
 *
 * @param now epoch milliseconds, for an Expires without a Date
 */
export function freshFor(headers: Headers, now: number): number {
  const { least, usual, most } = limits.clientDocumentFreshMs
  return Math.min(most, Math.max(least, statedLifetime(headers, now) ?? usual))
}

function statedLifetime(headers: Headers, now: number): number | undefined {
  const directives = directivesOf(headers.get('cache-control') ?? '')
  if (directives.has('no-store') || directives.has('no-cache')) return 0
  const maxAge = directives.get('max-age')
  if (maxAge !== undefined) {
    // RFC 9111 §4.2.1: a lifetime that is no number counts as over.
    return /^\d{1,10}$/.test(maxAge) ? (Number(maxAge) - ageOf(headers)) * 1000 : 0
  }
  const expires = headers.get('expires')
  if (expires === null) return undefined
  const at = Date.parse(expires)
  if (Number.isNaN(at)) return 0
  const date = Date.parse(headers.get('date') ?? '')
  return at - (Number.isNaN(date) ? now : date) - ageOf(headers) * 1000
}

function ageOf(headers: Headers): number {
  const age = headers.get('age') ?? ''
  return /^\d{1,10}$/.test(age) ? Number(age) : 0
}

/** The first of each directive, by its name in small letters. */
function directivesOf(cacheControl: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>()
  for (const part of cacheControl.split(',')) {
    const [name = '', value = ''] = part.split('=', 2)
    const key = name.trim().toLowerCase()
    if (!directives.has(key)) directives.set(key, value.trim().replace(/^"(.*)"$/, '$1'))
  }
  return directives
}

import { stringify } from 'yaml'
import { withoutVariables } from './substitute.ts'

/** A seed as a file that the loader reads back as it was: what looks like a variable is written so that it is none. */
export function writeSeed(seed: unknown, format: 'yaml' | 'json'): string {
  const text = literal(seed)
  // Neither blocks nor folded lines: they would not keep every space.
  return format === 'json' ? JSON.stringify(text, null, 2) : stringify(text, { blockQuote: false, lineWidth: 0 })
}

function literal(value: unknown): unknown {
  if (typeof value === 'string') return withoutVariables(value)
  if (Array.isArray(value)) return value.map(literal)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, literal(member)]))
}

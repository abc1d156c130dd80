import { type Attributes, isAttributes } from './attributes.ts'
import { escapeText } from './escape.ts'
import { type Hole, holesOf } from './holes.ts'

const marking = Symbol('markup')

/** Finished markup. Only `html` makes it, so whatever is one has been escaped. */
export interface Html {
  readonly [marking]: string
}

/** What may stand in a template: nothing at all for null, undefined and false. */
export type Value = string | number | Html | Attributes | null | undefined | false | readonly Value[]

/**
 * Markup from a template. Strings are escaped, in text and in quoted attributes; nested templates and lists of them are
 * taken as they are; between attributes only `attributes` may stand. There is no way around the escape.
 *
 * @throws TypeError where a value stands in a place that escaping does not make safe: in an unquoted attribute, a tag's
 *   name, a comment, or in a script or style
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  const holes = holesOf(strings)
  let text = strings[0] ?? ''
  for (const [index, hole] of holes.entries()) {
    text += fill(hole, values[index]) + (strings[index + 1] ?? '')
  }
  return { [marking]: text }
}

/** The text of a whole document, ready to be sent. */
export function documentOf(page: Html): string {
  return page[marking]
}

function fill(hole: Hole, value: Value): string {
  if (value === null || value === undefined || value === false) return ''
  if (isList(value)) return value.map((item) => fill(hole, item)).join('')
  if (typeof value !== 'object') {
    if (hole === 'tag') throw new TypeError('between attributes only attributes() may stand')
    return escapeText(String(value))
  }
  if (isAttributes(value)) {
    if (hole !== 'tag') throw new TypeError('attributes() may only stand between attributes')
    return value.text
  }
  if (hole !== 'text') throw new TypeError('markup cannot stand inside a tag')
  return value[marking]
}

/** Array.isArray does not narrow readonly arrays. */
function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

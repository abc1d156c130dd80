import { escapeText } from './escape.ts'

const kind = Symbol('attributes')

/** Attributes of one element, escaped and quoted. Only `attributes` makes them. */
export interface Attributes {
  readonly kind: typeof kind
  readonly text: string
}

/** true: the name alone; false and undefined: not there. */
export type AttributeValue = string | number | boolean | undefined

const addresses = new Set(['href', 'src', 'action', 'formaction'])

/**
 * Attributes for a template: `<input ${attributes({ name, required: true })}>`.
 *
 * @throws TypeError for handlers and styles, and for an address that is neither a path of this origin nor http(s); a link may
 *   lead to an application as well, by a scheme with a domain of its own
 */
export function attributes(given: Readonly<Record<string, AttributeValue>>): Attributes {
  const pieces = Object.entries(given).map(([name, value]) => attribute(name, value))
  return { kind, text: pieces.filter((piece) => piece !== '').join(' ') }
}

export function isAttributes(value: object): value is Attributes {
  return 'kind' in value && value.kind === kind
}

function attribute(name: string, value: AttributeValue): string {
  if (!/^[a-z][a-z-]*$/.test(name) || /^on|^style$|^srcdoc$/.test(name)) {
    throw new TypeError(`${name} is no attribute for a page`)
  }
  if (value === undefined || value === false) return ''
  if (value === true) return name
  const text = String(value)
  if (addresses.has(name) && !isAddress(text) && !(name === 'href' && isOfApplication(text))) {
    throw new TypeError(`${name} takes a path or an http(s) address`)
  }
  return `${name}="${escapeText(text)}"`
}

function isAddress(text: string): boolean {
  return /^https?:\/\/[^/]/.test(text) || /^[/](?![/\\])/.test(text) || text.startsWith('#')
}

/** RFC 8252 §7.1: a reversed domain. What a browser itself would run or show has no dot in its scheme. */
function isOfApplication(text: string): boolean {
  return /^[a-z][a-z0-9+-]*\.[a-z0-9+.-]*:[^:]/i.test(text)
}

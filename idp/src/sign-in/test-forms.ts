// For tests: what a browser without scripts makes of a page's forms.
import type { Browser, Visit } from '../oidc/test-browser.ts'

export interface Form {
  /** Absolute. */
  readonly action: string
  /** What would be sent, by name, without any button. */
  readonly fields: Readonly<Record<string, string>>
  readonly names: ReadonlySet<string>
  readonly buttons: readonly Button[]
}

export interface Button {
  readonly label: string
  readonly name: string | undefined
  readonly value: string
}

export function formsOf({ text, url }: Pick<Visit, 'text' | 'url'>): Form[] {
  return [...text.matchAll(/<form ([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = '', body = '']) => {
    const inputs = [...body.matchAll(/<input ([^>]*)>/g)].map(([, tag = '']) => attributesOf(tag))
    const sent = inputs.filter(({ type, checked }) => type !== 'checkbox' || checked !== undefined)
    return {
      action: new URL(attributesOf(head)['action'] ?? '', url).href,
      fields: Object.fromEntries(sent.map(({ name = '', value = '' }) => [name, value])),
      names: new Set(inputs.map(({ name = '' }) => name)),
      buttons: [...body.matchAll(/<button ([^>]*)>([\s\S]*?)<\/button>/g)].map(([, tag = '', label = '']) => {
        const { name, value = '' } = attributesOf(tag)
        return { label: textOf(label), name, value }
      }),
    }
  })
}

/** Fills in the form that has these fields, presses the button of that label (else the first), and goes where it leads. */
export function submit(
  browser: Browser,
  visit: Visit,
  values: Readonly<Record<string, string>>,
  label?: string,
): Promise<Visit> {
  const { action, fields } = filledForm(visit, values, label)
  return browser.follow(action, fields)
}

/** What would be posted. */
export function filledForm(visit: Visit, values: Readonly<Record<string, string>>, label?: string) {
  const form = formsOf(visit).find(
    ({ names, buttons }) =>
      Object.keys(values).every((name) => names.has(name)) &&
      (label === undefined || buttons.some((button) => button.label === label)),
  )
  if (form === undefined) throw new Error(`no form takes ${Object.keys(values)} ${label}: ${visit.text}`)
  const { name, value = '' } = form.buttons.find((button) => label === undefined || button.label === label) ?? {}
  return {
    action: form.action,
    fields: { ...form.fields, ...values, ...(name === undefined ? {} : { [name]: value }) },
  }
}

/** What a reader sees, in one line. */
export function textOf(page: string): string {
  const body = page.replace(/<head>[\s\S]*<\/head>/, '')
  const text = body.replace(/<\/?(?:a|bdi|code|span|strong)(?: [^>]*)?>/g, '').replace(/<[^>]*>/g, ' ')
  return unescaped(text).replace(/\s+/g, ' ').trim()
}

export function titleOf({ text }: Pick<Visit, 'text'>): string {
  return unescaped(/<title>([^<]*)<\/title>/.exec(text)?.[1] ?? '')
}

/** Path of the link with that text. */
export function linkOf({ text, url }: Pick<Visit, 'text' | 'url'>, label: string): string {
  const links = [...text.matchAll(/<a href="([^"]*)">([\s\S]*?)<\/a>/g)]
  const [, href] = links.find(([, , content = '']) => textOf(content) === label) ?? []
  if (href === undefined) throw new Error(`no link ${label}: ${text}`)
  return new URL(unescaped(href), url).href
}

function attributesOf(tag: string): Record<string, string | undefined> {
  const found = [...tag.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)]
  return Object.fromEntries(found.map(([, name, value]) => [name, unescaped(value ?? '')]))
}

function unescaped(text: string): string {
  const named = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#96;': '`', '&amp;': '&' }
  return text.replace(/&(?:lt|gt|quot|#39|#96|amp);/g, (entity) => named[entity as keyof typeof named])
}

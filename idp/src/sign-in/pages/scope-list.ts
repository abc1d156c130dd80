import { type Html, html } from '../html/html.ts'
import type { PlainKey } from '../language/texts.ts'
import type { Wording } from '../language/wording.ts'

export interface ShownScope {
  readonly name: string
  readonly description?: string | undefined
}

/** Scopes that mean the same in every pool. */
const standard = {
  openid: 'scope.openid',
  profile: 'scope.profile',
  email: 'scope.email',
  phone: 'scope.phone',
  address: 'scope.address',
  groups: 'scope.groups',
  offline_access: 'scope.offline_access',
} as const satisfies Record<string, PlainKey>

export function scopeList(wording: Wording, scopes: readonly ShownScope[]): Html {
  return html`<ul>
${scopes.map((scope) => html`<li>${line(wording, scope)}</li>\n`)}</ul>`
}

function line(wording: Wording, { name, description }: ShownScope): Html {
  const code = html`<code>${name}</code>`
  const text = description ?? (isStandard(name) ? wording.say(standard[name]) : undefined)
  return text === undefined ? code : html`${text} <span class="small">${code}</span>`
}

function isStandard(name: string): name is keyof typeof standard {
  return Object.hasOwn(standard, name)
}

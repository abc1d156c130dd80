import { type Html, html, type Value } from '../html/html.ts'

/** What went wrong with what was just sent; screen readers read it out. */
export function alertNote(text: string | undefined): Html | undefined {
  return text === undefined ? undefined : html`<div class="note alert" role="alert"><p>${text}</p></div>`
}

/** What went well with what was just sent. */
export function statusNote(text: string | undefined): Html | undefined {
  return text === undefined ? undefined : html`<div class="note" role="status"><p>${text}</p></div>`
}

/** What a person should think about before going on. */
export function careNote(text: string): Html {
  return html`<div class="note care"><p>${text}</p></div>`
}

export interface Fact {
  readonly term: string
  readonly detail: Value
}

/** Facts as a list of terms; those without detail are left out. */
export function factList(facts: readonly Fact[]): Html {
  const shown = facts.filter(({ detail }) => detail !== undefined && detail !== false)
  return html`<dl>
${shown.map(({ term, detail }) => html`<div><dt>${term}</dt><dd>${detail}</dd></div>\n`)}</dl>`
}

import { type Html, html } from '../html/html.ts'
import type { Wording } from '../language/wording.ts'

/** Where the codes are that nobody sends; undefined outside of development. */
export function developmentNote(wording: Wording, outbox: string | undefined): Html | undefined {
  if (outbox === undefined) return undefined
  const text = wording.mark('code.development', { outbox: html`<code>${outbox}</code>` })
  return html`<div class="note small"><p>${text}</p></div>`
}

import { attributes } from '../html/attributes.ts'
import { type Html, html } from '../html/html.ts'
import type { Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'

/**
 * Goes on by itself, without a script, and has a link for browsers that do not. It stands between a form and what leaves
 * this origin: what comes after it is no form submission any more.
 *
 * @param to a path of this origin, or an address that a client has registered
 */
export function goOnPage(frame: Frame, to: string): Html {
  const { wording } = frame
  const title = wording.say('goOn.title')
  const link = html`<a ${attributes({ href: to })}>${wording.say('goOn.link')}</a>`
  return layout(frame, {
    title,
    goesOnTo: to,
    content: html`<h1>${title}</h1>
<p>${wording.say('goOn.text')}</p>
<p>${link}</p>`,
  })
}

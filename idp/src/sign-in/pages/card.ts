import { type Html, html, type Value } from '../html/html.ts'
import type { Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'

/** A page that says one thing, and perhaps where to go from there. */
export function noticePage(frame: Frame, title: string, content: Value): Html {
  return layout(frame, { title, content: html`<h1>${title}</h1>${content}` })
}

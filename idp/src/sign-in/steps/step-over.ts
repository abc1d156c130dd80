import { attributes } from '../html/attributes.ts'
import { html } from '../html/html.ts'
import { noticePage } from '../pages/card.ts'
import type { Reply, Visit } from '../visit.ts'

/** For a page whose step before is not there: it took too long, or there never was one. */
export function stepOver({ frame, href }: Visit): Reply {
  const { wording } = frame
  const link = html`<a ${attributes({ href: href() })}>${wording.say('signIn.title')}</a>`
  const content = html`<p>${wording.say('confirm.overText')}</p><p>${link}</p>`
  return { kind: 'page', html: noticePage(frame, wording.say('confirm.over'), content), status: 400 }
}

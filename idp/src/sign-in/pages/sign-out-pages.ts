import type { InteractionClient } from '../../oidc/interactions.ts'
import { type Html, html } from '../html/html.ts'
import { actions, button, postForm } from '../look/form.ts'
import type { Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'
import { noticePage } from './card.ts'
import { strangerName } from './names.ts'

export interface SignOutModel {
  readonly xsrf: string
  readonly action: string
  readonly client: InteractionClient | undefined
}

/** Asks, for any page could send a browser here. */
export function signOutPage(frame: Frame, { xsrf, action, client }: SignOutModel): Html {
  const { wording, brand } = frame
  const title = wording.say('signOut.title')
  const pool = html`<strong>${brand?.name}</strong>`
  const buttons = actions(
    button({ label: wording.say('signOut.no'), look: 'quiet' }),
    button({ label: wording.say('signOut.yes'), name: 'logout', value: 'yes' }),
  )
  return layout(frame, {
    title,
    content: html`<h1>${title}</h1>
<p>${
      client === undefined
        ? wording.mark('signOut.text', { pool })
        : wording.mark('signOut.asked', { pool, client: strangerName(client.name) })
    }</p>
${postForm(action, { xsrf }, buttons)}`,
  })
}

export function signedOutPage(frame: Frame): Html {
  const { wording } = frame
  return noticePage(frame, wording.say('signOut.doneTitle'), html`<p>${wording.say('signOut.doneText')}</p>`)
}

import { type Html, html } from '../html/html.ts'
import { actions, button, postForm } from '../look/form.ts'
import type { Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'
import { alertNote, statusNote } from '../look/notes.ts'
import { codeField } from './code-field.ts'
import { developmentNote } from './development-note.ts'
import { strangerName } from './names.ts'

export interface ConfirmModel {
  readonly csrf: string
  readonly action: string
  /** Email address or phone number that the code went to. */
  readonly sentTo: string
  readonly problem: string | undefined
  readonly alert: string | undefined
  readonly isSentAgain: boolean
  /** In development: where codes wait. */
  readonly outbox: string | undefined
}

export function confirmPage(frame: Frame, model: ConfirmModel): Html {
  const { wording } = frame
  const { csrf, action, problem, alert } = model
  const title = wording.say('confirm.title')
  const submit = actions(button({ label: wording.say('confirm.submit') }))
  const resend = button({ label: wording.say('confirm.resend'), name: 'resend', value: 'yes', look: 'link' })
  return layout(frame, {
    title,
    isProblem: problem !== undefined || alert !== undefined,
    content: html`<h1>${title}</h1>
<p>${wording.mark('confirm.text', { name: strangerName(model.sentTo) })}</p>
${alertNote(alert)}${statusNote(model.isSentAgain ? wording.say('confirm.resent') : undefined)}
${developmentNote(wording, model.outbox)}
${postForm(action, { csrf }, [codeField(wording, problem, true), submit])}
<div class="aside">${postForm(action, { csrf }, resend)}</div>`,
  })
}

import { limits } from '../../limits.ts'
import type { InteractionClient } from '../../oidc/interactions.ts'
import type { UserCodeProblem } from '../../oidc/pages.ts'
import { displayText } from '../display-text.ts'
import { type Html, html } from '../html/html.ts'
import { actions, button, postForm, textField } from '../look/form.ts'
import type { Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'
import { careNote, factList, statusNote } from '../look/notes.ts'
import { noticePage } from './card.ts'
import { strangerName } from './names.ts'

export interface DeviceInputModel {
  readonly xsrf: string
  readonly action: string
  readonly userCode: string
  readonly problem: UserCodeProblem | undefined
}

/** Asks for the code that a device shows (RFC 8628 §3.3). */
export function deviceInputPage(frame: Frame, { xsrf, action, userCode, problem }: DeviceInputModel): Html {
  const { wording } = frame
  const title = wording.say('device.title')
  const isOver = problem === 'denied'
  const field = textField({
    name: 'user_code',
    label: wording.say('field.userCode'),
    autocomplete: 'off',
    isCode: true,
    value: userCode,
    problem: problem === undefined || isOver ? undefined : wording.say(`device.${problem}`),
    autofocus: true,
    maxlength: limits.codeSent,
  })
  return layout(frame, {
    title,
    isProblem: problem !== undefined && !isOver,
    content: html`<h1>${title}</h1>
<p>${wording.say('device.text')}</p>
${statusNote(isOver ? wording.say('device.denied') : undefined)}
${postForm(action, { xsrf }, [field, actions(button({ label: wording.say('device.submit') }))])}`,
  })
}

export interface DeviceConfirmModel {
  readonly xsrf: string
  readonly action: string
  readonly userCode: string
  readonly client: InteractionClient
  readonly device: { readonly ip?: string | undefined; readonly userAgent?: string | undefined }
}

/** Asks whether it is one's own device: a code that somebody sent opens their device instead (RFC 8628 §5.4). */
export function deviceConfirmPage(frame: Frame, model: DeviceConfirmModel): Html {
  const { wording } = frame
  const { xsrf, action, userCode, client, device } = model
  const title = wording.say('device.confirmTitle')
  const facts = [
    { term: wording.say('device.from'), detail: device.ip && html`<span class="mono">${device.ip}</span>` },
    { term: wording.say('device.program'), detail: device.userAgent && displayText(device.userAgent) },
  ].filter(({ detail }) => Boolean(detail))
  const buttons = actions(
    button({ label: wording.say('device.no'), name: 'abort', value: 'yes', look: 'quiet' }),
    button({ label: wording.say('device.yes'), name: 'confirm', value: 'yes' }),
  )
  return layout(frame, {
    title,
    content: html`<h1>${title}</h1>
<p>${wording.mark('device.confirmText', { client: strangerName(client.name) })}</p>
<p class="big-code">${userCode}</p>
${facts.length > 0 && factList(facts)}
${careNote(wording.say('device.warning'))}
${postForm(action, { xsrf, user_code: userCode }, buttons)}`,
  })
}

export function deviceDonePage(frame: Frame): Html {
  const { wording } = frame
  return noticePage(frame, wording.say('device.doneTitle'), html`<p>${wording.say('device.doneText')}</p>`)
}

import type { PasswordPolicy } from '@postern/server'
import { type Html, html } from '../html/html.ts'
import { actions, button, ownerField, postForm } from '../look/form.ts'
import type { Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'
import { newPasswordField } from './new-password-field.ts'

export interface NewPasswordModel {
  readonly csrf: string
  readonly action: string
  /** Name of who is to have it. */
  readonly userName: string
  readonly policy: PasswordPolicy
  readonly problem: string | undefined
}

/** For who came in with a password that was given to them. */
export function newPasswordPage(frame: Frame, model: NewPasswordModel): Html {
  const { wording } = frame
  const { csrf, action, userName, policy, problem } = model
  const title = wording.say('newPassword.title')
  const field = newPasswordField(wording, { name: 'new_password', policy, problem, autofocus: true })
  const submit = actions(button({ label: wording.say('newPassword.submit') }))
  return layout(frame, {
    title,
    isProblem: problem !== undefined,
    content: html`<h1>${title}</h1>
<p>${wording.say('newPassword.text')}</p>
${postForm(action, { csrf }, [ownerField(userName), field, submit])}`,
  })
}

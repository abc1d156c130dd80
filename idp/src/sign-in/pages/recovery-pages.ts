import type { PasswordPolicy } from '@postern/server'
import type { SignInAttribute } from '../../directory/types.ts'
import { limits } from '../../limits.ts'
import { attributes } from '../html/attributes.ts'
import { type Html, html } from '../html/html.ts'
import { actions, button, ownerField, postForm, textField } from '../look/form.ts'
import type { Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'
import { alertNote } from '../look/notes.ts'
import { codeField } from './code-field.ts'
import { developmentNote } from './development-note.ts'
import { signInLabel, strangerName } from './names.ts'
import { newPasswordField } from './new-password-field.ts'

export interface RecoverModel {
  readonly csrf: string
  readonly action: string
  readonly signInPath: string
  readonly attributes: readonly SignInAttribute[]
  readonly username: string
  readonly problem: string | undefined
  readonly alert: string | undefined
}

/** Asks whose password is to be reset. */
export function recoverPage(frame: Frame, model: RecoverModel): Html {
  const { wording } = frame
  const title = wording.say('recover.title')
  const field = textField({
    name: 'username',
    label: signInLabel(wording, model.attributes),
    autocomplete: 'username',
    value: model.username,
    problem: model.problem,
    maxlength: limits.signInName,
    autofocus: true,
  })
  const submit = actions(button({ label: wording.say('recover.submit') }))
  return layout(frame, {
    title,
    isProblem: model.problem !== undefined || model.alert !== undefined,
    content: html`<h1>${title}</h1>
<p>${wording.say('recover.text')}</p>
${alertNote(model.alert)}
${postForm(model.action, { csrf: model.csrf }, [field, submit])}
<div class="aside"><p><a ${attributes({ href: model.signInPath })}>${wording.say('signIn.title')}</a></p></div>`,
  })
}

export interface ResetModel {
  readonly csrf: string
  readonly action: string
  readonly recoverPath: string
  /** What was typed on the page before; whether there is such a user is not said. */
  readonly name: string
  readonly policy: PasswordPolicy
  readonly codeProblem: string | undefined
  readonly passwordProblem: string | undefined
  readonly alert: string | undefined
  /** In development: where codes wait. */
  readonly outbox: string | undefined
}

/** Takes the code and the new password. */
export function resetPage(frame: Frame, model: ResetModel): Html {
  const { wording } = frame
  const { codeProblem, passwordProblem, policy, alert } = model
  const title = wording.say('recover.title')
  const isCodeWanted = codeProblem !== undefined || passwordProblem === undefined
  const fields = [
    ownerField(model.name),
    codeField(wording, codeProblem, isCodeWanted),
    newPasswordField(wording, { name: 'new_password', policy, problem: passwordProblem, autofocus: !isCodeWanted }),
    actions(button({ label: wording.say('reset.submit') })),
  ]
  return layout(frame, {
    title,
    isProblem: codeProblem !== undefined || passwordProblem !== undefined || alert !== undefined,
    content: html`<h1>${title}</h1>
<p>${wording.mark('reset.text', { name: strangerName(model.name) })}</p>
${alertNote(alert)}
${developmentNote(wording, model.outbox)}
${postForm(model.action, { csrf: model.csrf }, fields)}
<div class="aside"><p><a ${attributes({ href: model.recoverPath })}>${wording.say('confirm.resend')}</a></p></div>`,
  })
}

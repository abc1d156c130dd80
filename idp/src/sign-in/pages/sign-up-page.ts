import type { PasswordPolicy } from '@postern/server'
import type { SignInAttribute } from '../../directory/types.ts'
import { attributes } from '../html/attributes.ts'
import { type Html, html } from '../html/html.ts'
import type { Wording } from '../language/wording.ts'
import { actions, button, postForm } from '../look/form.ts'
import type { Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'
import { alertNote } from '../look/notes.ts'
import { attributeField } from './attribute-fields.ts'
import { strangerName } from './names.ts'
import { newPasswordField } from './new-password-field.ts'

export interface SignUpField {
  readonly attribute: SignInAttribute
  readonly value: string
  readonly isRequired: boolean
}

export interface SignUpModel {
  readonly csrf: string
  readonly action: string
  readonly signInPath: string
  readonly clientName: string
  readonly fields: readonly SignUpField[]
  /** Of these one has to be given, no matter which. */
  readonly atLeastOne: readonly SignInAttribute[]
  readonly policy: PasswordPolicy
  /** By field name. */
  readonly problems: Readonly<Partial<Record<SignInAttribute | 'password', string>>>
  readonly alert: string | undefined
}

export function signUpPage(frame: Frame, model: SignUpModel): Html {
  const { wording } = frame
  const { problems, alert } = model
  const title = wording.say('signUp.title')
  const names = [...model.fields.map(({ attribute }) => attribute), 'password' as const]
  const focus = names.find((name) => problems[name] !== undefined) ?? names[0]
  const inputs = [
    ...model.fields.map((field) =>
      attributeField(wording, { ...field, problem: problems[field.attribute], autofocus: field.attribute === focus }),
    ),
    newPasswordField(wording, {
      name: 'password',
      policy: model.policy,
      problem: problems.password,
      autofocus: focus === 'password',
    }),
  ]
  const link = html`<a ${attributes({ href: model.signInPath })}>${wording.say('signIn.title')}</a>`
  return layout(frame, {
    title,
    isProblem: alert !== undefined || Object.keys(problems).length > 0,
    content: html`<h1>${title}</h1>
<p>${wording.mark('signIn.purpose', { client: strangerName(model.clientName) })}</p>
${model.atLeastOne.length > 0 && html`<p>${wording.say('signUp.atLeastOne', { names: namesOf(wording, model) })}</p>`}
${alertNote(alert)}
${postForm(model.action, { csrf: model.csrf }, [inputs, actions(button({ label: wording.say('signUp.submit') }))])}
<div class="aside"><p>${wording.say('signUp.existing')} ${link}</p></div>`,
  })
}

function namesOf(wording: Wording, { atLeastOne }: SignUpModel): string {
  const names = atLeastOne.map((attribute) => wording.say(`attribute.inline.${attribute}`))
  return wording.list(names, 'disjunction')
}

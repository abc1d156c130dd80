import type { SignInAttribute } from '../../directory/types.ts'
import { limits } from '../../limits.ts'
import { attributes } from '../html/attributes.ts'
import { type Html, html } from '../html/html.ts'
import type { Wording } from '../language/wording.ts'
import { actions, button, postForm, textField } from '../look/form.ts'
import type { Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'
import { alertNote } from '../look/notes.ts'
import { signInLabel, strangerName } from './names.ts'

export interface SignInModel {
  readonly csrf: string
  readonly action: string
  readonly cancelAction: string
  /** undefined: people cannot make an account themselves. */
  readonly signUpPath: string | undefined
  /** undefined: they cannot reset their password themselves. */
  readonly recoverPath: string | undefined
  readonly clientName: string
  readonly attributes: readonly SignInAttribute[]
  readonly username: string
  readonly isRemembered: boolean
  readonly alert: string | undefined
}

export function signInPage(frame: Frame, model: SignInModel): Html {
  const { wording } = frame
  const { csrf, action, alert } = model
  const title = wording.say('signIn.title')
  return layout(frame, {
    title,
    isProblem: alert !== undefined,
    content: html`<h1>${title}</h1>
<p>${wording.mark('signIn.purpose', { client: strangerName(model.clientName) })}</p>
${alertNote(alert)}
${postForm(action, { csrf }, [fields(wording, model), actions(button({ label: title }))])}
${aside(wording, model)}`,
  })
}

function fields(wording: Wording, model: SignInModel): Html {
  const { username, alert } = model
  const isNameWanted = username === '' || alert !== undefined
  return html`${textField({
    name: 'username',
    label: signInLabel(wording, model.attributes),
    autocomplete: 'username',
    value: username,
    maxlength: limits.signInName,
    autofocus: isNameWanted,
  })}${textField({
    name: 'password',
    type: 'password',
    label: wording.say('field.password'),
    autocomplete: 'current-password',
    autofocus: !isNameWanted,
  })}${options(wording, model)}
`
}

function options(wording: Wording, { isRemembered, recoverPath }: SignInModel): Html {
  const box = attributes({ type: 'checkbox', id: 'remember', name: 'remember', value: 'yes', checked: isRemembered })
  const link = recoverPath && html`<a ${attributes({ href: recoverPath })}>${wording.say('signIn.forgot')}</a>`
  return html`<div class="options">
<div class="check"><input ${box}><label for="remember">${wording.say('signIn.remember')}</label></div>
${link}
</div>`
}

function aside(wording: Wording, { csrf, signUpPath, cancelAction }: SignInModel): Html {
  const link = signUpPath && html`<a ${attributes({ href: signUpPath })}>${wording.say('signIn.create')}</a>`
  return html`<div class="aside">
${link && html`<p>${wording.say('signIn.new')} ${link}</p>`}
${postForm(cancelAction, { csrf }, button({ label: wording.say('signIn.cancel'), look: 'link' }))}
</div>`
}

import type { PasswordPolicy } from '@postern/server'
import type { Html } from '../html/html.ts'
import type { Wording } from '../language/wording.ts'
import { textField } from '../look/form.ts'
import { passwordRule } from './password-rule.ts'

export interface NewPasswordField {
  readonly name: 'password' | 'new_password'
  readonly policy: PasswordPolicy
  readonly problem: string | undefined
  readonly autofocus: boolean
}

/** A field for a password to come; what is typed is never sent back. */
export function newPasswordField(wording: Wording, { name, policy, problem, autofocus }: NewPasswordField): Html {
  return textField({
    name,
    type: 'password',
    label: wording.say(name === 'password' ? 'field.password' : 'field.newPassword'),
    autocomplete: 'new-password',
    hint: problem === undefined ? passwordRule(wording, policy) : undefined,
    problem,
    autofocus,
  })
}

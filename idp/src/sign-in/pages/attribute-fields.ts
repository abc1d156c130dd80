import type { SignInAttribute } from '../../directory/types.ts'
import { limits } from '../../limits.ts'
import type { Html } from '../html/html.ts'
import type { Wording } from '../language/wording.ts'
import { type Field, textField } from '../look/form.ts'

const looks = {
  preferred_username: { type: 'text', autocomplete: 'username', inputmode: 'text' },
  email: { type: 'email', autocomplete: 'email', inputmode: 'email' },
  phone_number: { type: 'tel', autocomplete: 'tel', inputmode: 'tel' },
} as const satisfies Record<SignInAttribute, Pick<Field, 'type' | 'autocomplete' | 'inputmode'>>

export interface AttributeField {
  readonly attribute: SignInAttribute
  readonly value: string
  readonly isRequired: boolean
  readonly problem: string | undefined
  readonly autofocus: boolean
}

/** The field of one attribute of a new user, named as the attribute. */
export function attributeField(
  wording: Wording,
  { attribute, value, isRequired, problem, autofocus }: AttributeField,
): Html {
  const label = wording.say(`attribute.${attribute}`)
  return textField({
    name: attribute,
    label: isRequired ? label : wording.say('field.optional', { label }),
    isRequired,
    ...looks[attribute],
    hint: attribute === 'phone_number' ? wording.say('attribute.phone_number.hint') : undefined,
    value,
    problem,
    autofocus,
    maxlength: limits.signInName,
  })
}

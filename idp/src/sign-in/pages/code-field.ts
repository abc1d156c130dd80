import { limits } from '../../limits.ts'
import type { Html } from '../html/html.ts'
import type { Wording } from '../language/wording.ts'
import { textField } from '../look/form.ts'

/** A field for a code that was sent to somebody. */
export function codeField(wording: Wording, problem: string | undefined, autofocus: boolean): Html {
  return textField({
    name: 'code',
    label: wording.say('field.code'),
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    isCode: true,
    problem,
    autofocus,
    maxlength: limits.codeSent,
  })
}

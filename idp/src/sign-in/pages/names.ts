import type { SignInAttribute } from '../../directory/types.ts'
import { displayText } from '../display-text.ts'
import { type Html, html } from '../html/html.ts'
import type { Wording } from '../language/wording.ts'

/** A name that a stranger chose, set apart from the text around it. */
export function strangerName(name: string): Html {
  return html`<strong><bdi>${displayText(name)}</bdi></strong>`
}

/** "Username or email": what a person may sign in with. */
export function signInLabel(wording: Wording, attributes: readonly SignInAttribute[]): string {
  const [first = '', ...others] = wording.list(
    attributes.map((attribute) => wording.say(`attribute.inline.${attribute}`)),
    'disjunction',
  )
  return first.toUpperCase() + others.join('')
}

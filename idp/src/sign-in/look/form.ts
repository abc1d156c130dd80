import { attributes } from '../html/attributes.ts'
import { type Html, html, type Value } from '../html/html.ts'

/** Hidden fields, by name. */
export type Hidden = Readonly<Record<string, string>>

/** A form that is posted to a path of this origin. */
export function postForm(action: string, hidden: Hidden, content: Value): Html {
  const fields = Object.entries(hidden).map(
    ([name, value]) => html`<input ${attributes({ type: 'hidden', name, value })}>\n`,
  )
  return html`<form ${attributes({ method: 'post', action })}>
${fields}${content}
</form>`
}

export interface Field {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'email' | 'tel' | 'password'
  /** What the browser may fill in. */
  readonly autocomplete: string
  readonly value?: string | undefined
  readonly hint?: string | undefined
  /** What has to be mended. */
  readonly problem?: string | undefined
  readonly inputmode?: 'numeric' | 'email' | 'tel' | 'text'
  readonly autofocus?: boolean
  readonly isCode?: boolean
  /** Default: true. */
  readonly isRequired?: boolean
  readonly maxlength?: number
}

/** A labelled field, with its hint and its problem read out with it. */
export function textField(field: Field): Html {
  const { name, label, hint, problem } = field
  const hintId = `${name}-hint`
  const problemId = `${name}-problem`
  const described = [problem && problemId, hint && hintId].filter(Boolean).join(' ')
  return html`<div class="field">
<label for="${name}">${label}</label>
${hint && html`<p class="hint" id="${hintId}">${hint}</p>`}
${problem && html`<p class="problem" id="${problemId}">${problem}</p>`}
<input ${inputAttributes(field, described)}>
</div>
`
}

function inputAttributes(field: Field, described: string) {
  const {
    name,
    type = 'text',
    autocomplete,
    value,
    problem,
    inputmode,
    autofocus = false,
    isCode,
    isRequired = true,
    maxlength,
  } = field
  return attributes({
    class: isCode ? 'code' : undefined,
    id: name,
    name,
    type,
    autocomplete,
    value,
    inputmode,
    maxlength,
    autocapitalize: type === 'text' ? 'none' : undefined,
    spellcheck: 'false',
    required: isRequired,
    autofocus,
    'aria-invalid': problem === undefined ? undefined : 'true',
    'aria-describedby': described === '' ? undefined : described,
  })
}

/** Tells password managers whose password a form is about; nobody sees it. */
export function ownerField(name: string): Html {
  const given = { type: 'text', name: 'username', autocomplete: 'username', value: name, hidden: true }
  return html`<input ${attributes(given)}>\n`
}

export interface Button {
  readonly label: Value
  readonly name?: string
  readonly value?: string
  readonly look?: 'quiet' | 'link'
}

export function button({ label, name, value, look }: Button): Html {
  return html`<button ${attributes({ type: 'submit', name, value, class: look })}>${label}</button>`
}

/** Buttons below each other, or beside each other where there is room. */
export function actions(...buttons: readonly Html[]): Html {
  return html`<div class="actions${buttons.length === 2 && ' pair'}">${buttons}</div>`
}

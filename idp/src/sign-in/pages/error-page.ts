import type { ErrorFacts } from '../../oidc/pages.ts'
import { codeText } from '../display-text.ts'
import { type Html, html } from '../html/html.ts'
import type { PlainKey } from '../language/texts.ts'
import type { Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'
import { factList } from '../look/notes.ts'

/** What a code means for a person; for the others there is one sentence. */
const meanings: Readonly<Record<string, PlainKey>> = {
  invalid_redirect_uri: 'error.invalid_redirect_uri',
  invalid_client: 'error.invalid_client',
  unauthorized_client: 'error.invalid_client',
  access_denied: 'error.access_denied',
  server_error: 'error.server_error',
  slow_down: 'error.slow_down',
  temporarily_unavailable: 'error.slow_down',
  expired: 'error.expired',
}

export type ErrorModel = Pick<ErrorFacts, 'error' | 'description' | 'sent' | 'expected' | 'mend' | 'requestId'>

/** For two readers: the person, who can go back, and whoever builds the app, who can mend it. */
export function errorPage(frame: Frame, model: ErrorModel): Html {
  const { wording } = frame
  const title = wording.say('error.title')
  const meaning = Object.hasOwn(meanings, model.error) ? meanings[model.error] : undefined
  const { sent, expected = [], mend } = model
  const facts = factList([
    { term: wording.say('error.what'), detail: english(model.description) },
    { term: wording.say('error.sent'), detail: sent !== undefined && html`<code>${codeText(sent)}</code>` },
    {
      term: wording.say('error.expected'),
      detail: expected.length > 0 && expected.map((item) => html`<p><code>${codeText(item)}</code></p>`),
    },
    { term: wording.say('error.mend'), detail: mend !== undefined && english(mend) },
    { term: wording.say('error.code'), detail: html`<code>${model.error}</code>` },
    { term: wording.say('error.requestId'), detail: model.requestId && html`<code>${model.requestId}</code>` },
  ])
  return layout(frame, {
    title,
    wide: true,
    content: html`<h1>${title}</h1>
<p>${wording.say(meaning ?? 'error.text')}</p>
<h2>${wording.say('error.developer')}</h2>
${facts}`,
  })
}

function english(text: string): Html {
  return html`<span lang="en">${text}</span>`
}

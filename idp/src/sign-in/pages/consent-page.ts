import type { InteractionClient } from '../../oidc/interactions.ts'
import { displayText } from '../display-text.ts'
import { type Html, html, type Value } from '../html/html.ts'
import type { Wording } from '../language/wording.ts'
import { actions, button, postForm } from '../look/form.ts'
import type { Brand, Frame } from '../look/frame.ts'
import { layout } from '../look/layout.ts'
import { careNote, factList } from '../look/notes.ts'
import { strangerName } from './names.ts'
import { type ShownScope, scopeList } from './scope-list.ts'

export interface ConsentModel {
  readonly csrf: string
  readonly action: string
  readonly client: InteractionClient
  readonly resource: { readonly identifier: string; readonly name: string } | undefined
  readonly scopes: readonly ShownScope[]
  /** Name of who is signed in. */
  readonly userName: string
}

/** Who asks, where the answer goes, and what for: what a person needs to know to say yes or no. */
export function consentPage(frame: Frame & { readonly brand: Brand }, model: ConsentModel): Html {
  const { wording, brand } = frame
  const { client, resource } = model
  const name = strangerName(client.name)
  const title = wording.say('consent.title', { client: displayText(client.name) })
  const facts = factList([
    {
      term: wording.say('consent.who'),
      detail: html`<p>${name}</p><p class="small">${known(wording, brand, client)}</p>`,
    },
    { term: wording.say('consent.sendsTo'), detail: destination(wording, client) },
    { term: wording.say('consent.resource'), detail: resource && resourceLines(resource) },
    { term: wording.say('consent.scopes'), detail: model.scopes.length > 0 && scopeList(wording, model.scopes) },
  ])
  const buttons = actions(
    button({ label: wording.say('consent.deny'), name: 'decision', value: 'deny', look: 'quiet' }),
    button({ label: wording.say('consent.allow'), name: 'decision', value: 'allow' }),
  )
  return layout(frame, {
    title,
    wide: true,
    content: html`<h1>${wording.mark('consent.title', { client: html`<bdi>${displayText(client.name)}</bdi>` })}</h1>
<p>${wording.mark('consent.as', { pool: html`<strong>${brand.name}</strong>`, name: strangerName(model.userName) })}</p>
${facts}
${model.scopes.length === 0 && html`<p>${wording.say('consent.noScopes')}</p>`}
${client.loopbackOnly && client.redirectUri !== undefined && careNote(wording.say('consent.loopback'))}
${postForm(model.action, { csrf: model.csrf }, buttons)}`,
  })
}

function known(wording: Wording, brand: Brand, { known: how, documentUrl }: InteractionClient): Value {
  switch (how) {
    case 'registered':
      return wording.say('consent.known.registered', { pool: brand.name })
    case 'dynamic':
      return wording.say('consent.known.dynamic')
    case 'metadata_document': {
      const host = html`<span class="mono">${hostOf(documentUrl)}</span>`
      return wording.mark('consent.known.metadata_document', { host })
    }
  }
}

/** With its port; other scripts' letters stay in their ASCII form, so that no name looks like another. */
function hostOf(url: string | undefined): string {
  return URL.parse(url ?? '')?.host ?? ''
}

function destination(wording: Wording, { redirectHost }: InteractionClient): Value {
  if (redirectHost === undefined) return wording.say('consent.device')
  const place = html`<span class="mono">${displayText(redirectHost)}</span>`
  return redirectHost.endsWith(':') ? wording.mark('consent.scheme', { scheme: place }) : place
}

function resourceLines({ identifier, name }: { readonly identifier: string; readonly name: string }): Html {
  const address = html`<span class="mono">${identifier}</span>`
  if (name === identifier) return address
  return html`<p><strong>${name}</strong></p><p class="small">${address}</p>`
}

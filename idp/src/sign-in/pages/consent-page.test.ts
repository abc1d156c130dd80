import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InteractionClient } from '../../oidc/interactions.ts'
import { documentOf } from '../html/html.ts'
import { wordingOf } from '../language/wording.ts'
import { textOf } from '../test-forms.ts'
import { type ConsentModel, consentPage } from './consent-page.ts'

const brand = { name: 'Staff', host: 'idp.example', root: '/pools/staff' }
const client: InteractionClient = {
  clientId: 'notes',
  name: 'Notes',
  known: 'registered',
  redirectUri: 'https://app.example/callback',
  redirectHost: 'app.example',
  loopbackOnly: false,
}

function shown(more: Partial<InteractionClient>, model: Partial<ConsentModel> = {}): string {
  const page = consentPage(
    { wording: wordingOf('en'), brand },
    {
      csrf: 'x',
      action: '/x',
      client: { ...client, ...more },
      resource: { identifier: 'https://mcp.example/mcp', name: 'Tickets' },
      scopes: [{ name: 'read', description: 'Read your tickets' }],
      userName: 'ana',
      ...model,
    },
  )
  return textOf(documentOf(page))
}

test('a person is told who asks and how that is known', () => {
  assert.match(shown({}), /Who is asking Notes Registered by whoever runs Staff /)
  assert.match(shown({ known: 'dynamic' }), /Notes Registered itself; nobody has checked its name /)
  const document = { known: 'metadata_document', documentUrl: 'https://bücher.example:8443/client.json' } as const
  assert.match(shown(document), /Described by a document at xn--bcher-kva\.example:8443; nobody here has checked it /)
})

test('where the answer goes is told in full', () => {
  assert.match(shown({ redirectHost: '127.0.0.1:49152' }), /Your answer goes to 127\.0\.0\.1:49152 /)
  assert.match(shown({ redirectHost: 'cursor:' }), /goes to the app on this device that opens cursor: links /)
  assert.match(shown({ redirectUri: undefined, redirectHost: undefined }), /goes to the device that shows your code /)
})

test('a client that any program here can claim to be comes with a warning; in the device flow it makes no difference', () => {
  const warning = /any program on it can claim this name/
  assert.doesNotMatch(shown({}), warning)
  assert.match(shown({ loopbackOnly: true }), warning)
  assert.doesNotMatch(shown({ loopbackOnly: true, redirectUri: undefined, redirectHost: undefined }), warning)
})

test('what is given away is told by name, by address, and scope by scope', () => {
  const scopes = [{ name: 'read', description: 'Read your tickets' }, { name: 'x:raw' }, { name: 'email' }]
  const text = shown({}, { scopes })
  assert.match(text, /Access to Tickets https:\/\/mcp\.example\/mcp /)
  assert.match(text, /It will be able to Read your tickets read x:raw See your email address email /)
  assert.match(shown({}, { scopes: [] }), /It gets no permissions/)
})

test('a name cannot turn the line around or hide something in it', () => {
  assert.match(shown({ name: 'Goo\u200Bgle\u202E\n(verified)' }), /Give Google \(verified\) access\?/)
})

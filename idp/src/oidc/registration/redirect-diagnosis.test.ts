import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnoseRedirect, type RedirectDifference } from './redirect-diagnosis.ts'

test('what differs from the registered URI that comes nearest', () => {
  const table: readonly (readonly [readonly string[], string, RedirectDifference])[] = [
    [['https://app.example/cb'], 'https://app.example/CB', 'letter_case'],
    [['https://app.example/cb'], 'https://app.example/cb/', 'trailing_slash'],
    [['https://app.example/'], 'https://app.example', 'trailing_slash'],
    [['https://app.example/cb'], 'https://app.example/callback', 'path'],
    [['https://app.example/cb'], 'https://app.example/cb?state=1', 'query'],
    [['https://app.example/cb'], 'https://app.example:8443/cb', 'port'],
    [['https://app.example/cb'], 'http://app.example/cb', 'scheme'],
    [['https://app.example/cb'], 'https://evil.example/cb', 'host'],
    [['http://localhost/cb'], 'http://127.0.0.1:4000/cb', 'loopback_name'],
    [['http://localhost/cb'], 'http://localhost:4000/callback', 'path'],
    [['https://app.example/cb'], 'not a URI', 'malformed'],
    [[], 'https://app.example/cb', 'nothing_registered'],
    [['https://other.example/cb', 'https://app.example/cb'], 'https://app.example/cb/', 'trailing_slash'],
  ]
  for (const [redirectUris, sent, difference] of table) {
    const diagnosis = diagnoseRedirect({ redirectUris, registration: 'management' }, sent)
    assert.equal(diagnosis.difference, difference, sent)
    assert.equal(diagnosis.sent, sent)
    assert.deepEqual([...diagnosis.expected].sort(), [...redirectUris].sort())
  }
})

test('the nearest is named first, and the mend names the place', () => {
  const redirectUris = ['https://other.example/cb', 'https://app.example/cb']
  const say = (registration: 'management' | 'dynamic' | 'metadata_document') =>
    diagnoseRedirect({ redirectUris, registration }, 'https://app.example/cb/')
  assert.equal(say('management').expected[0], 'https://app.example/cb')
  assert.match(say('management').mend, /"\/" at the end.*redirectUris/)
  assert.match(say('dynamic').mend, /register the client again/)
  assert.match(say('metadata_document').mend, /document/)
})

test('what was sent is cut', () => {
  const client = { redirectUris: ['https://app.example/cb'], registration: 'dynamic' as const }
  assert.equal(diagnoseRedirect(client, `https://app.example/${'x'.repeat(5000)}`).sent.length, 512)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../refusal.ts'
import { readDocument } from './document.ts'

const url = 'https://app.example/client.json'
const good = { client_id: url, client_name: 'App', redirect_uris: ['https://app.example/cb'] }

test('what is known of a document is kept, and a public client is assumed', () => {
  const document = readDocument(url, { ...good, grant_types: ['authorization_code'], x_unknown: 'x'.repeat(1000) })
  assert.deepEqual(document, { ...good, grant_types: ['authorization_code'], token_endpoint_auth_method: 'none' })
})

test('what is refused, and how to mend it', () => {
  const table: readonly (readonly [unknown, RegExp])[] = [
    [null, /not a JSON object/],
    [[good], /not a JSON object/],
    ['text', /not a JSON object/],
    [{ ...good, client_id: 'https://evil.example/client.json' }, /not the URL/],
    [{ ...good, client_id: `${url}/` }, /not the URL/],
    [{ ...good, client_id: url.toUpperCase() }, /not the URL/],
    [{ ...good, client_id: undefined }, /not the URL/],
    [{ ...good, client_id: [url] }, /not the URL/],
    [{ ...good, client_secret: 'x' }, /client_secret/],
    [{ ...good, client_secret: null }, /client_secret/],
    [{ ...good, client_secret_expires_at: 0 }, /client_secret/],
    [{ ...good, token_endpoint_auth_method: 'client_secret_basic' }, /shared secret/],
    [{ ...good, token_endpoint_auth_method: 'client_secret_post' }, /shared secret/],
    [{ ...good, token_endpoint_auth_method: 'client_secret_jwt' }, /shared secret/],
    [{ ...good, token_endpoint_auth_method: ['none'] }, /shared secret/],
    [{ ...good, client_name: undefined }, /client_name is missing/],
    [{ ...good, client_name: '  ' }, /client_name is missing/],
    [{ ...good, client_name: 5 }, /client_name is missing/],
    [{ ...good, redirect_uris: undefined }, /redirect_uris is missing/],
    [{ ...good, redirect_uris: [] }, /redirect_uris is missing/],
    [{ ...good, redirect_uris: 'https://app.example/cb' }, /redirect_uris is missing/],
    [Object.create({ ...good }), /not the URL/],
  ]
  for (const [document, description] of table) {
    assert.throws(
      () => readDocument(url, document),
      (error) =>
        error instanceof Refusal && error.code === 'invalid_client_metadata' && description.test(error.description),
      JSON.stringify(document),
    )
  }
})

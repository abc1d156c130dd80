import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { isForeign } from './foreign.ts'

const origin = 'https://idp.example'

function request(headers: Readonly<Record<string, string>>): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { headers })
}

test('posts of our own pages and of programs are not foreign', () => {
  for (const headers of [
    {},
    { origin },
    { 'sec-fetch-site': 'same-origin' },
    { origin, 'sec-fetch-site': 'same-origin' },
  ]) {
    assert.equal(isForeign(request(headers), origin), false, JSON.stringify(headers))
  }
})

test('posts of other pages are', () => {
  const rows: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://idp.example' },
    { origin: 'https://idp.example:8443' },
    { origin: '' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin, 'sec-fetch-site': 'cross-site' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
  ]
  for (const headers of rows) assert.equal(isForeign(request(headers), origin), true, JSON.stringify(headers))
})

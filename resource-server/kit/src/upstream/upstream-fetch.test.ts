import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUpstreamFetch } from './upstream-fetch.ts'

const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlIG9mIGl0'
const url = 'https://api.example/'

function form(name: string, value: string | Blob): FormData {
  const data = new FormData()
  data.set(name, value)
  return data
}

test('the caller’s token goes nowhere, whoever the user of a Basic header is and wherever a form has it', async () => {
  let sent = 0
  const send = async () => {
    sent += 1
    return new Response()
  }
  const fetch = createUpstreamFetch({ token }, { fetch: send })
  for (const user of ['', 'a', 'me', 'oauth2', 'x-access-token']) {
    for (const pair of [`${user}:${token}`, `${user}${token}:x`, `${user}:${token}.more`]) {
      await assert.rejects(fetch(url, { headers: { authorization: `Basic ${btoa(pair)}` } }), TypeError, pair)
    }
  }
  for (const body of [form('t', token), form('t', new Blob([token])), form(token, '')]) {
    await assert.rejects(fetch(url, { method: 'POST', body }), TypeError)
  }
  assert.equal(sent, 0)
  await fetch(url, { headers: { authorization: `Basic ${btoa('me:another token')}` } })
  await fetch(url, { method: 'POST', body: form('a', new Blob(['b'])) })
  assert.equal(sent, 2)
})

test('a short token, as a custom verifier may have in development, is not found where it is not', async () => {
  for (const short of ['abc', 'alice', 'secret']) {
    const fetch = createUpstreamFetch({ token: short }, { fetch: async () => new Response() })
    await fetch('https://api.example/FsEz', { method: 'POST', body: 'Y2xpY2s YWxp IGFs JjZ' })
    await assert.rejects(fetch(url, { headers: { authorization: `Bearer ${short}` } }), TypeError)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFetch } from './create-fetch.ts'

/** The URL that is really fetched. */
async function target(url: string | URL | Request, publicUrl: string, internalUrl: string): Promise<string> {
  let seen = ''
  const fetchInternal = createFetch({
    internal: { publicUrl, internalUrl },
    fetch: async (input) => {
      seen = input instanceof Request ? input.url : String(input)
      return new Response()
    },
  })
  await fetchInternal(url)
  return seen
}

test('what lies under the public URL is fetched inside', async () => {
  for (const [url, publicUrl, internalUrl, expected] of [
    [
      'http://localhost:4700/pools/a/jwks?x=1',
      'http://localhost:4700',
      'http://idp:4700',
      'http://idp:4700/pools/a/jwks?x=1',
    ],
    ['https://idp.example/pools/a', 'https://idp.example', 'http://idp', 'http://idp/pools/a'],
    ['https://idp.example:8443/x', 'https://idp.example:8443', 'http://idp:80/', 'http://idp/x'],
    ['https://a.example/base/x', 'https://a.example/base', 'http://idp:1/in', 'http://idp:1/in/x'],
    ['https://a.example/base', 'https://a.example/base/', 'http://idp:1/in/', 'http://idp:1/in'],
    ['https://a.example:443/x', 'https://a.example', 'http://idp:1', 'http://idp:1/x'],
  ] as const) {
    assert.equal(await target(url, publicUrl, internalUrl), expected)
    assert.equal(await target(new URL(url), publicUrl, internalUrl), expected)
    assert.equal(await target(new Request(url), publicUrl, internalUrl), expected)
  }
})

test('nothing else is', async () => {
  for (const url of [
    'https://idp.example.evil/x',
    'http://idp.example/x',
    'https://idp.example:444/x',
    'https://other.example/https://idp.example/x',
    'https://idp.example@other.example/x',
  ]) {
    assert.equal(await target(url, 'https://idp.example', 'http://idp:1'), new URL(url).href)
  }
  assert.equal(
    await target('https://a.example/based', 'https://a.example/base', 'http://idp:1'),
    'https://a.example/based',
  )
})

test('a request keeps its method, headers and body', async () => {
  const seen: Request[] = []
  const fetchInternal = createFetch({
    internal: { publicUrl: 'https://a.example', internalUrl: 'http://b:1' },
    fetch: async (input, init) => {
      seen.push(new Request(input, init))
      return new Response()
    },
  })
  await fetchInternal(new Request('https://a.example/x', { method: 'POST', body: 'y', headers: { a: 'b' } }))
  await fetchInternal('https://a.example/x', { method: 'POST', body: 'y', headers: { a: 'b' } })
  for (const request of seen) {
    assert.deepEqual(
      [request.url, request.method, request.headers.get('a'), await request.text()],
      ['http://b:1/x', 'POST', 'b', 'y'],
    )
  }
  assert.equal(seen.length, 2)
})

test('without an internal address it is fetch itself', () => {
  assert.equal(createFetch(), fetch)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { matchesRedirect } from './redirect-match.ts'
import { checkRedirectUri } from './redirect-uri.ts'

const vsCode = [
  'https://vscode.dev/redirect',
  'https://insiders.vscode.dev/redirect',
  'http://127.0.0.1/',
  'http://127.0.0.1:33418/',
  'http://localhost/',
  'http://localhost:33418/',
]

test('what is registered, and any port of http on loopback', () => {
  const table: readonly (readonly [readonly string[], string])[] = [
    [vsCode, 'https://vscode.dev/redirect'],
    [vsCode, 'http://127.0.0.1:33418/'],
    [vsCode, 'http://127.0.0.1:54321/'],
    [vsCode, 'http://localhost:1/'],
    [['http://localhost/callback'], 'http://localhost:55611/callback'],
    [['http://127.0.0.1/callback'], 'http://127.0.0.1:65535/callback'],
    [['http://127.0.0.1:3000/callback'], 'http://127.0.0.1:3001/callback'],
    [['http://127.0.0.1:3000/callback'], 'http://127.0.0.1/callback'],
    [['http://[::1]/cb'], 'http://[::1]:4000/cb'],
    [['http://app.localhost/cb?x=1'], 'http://app.localhost:4000/cb?x=1'],
    [['http://localhost'], 'http://localhost:3000'],
    [['cursor://anysphere/cb'], 'cursor://anysphere/cb'],
    [['com.example.app:/cb'], 'com.example.app:/cb'],
  ]
  for (const [registered, sent] of table) assert.ok(matchesRedirect(registered, sent), sent)
})

test('nothing that is off by anything', () => {
  const table: readonly (readonly [string, string])[] = [
    ['https://app.example/cb', 'https://app.example/cb/'],
    ['https://app.example/cb', 'https://app.example/CB'],
    ['https://app.example/cb', 'https://app.example/cb?x'],
    ['https://app.example/cb', 'https://app.example/cb#x'],
    ['https://app.example/cb', 'https://app.example/c'],
    ['https://app.example/cb', 'https://app.example/x/../cb'],
    ['https://app.example/cb', 'https://app.example/%63b'],
    ['https://app.example/cb', 'https://app.example:443/cb'],
    ['https://app.example/cb', 'https://app.example:8443/cb'],
    ['https://app.example/cb', 'http://app.example/cb'],
    ['https://app.example/cb', 'https://app.example.evil.example/cb'],
    ['https://app.example/cb', 'https://evil.example/cb'],
    ['https://localhost/cb', 'https://localhost:8443/cb'],
    ['http://localhost/cb', 'http://127.0.0.1/cb'],
    ['http://localhost/cb', 'http://[::1]:80/cb'],
    ['http://127.0.0.1/cb', 'http://127.0.0.2/cb'],
    ['http://127.0.0.1/cb', 'http://127.1:80/cb'],
    ['http://localhost/cb', 'http://LOCALHOST:80/cb'],
    ['http://localhost/cb', 'http://localhost:80/cb/'],
    ['http://localhost/cb', 'http://localhost:/cb'],
    ['http://localhost/cb', 'http://localhost:0/cb'],
    ['http://localhost/cb', 'http://localhost:65536/cb'],
    ['http://localhost/cb', 'http://localhost:+80/cb'],
    ['http://localhost/cb', 'http://localhost:80@evil.example/cb'],
    ['http://localhost/cb', 'http://localhost:80\\@evil.example/cb'],
    ['http://localhost/cb', 'http://user@localhost:80/cb'],
    ['http://localhost/cb', 'http://localhost:80/cb#x'],
    ['http://localhost/cb', 'http://localhost.evil.example/cb'],
    ['http://localhost/cb', 'http://localhost:80/cb\n'],
    ['http://localhost', 'http://localhost:80/'],
    ['com.example.app:/cb', 'com.example.app://cb'],
    ['com.example.app:/cb', 'com.example.other:/cb'],
    ['cursor://anysphere/cb', 'cursor://anysphere:80/cb'],
  ]
  for (const [registered, sent] of table) assert.ok(!matchesRedirect([registered], sent), `${registered} ${sent}`)
  assert.ok(!matchesRedirect([], 'https://app.example/cb'))
})

const scheme = fc.constantFrom('http', 'https', 'cursor', 'com.example.app', 'HTTP')
const host = fc.constantFrom(
  ...[
    'localhost',
    '127.0.0.1',
    '[::1]',
    '127.0.0.2',
    'a.localhost',
    'app.example',
    'localhost.evil.example',
    'LOCALHOST',
  ],
)
const user = fc.constantFrom('', '', '', 'user@', 'localhost:80@', '@')
const port = fc.oneof(
  fc.constantFrom('', '', ':', ':0', ':080', ':65536', ':x'),
  fc.nat(65_535).map((n) => `:${n}`),
)
const tail = fc.oneof(
  fc.constantFrom('', '/', '/cb', '/cb/', '/cb?x=1', '?x', '/../cb', '/cb#x', '#', '\\@evil.example', '/%2e%2e/cb'),
  fc.webPath(),
)
const uri = fc.tuple(scheme, user, host, port, tail).map(([a, b, c, d, e]) => `${a}://${b}${c}${d}${e}`)

test('never another scheme, host, user, path or query, whatever is sent', () => {
  let matched = 0
  const property = fc.property(fc.array(uri, { maxLength: 4 }), uri, port, (others, known, otherPort) => {
    const sent = known.replace(/(:\d+)?(?=[/?#\\]|$)(?!\/)/, otherPort)
    for (const [registered, candidate] of [
      [[...others, known], sent],
      [others, known],
    ] as const) {
      const honest = registered.filter((one) => checkRedirectUri(one).ok)
      if (!matchesRedirect(honest, candidate)) continue
      matched += 1
      const url = new URL(candidate)
      const same = honest.some((one) => {
        const other = new URL(one)
        const { protocol, hostname, username, password, pathname, search, hash } = other
        assert.equal(`${username}${password}${hash}`, '')
        const isPortFree = protocol === 'http:' && /^(localhost|a\.localhost|127\.0\.0\.[12]|\[::1\])$/.test(hostname)
        return (
          url.protocol === protocol &&
          url.hostname === hostname &&
          `${url.username}${url.password}${url.hash}` === '' &&
          url.pathname === pathname &&
          url.search === search &&
          (isPortFree || url.port === other.port)
        )
      })
      assert.ok(same, `${candidate} for ${honest.join(' ')}`)
    }
  })
  fc.assert(property, { numRuns: 5_000 })
  assert.ok(matched > 100, 'the property was hardly tried')
})

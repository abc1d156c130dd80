import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from './limits.ts'
import {
  canonicalResource,
  checkIssuer,
  checkResource,
  isLoopbackHost,
  sameResource,
  type UrlProblemCode,
} from './url.ts'

function refused(
  checked: ReturnType<typeof checkIssuer> | ReturnType<typeof checkResource>,
  code: UrlProblemCode,
  text: string,
): void {
  assert.ok(!checked.ok, `accepted ${text}`)
  assert.equal(checked.code, code, text)
  assert.match(checked.message, /^(write|remove|use|an issuer) /, 'names the mend')
}

test('loopback hosts', () => {
  for (const host of [
    'localhost',
    'LOCALHOST',
    'a.localhost',
    'a.b.localhost',
    '127.0.0.1',
    '127.255.255.255',
    '127.0.0.53',
    '::1',
    '[::1]',
  ]) {
    assert.equal(isLoopbackHost(host), true, host)
  }
  for (const host of [
    '',
    'localhost.',
    'localhost.example',
    'xlocalhost',
    '127.0.0.1.example',
    '127.1',
    '128.0.0.1',
    '127.0.0.256',
    '0.0.0.0',
    '::',
    '[::2]',
    '::ffff:127.0.0.1',
    '10.0.0.1',
  ]) {
    assert.equal(isLoopbackHost(host), false, host)
  }
})

test('an issuer comes back exactly as written', () => {
  for (const issuer of [
    'https://as.example',
    'https://as.example/',
    'https://AS.example/Tenant',
    'https://as.example:8443/t',
    'https://as.example/t/',
    'http://localhost:4700/pools/default',
    'http://127.0.0.1:1/a',
    'http://[::1]:80/a',
    'https://as.example/%7Et',
  ]) {
    assert.deepEqual(checkIssuer(issuer), { ok: true, issuer })
  }
})

test('F18: what is no issuer', () => {
  const cases: [string, UrlProblemCode][] = [
    ['', 'not_a_url'],
    ['not a url', 'not_a_url'],
    ['/pools/default', 'not_a_url'],
    ['as.example', 'not_a_url'],
    ['https:as.example', 'not_a_url'],
    ['https://', 'not_a_url'],
    ['https://as.example:99999', 'not_a_url'],
    ['https://[::g]', 'not_a_url'],
    [' https://as.example', 'not_a_url'],
    ['https://as.example\n', 'not_a_url'],
    ['https://as.example\\@evil.example', 'not_a_url'],
    ['https://as.example/é', 'not_a_url'],
    ['https://as.example/%zz', 'not_a_url'],
    ['javascript:alert(1)', 'scheme'],
    ['ftp://as.example', 'scheme'],
    ['urn:example:as', 'scheme'],
    ['http://as.example', 'insecure'],
    ['http://localhost.example', 'insecure'],
    ['http://10.0.0.1', 'insecure'],
    ['https://user:pass@as.example', 'credentials'],
    ['https://@as.example', 'credentials'],
    ['https://as.example#', 'fragment'],
    ['https://as.example/a#b', 'fragment'],
    ['https://as.example/?a=b', 'query'],
    ['https://as.example?', 'query'],
    ['https://as.example/a/../b', 'path'],
    ['https://as.example/a/%2e%2E/b', 'path'],
    ['https://as.example/./a', 'path'],
    ['https://as.example/.well-known/openid-configuration', 'well_known'],
    ['https://as.example/t/.WELL-KNOWN/x', 'well_known'],
    ['https://as.example/%2ewell-known', 'well_known'],
    ['https://as.example:', 'host'],
    ['https://as.example:0443', 'host'],
    ['https:///as.example', 'host'],
    ['http://2130706433', 'host'],
    ['http://0177.0.0.1', 'host'],
    ['http://127.1', 'host'],
    ['https://a%73.example', 'host'],
    ['http://[0:0:0:0:0:0:0:1]', 'host'],
    [`https://as.example/${'a'.repeat(limits.urlLength)}`, 'too_long'],
  ]
  for (const [text, code] of cases) refused(checkIssuer(text), code, text)
})

test('a resource comes back in canonical form', () => {
  const cases = {
    'https://mcp.example': 'https://mcp.example',
    'https://mcp.example/': 'https://mcp.example',
    'HTTPS://MCP.Example:443/Mcp': 'https://mcp.example/Mcp',
    'https://mcp.example/mcp/': 'https://mcp.example/mcp/',
    'https://mcp.example/mcp?k=v&K=%2F': 'https://mcp.example/mcp?k=v&K=%2F',
    'https://mcp.example?k=v': 'https://mcp.example/?k=v',
    'http://LOCALHOST:80/a%2Fb': 'http://localhost/a%2Fb',
    'http://localhost:443/a': 'http://localhost:443/a',
    'http://[::1]:4701/mcp': 'http://[::1]:4701/mcp',
    'URN:Example:Reports/x': 'urn:example:Reports/x',
  }
  for (const [text, canonical] of Object.entries(cases)) {
    assert.deepEqual(checkResource(text), { ok: true, resource: canonical })
    assert.equal(canonicalResource(text), canonical)
  }
})

test('F7: what is no resource', () => {
  const cases: [string, UrlProblemCode][] = [
    ['not a url', 'not_a_url'],
    ['/mcp', 'not_a_url'],
    ['mcp.example/mcp', 'not_a_url'],
    ['localhost:3000/mcp', 'not_a_url'],
    ['127.0.0.1:3000', 'not_a_url'],
    ['http://mcp.example/mcp', 'insecure'],
    ['https://mcp.example/mcp#f', 'fragment'],
    ['https://u:p@mcp.example/mcp', 'credentials'],
    ['https://mcp.example/.well-known/x', 'well_known'],
    ['https://mcp.example/a/../mcp', 'path'],
    ["https://mcp.example/mcp?a='b'", 'query'],
    ['https://mcp.example/mcp?', 'query'],
    ['https://*.example/mcp', 'host'],
    ["https://a'b.example/mcp", 'host'],
    ['https://a;b/mcp', 'host'],
    ['ws://mcp.example', 'scheme'],
    ['api://mcp', 'scheme'],
    ['urn:', 'not_a_url'],
    ['urn:x:', 'not_a_url'],
    ['urn:-x:y', 'not_a_url'],
    ['urn:example:a b', 'not_a_url'],
    ['urn:example:a%z', 'not_a_url'],
    ['urn:example:a#f', 'fragment'],
    ['urn:example:a?=q', 'query'],
    [`urn:example:${'a'.repeat(limits.urlLength)}`, 'too_long'],
  ]
  for (const [text, code] of cases) {
    refused(checkResource(text), code, text)
    assert.equal(canonicalResource(text), undefined)
  }
})

test('messages hold nothing of the text', () => {
  for (const text of [
    'https://s3cret:s3cret@h.example',
    'https://h.example/s3cret#x',
    's3cret',
    'https://h.example/.well-known/s3cret',
  ]) {
    const checked = checkResource(text)
    assert.ok(!checked.ok && !checked.message.includes('s3cret'))
  }
})

test('same resource: case of scheme and host, default port, one trailing slash; nothing else', () => {
  const same: [string, string][] = [
    ['https://mcp.example', 'https://MCP.example:443/'],
    ['https://mcp.example/mcp', 'https://mcp.example/mcp/'],
    ['https://mcp.example/mcp?k', 'https://mcp.example/mcp/?k'],
    ['urn:example:a', 'URN:EXAMPLE:a'],
  ]
  const different: [string, string][] = [
    ['https://mcp.example/mcp', 'https://mcp.example/mcp/x'],
    ['https://mcp.example/mcp', 'https://mcp.example/mcp//'],
    ['https://mcp.example/mcp', 'https://mcp.example/Mcp'],
    ['https://mcp.example/mcp', 'https://mcp.example/mc'],
    ['https://mcp.example/mcp', 'https://mcp.example/mcp2'],
    ['https://mcp.example/mcp', 'https://mcp.example/mcp?x'],
    ['https://mcp.example/mcp', 'https://mcp.example/m%63p'],
    ['https://mcp.example/mcp', 'https://mcp.example'],
    ['https://mcp.example:8443/mcp', 'https://mcp.example/mcp'],
    ['http://localhost/mcp', 'https://localhost/mcp'],
    ['urn:example:a', 'urn:example:a/'],
    ['nonsense', 'nonsense'],
  ]
  for (const [a, b] of same) assert.ok(sameResource(a, b) && sameResource(b, a), `${a} = ${b}`)
  for (const [a, b] of different) assert.ok(!sameResource(a, b) && !sameResource(b, a), `${a} ≠ ${b}`)
})

const segment = fc.string({ unit: fc.constantFrom(...'abcXYZ019-._~%:@!$&*+,;=('), maxLength: 6 })
const urlText = fc
  .tuple(
    fc.constantFrom('https://', 'HTTPS://', 'http://'),
    fc.constantFrom('mcp.example', 'MCP.Example', 'localhost', '127.0.0.1', '[::1]', 'a_b.example', '1.2.3'),
    fc.constantFrom('', ':443', ':80', ':8080', ':', ':00080'),
    fc.array(segment, { maxLength: 3 }),
    fc.constantFrom('', '/', '?', '?k=v', '?a=b&c=/?', '#', "?'"),
  )
  .map(([scheme, host, port, path, rest]) => `${scheme}${host}${port}${path.map((each) => `/${each}`).join('')}${rest}`)
const resourceText = fc.oneof(
  urlText,
  fc.webUrl({ withQueryParameters: true }),
  segment.map((name) => `urn:Example:${name}`),
)

test('the canonical form is its own canonical form, and the URL parser reads it as it stands', () => {
  fc.assert(
    fc.property(resourceText, (text) => {
      const canonical = canonicalResource(text)
      if (canonical === undefined) return
      assert.equal(canonicalResource(canonical), canonical)
      assert.ok(sameResource(text, canonical))
      if (canonical.startsWith('urn:')) return
      const { href } = new URL(text)
      assert.ok(canonical === href || `${canonical}/` === href, `${canonical} ${href}`)
    }),
    { numRuns: 2000 },
  )
})

test('an issuer that is accepted is a resource too, and no other text is accepted by the URL parser alone', () => {
  fc.assert(
    fc.property(fc.oneof(urlText, fc.string({ maxLength: 30 })), (text) => {
      const checked = checkIssuer(text)
      if (!checked.ok) return
      assert.equal(checked.issuer, text)
      assert.ok(checkResource(text).ok)
      assert.ok(URL.canParse(text))
    }),
    { numRuns: 1000 },
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { normalizeTarget, targetOf } from './target.ts'

test('what a client makes of its URL is what the resource makes of the request', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true }), (text) => {
      const url = new URL(text)
      const { origin, pathname, search } = url
      assert.equal(normalizeTarget(origin + pathname), targetOf(origin, pathname + search))
      assert.equal(normalizeTarget(origin + pathname), targetOf(origin, url.href))
    }),
  )
})

test('characters that the URL standard leaves in a path', () => {
  for (const pathname of ['/a[b]|c^d', '/%C3%A9', '/%c3%a9', '/a;b=c', "/it's", '/~x', '/a@b:c', '/%7Ex']) {
    const url = new URL(pathname, 'https://mcp.example')
    assert.equal(normalizeTarget(url.href), targetOf('https://mcp.example', url.pathname), pathname)
  }
})

test('any text is a target of http or https, or none, and equal to its own normal form', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `https://mcp.example/${text}`),
  )
  fc.assert(
    fc.property(anything, (text) => {
      const target = normalizeTarget(text)
      if (target === undefined) return
      assert.match(target, /^https?:\/\/[^/?#@\\]+\/[^?#\\ ]*$/)
      assert.equal(normalizeTarget(target), target)
    }),
  )
})

test('other paths, escaped slashes and dot segments are other targets', () => {
  const target = targetOf('https://mcp.example', '/a/b')
  for (const htu of ['/a%2Fb', '/a/./b', '/a/c/../b', '/A/b', '/a/b/', '/a//b', '/a/b%00', '/a/%62%20']) {
    assert.notEqual(normalizeTarget(`https://mcp.example${htu}`), target, htu)
  }
  assert.equal(normalizeTarget('https://mcp.example/a/%62'), target)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { createUriPattern } from './uri-pattern.ts'
import { looseSpellingsOf, spellingsOf } from './uri-spellings.ts'

/** May the pattern be about the URI, as far as any server might see it? */
function createMatcher(pattern: string): (uri: string) => boolean {
  const { concerns } = createUriPattern(pattern)
  return (uri) => looseSpellingsOf(spellingsOf(uri)).some(concerns)
}

/** Is it about the URI for certain, whatever a server sees in it? */
function createCover(pattern: string): (uri: string) => boolean {
  const { covers } = createUriPattern(pattern)
  return (uri) => spellingsOf(uri).every(covers)
}

const cases: readonly [pattern: string, matching: readonly string[], others: readonly string[]][] = [
  [
    'config://app',
    ['config://app', 'CONFIG://app', 'config://app?x=1', 'config://app#x', 'config://%61pp', 'config:///app'],
    ['config://apps', 'config://ap', 'config://app/x', 'xconfig://app', ''],
  ],
  [
    'file:///private/*',
    [
      'file:///private/key',
      'file:///private/',
      'file:///public/../private/key',
      'file:///public/%2e%2e/private/key',
      'file:///public%2F..%2Fprivate/key',
      'file:///priv%61te/key',
      'file:///priv%2561te/key',
      'file:////private//key',
      'file://localhost/private/key',
      'FILE:///private/key',
      'file:/private/key',
      'file:///./private/key',
    ],
    ['file:///public/key', 'file:///privates/key', 'file:///private', 'file:///public/private/key'],
  ],
  [
    'users://{id}/profile',
    [
      'users://7/profile',
      'users://7/profile?full',
      'users://{id}/profile',
      'users://7%2fprofile',
      'users://a/b/profile',
    ],
    ['users://7/posts', 'users://7', 'users:///profil'],
  ],
  ['notes://{+path}/{name}.md{?v}', ['notes://a/b.md', 'notes://a/b/c.md?v=1'], ['notes://a', 'notes://a/b.txt']],
  [
    'https://Example.com/Ünal/{id}',
    ['https://example.com/%c3%9Cnal/7', 'https://EXAMPLE.com/Ünal/7'],
    ['https://example.com/unal/7'],
  ],
  ['data://{id}/Ünal', ['data://1/%C3%9Cnal', 'data://1/Ünal'], ['data://1/unal']],
]

for (const [pattern, matching, others] of cases) {
  test(`${pattern}: what it is about, however that is spelled`, () => {
    const matches = createMatcher(pattern)
    for (const uri of matching) assert.ok(matches(uri), uri)
    for (const uri of others) assert.ok(!matches(uri), uri)
  })
}

const covered: readonly [pattern: string, covered: readonly string[], others: readonly string[]][] = [
  [
    'file:///public/*',
    ['file:///public/a', 'file:///public/', 'file:///public/a%20b?x=1', 'file:///public/a/b', 'file:///public/é'],
    [
      'file:///public/../etc/passwd',
      'file:///public/%2e%2e/etc/passwd',
      'file:///public/..%2fetc/passwd',
      'file:///public/..%252fetc/passwd',
      'file:///public/./../etc/passwd',
    ],
  ],
  ['config://app', ['config://app'], ['config://app?x=1', 'config://app#x', 'config://apps']],
  ['logs://app?level={level}', ['logs://app?level=1'], ['logs://apple', 'logs://app', 'logs://app?other=1']],
  [
    'users://{id}',
    ['users://7', 'users://a%20b', 'users://{id}'],
    ['users://7/secrets', 'users://7%2fsecrets', 'users://'],
  ],
  [
    'docs://found{?q}',
    ['docs://found?q=a/b', 'docs://found{?q}'],
    ['docs://found', 'docs://found-by-admin/x', 'docs://found/x'],
  ],
  ['docs://a{/id}', ['docs://a/7', 'docs://a{/id}'], ['docs://a', 'docs://admin', 'docs://a/7/secrets']],
  ['docs://a{/id*}', ['docs://a/7', 'docs://a/7/b'], ['docs://admin']],
  ['docs://a{.type}', ['docs://a.pdf'], ['docs://a-secret', 'docs://a.pdf/secrets']],
  ['notes://{+path}.md', ['notes://a/b.md'], ['notes://a/b']],
]

for (const [pattern, inside, outside] of covered) {
  test(`${pattern}: what it is certain to be about, however a server reads it`, () => {
    const covers = createCover(pattern)
    for (const uri of inside) assert.ok(covers(uri), uri)
    for (const uri of outside) assert.ok(!covers(uri), uri)
  })
}

test('no spelling of a private file gets past its rule', () => {
  const matches = createMatcher('file:///private/*')
  const spell = fc.constantFrom(
    (character: string) => character,
    (character: string) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
    (character: string) => `%25${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  const detour = fc.constantFrom('', './', 'x/../', '/', 'x/%2e%2e/', 'x/.%2E/')
  const name = 'private/key'
  fc.assert(
    fc.property(detour, fc.array(spell, { minLength: name.length, maxLength: name.length }), (way, spells) => {
      const spelled = [...name].map((character, index) => spells[index]?.(character) ?? character).join('')
      assert.ok(matches(`file:///${way}${spelled}`), `file:///${way}${spelled}`)
    }),
  )
})

test('any pattern and any text: no error, and in no time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (pattern, text) => {
      createMatcher(pattern)(text)
      const literal = pattern.replaceAll(/[*{}]/g, '')
      assert.ok(createMatcher(literal)(literal))
      if (createCover(pattern)(text)) assert.ok(createMatcher(pattern)(text))
    }),
  )
  const startedAt = performance.now()
  createMatcher('a{x}'.repeat(200))('a'.repeat(limits.resourceUriLength))
  createMatcher('a*')('%25'.repeat(limits.resourceUriLength / 3))
  assert.ok(performance.now() - startedAt < 1000)
})

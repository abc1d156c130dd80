import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { createUriPattern } from './uri-pattern.ts'

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
    const matches = createUriPattern(pattern)
    for (const uri of matching) assert.ok(matches(uri), uri)
    for (const uri of others) assert.ok(!matches(uri), uri)
  })
}

test('a URI too long to be looked at matches, so that its rule is not got round', () => {
  assert.ok(createUriPattern('config://app')('x'.repeat(limits.resourceUriLength + 1)))
})

test('no spelling of a private file gets past its rule', () => {
  const matches = createUriPattern('file:///private/*')
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
      createUriPattern(pattern)(text)
      assert.ok(createUriPattern(pattern.replaceAll(/[*{}]/g, ''))(pattern.replaceAll(/[*{}]/g, '')))
    }),
  )
  const startedAt = performance.now()
  createUriPattern('a{x}'.repeat(200))('a'.repeat(limits.resourceUriLength))
  createUriPattern('a*')('%25'.repeat(limits.resourceUriLength / 3))
  assert.ok(performance.now() - startedAt < 1000)
})

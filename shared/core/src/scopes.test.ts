import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from './limits.ts'
import { expandScopes, isScopeToken, missingScopes, parseScope, type ScopeHierarchy } from './scopes.ts'

test('scope-tokens of RFC 6749 §3.3', () => {
  for (let code = 0; code < 0x180; code += 1) {
    const isAllowed = code > 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c
    assert.equal(isScopeToken(String.fromCharCode(code)), isAllowed, `code ${code}`)
  }
  assert.equal(isScopeToken(''), false)
  assert.equal(isScopeToken('a b'), false)
  assert.equal(isScopeToken('a\n'), false)
})

const scope = fc.constantFrom(
  'read',
  'write',
  'admin',
  'mcp:tools',
  'https://api.example/x',
  '__proto__',
  'constructor',
)

test('what joins scopes with one space parses back, duplicates aside', () => {
  fc.assert(
    fc.property(fc.array(scope, { maxLength: 8 }), (scopes) => {
      assert.deepEqual(parseScope(scopes.join(' ')), [...new Set(scopes)])
    }),
  )
})

test('malformed texts are undefined', () => {
  for (const text of [
    ' ',
    ' a',
    'a ',
    'a  b',
    'a\tb',
    'a,"b"',
    'a\\b',
    'é',
    'a\nb',
    'x'.repeat(limits.scopeLength + 1),
  ]) {
    assert.equal(parseScope(text), undefined, text.slice(0, 20))
  }
  assert.deepEqual(parseScope(''), [])
})

const hierarchy = fc.dictionary(scope, fc.array(scope, { maxLength: 3 }))

/** The closure by brute force: add until nothing is added. */
function closure(granted: readonly string[], implies: ScopeHierarchy): Set<string> {
  let all = new Set(granted)
  for (;;) {
    const next = new Set([
      ...all,
      ...[...all].flatMap((each) => Object.entries(implies).find(([name]) => name === each)?.[1] ?? []),
    ])
    if (next.size === all.size) return all
    all = next
  }
}

test('D8: what is granted includes what it implies, transitively, through cycles', () => {
  fc.assert(
    fc.property(fc.array(scope), fc.array(scope), hierarchy, (granted, required, implies) => {
      const all = expandScopes(granted, implies)
      assert.deepEqual([...all].sort(), [...closure(granted, implies)].sort())
      assert.deepEqual(
        missingScopes(granted, required, implies),
        [...new Set(required)].filter((each) => !all.has(each)),
      )
    }),
  )
  assert.deepEqual(missingScopes(['admin'], ['read'], { admin: ['write'], write: ['read', 'admin'] }), [])
  assert.deepEqual(missingScopes(['read'], ['admin'], { admin: ['read'] }), ['admin'])
})

test('D3, D4: no prefix, no other case, and no name that every object has', () => {
  assert.deepEqual(missingScopes(['readwrite', 'rea', 'READ'], ['read', 'write']), ['read', 'write'])
  assert.deepEqual(
    [...expandScopes(['constructor', 'toString', '__proto__'], {})],
    ['constructor', 'toString', '__proto__'],
  )
})

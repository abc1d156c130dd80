import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cleanName } from './client-name.ts'

test('a name stays as it is, in any script', () => {
  for (const name of ['Claude Code', 'VS Code – Insiders', '客户端', 'ตัวช่วย', 'Zoë’s agent 🤖'])
    assert.equal(cleanName(name), name)
})

test('what deceives the eye is taken out', () => {
  assert.equal(cleanName('safe\u202Egnp.exe'), 'safegnp.exe')
  assert.equal(cleanName('a\u0000b\u001bc'), 'abc')
  assert.equal(cleanName('one\n\n two\tthree\u2028four'), 'one two three four')
  assert.equal(cleanName('\u200b\u2060\ufeff\u3164'), 'Unnamed client')
  assert.equal(cleanName(`Z${'\u0301'.repeat(40)}`).length <= 4, true)
  assert.equal(cleanName('  \u00a0padded\u3000 '), 'padded')
})

test('it is never too long, empty, or broken', () => {
  assert.equal(cleanName(''), 'Unnamed client')
  assert.equal(cleanName('x'.repeat(10_000)).length, 128)
  assert.equal(cleanName('🤖'.repeat(200)).length, 128)
  assert.ok(cleanName(`x${'🤖'.repeat(200)}`).isWellFormed())
  assert.equal(cleanName('a \u200b b'), 'a b')
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => {
      const name = cleanName(text)
      assert.ok(name.length > 0 && name.length <= 128 && name.isWellFormed())
      assert.doesNotMatch(name, /\p{C}|\p{Zl}|\p{Zp}|^\s|\s$/u)
      assert.equal(cleanName(name), name)
    }),
    { numRuns: 2_000 },
  )
})

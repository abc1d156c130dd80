import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { codeText, displayText } from './display-text.ts'

test('a name stays as it is', () => {
  assert.equal(displayText('  Ana’s Notes 笔记 🙂 '), 'Ana’s Notes 笔记 🙂')
})

test('what cannot be seen, breaks the line or turns it around is left out', () => {
  assert.equal(displayText('good\u202Elive\u2066\u200B\u0000\r\n\u2028app\uFEFF'), 'goodlive app')
})

test('long texts are cut between characters', () => {
  assert.equal(displayText('🙂'.repeat(300), 5), '🙂🙂🙂🙂…')
  assert.equal(displayText('🙂'.repeat(5), 5), '🙂🙂🙂🙂🙂')
})

test('whatever comes, what is shown is one bounded line of visible, well-formed text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const shown = displayText(text, 50)
      assert.ok(Array.from(shown).length <= 50)
      assert.ok(shown.isWellFormed())
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }),
  )
})

test('where a mistake is looked for, what cannot be seen is named', () => {
  assert.equal(codeText('https://a.example/\u200Bcb\u202E\n'), 'https://a.example/\\u{200b}cb\\u{202e}\\u{a}')
})

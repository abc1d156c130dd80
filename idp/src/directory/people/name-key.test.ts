import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nameKey } from './name-key.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })

describe('the key of a name', () => {
  it('is the same for every spelling of it', () => {
    const same = [
      ['Alice', 'ALICE', 'alice', '\uff21lice', ' alice '],
      ['Ｂob＠Mail.example', 'bob@mail.EXAMPLE'],
      ['Stra\u00dfe', 'STRASSE', 'stra\u1e9ee'],
      ['\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2', '\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3'],
      ['caf\u00e9', 'cafe\u0301'],
      ['\ufb01le', 'file'],
      ['+86 138-0000 0000', '+8613800000000', '+86 (138) 0000.0000'],
    ]
    for (const [first = '', ...others] of same) for (const one of others) assert.equal(nameKey(one), nameKey(first))
  })

  it('is no name where the text can be none', () => {
    for (const text of ['a\0b', 'x'.repeat(400), 'a\nb', '\ud800']) assert.equal(nameKey(text), '?')
  })

  it('does not change when it is folded again', () => {
    fc.assert(fc.property(text, (name) => assert.equal(nameKey(nameKey(name)), nameKey(name))))
    // Folding makes a space of the first, and a phone number of the second.
    for (const name of ['\u00a8x', '\uff0b\uff14\uff15 1']) assert.equal(nameKey(nameKey(name)), nameKey(name))
  })

  it('does not depend on case or composition', () => {
    fc.assert(
      fc.property(text, (name) => {
        assert.equal(nameKey(name.toUpperCase()), nameKey(name))
        assert.equal(nameKey(name.normalize('NFD')), nameKey(name))
        assert.equal(nameKey(name.normalize('NFKC')), nameKey(name))
      }),
    )
  })
})

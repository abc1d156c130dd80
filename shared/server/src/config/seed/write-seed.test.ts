import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineCounter, parseDocument } from 'yaml'
import { writeSeed } from './write-seed.ts'
import { readValues } from './yaml-values.ts'

function readBack(file: string): string {
  const lines = new LineCounter()
  const { value, mistakes } = readValues(parseDocument(file, { lineCounter: lines }), lines, { A: 'a variable' })
  assert.deepEqual(mistakes, [])
  return JSON.stringify(value)
}

test('what looks like a variable is written so that it is none', () => {
  const value = { a: [`\${A}`, `$\${`, '$A'], b: null, c: 1 }
  assert.deepEqual(JSON.parse(writeSeed(value, 'json')), { a: [`$\${A}`, `$$\${`, '$A'], b: null, c: 1 })
})

test('what is written is read back as it was', () => {
  const piece = fc.constantFrom(
    '$',
    '{',
    '}',
    `\${A}`,
    `$\${`,
    'A',
    ' ',
    '\n',
    '\t',
    "'",
    '"',
    ':',
    '#',
    '- ',
    '\u2028',
  )
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'grapheme', minLength: 100, maxLength: 300 }),
    fc.array(piece).map((all) => all.join('')),
  )
  const value = fc.record({ text, members: fc.dictionary(text, text), list: fc.array(text) })
  fc.assert(
    fc.property(value, fc.constantFrom('yaml', 'json'), (given, format) => {
      assert.equal(readBack(writeSeed(given, format)), JSON.stringify(given))
    }),
    { numRuns: 500 },
  )
})

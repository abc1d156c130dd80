import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonPosition } from './json-position.ts'

test('the place where JSON goes wrong', () => {
  for (const [text, expected] of [
    ['', 'line 1, column 1'],
    ['{"a":', 'line 1, column 6'],
    ['nope', 'line 1, column 2'],
    ['{"a":1} x', 'line 1, column 9'],
    ['{\n  "a": 1,\n}', 'line 3, column 1'],
    ['[1 2]', 'line 1, column 4'],
    ["{'a':1}", 'line 1, column 2'],
    ['"\\x"', 'line 1, column 3'],
    ['[1,\n tru e]', 'line 2, column 5'],
    ['"a\nb"', 'line 1, column 3'],
    ['\ufeff{}', 'line 1, column 1'],
  ] as const) {
    assert.equal(jsonPosition(text), expected, text)
  }
})

test('a mistake put into JSON is found where it was put', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (json, at) => {
      const position = at % (json.length + 1)
      const text = `${json.slice(0, position)}\u0000${json.slice(position)}`
      // A NUL is nowhere allowed; within an escape the mistake may begin a few characters before it.
      const [, line, column] = /line (\d+), column (\d+)/.exec(jsonPosition(text)) ?? []
      assert.equal(line, '1')
      assert.ok(Number(column) <= position + 1 && Number(column) >= position - 5, `${text} ${column} ${position}`)
    }),
  )
})

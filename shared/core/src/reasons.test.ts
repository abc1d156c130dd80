import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reasons } from './reasons.ts'

test('every reason is a plain name with a line of its own', () => {
  const lines = Object.entries(reasons)
  for (const [name, line] of lines) {
    assert.match(name, /^[a-z][a-z_0-9]*$/)
    assert.match(line, /^\S.{1,100}\S$/, name)
  }
  assert.equal(new Set(lines.map(([, line]) => line)).size, lines.length)
})

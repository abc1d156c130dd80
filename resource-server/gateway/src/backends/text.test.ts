import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createTail, printable, redact } from './text.ts'

test('foreign text is made fit to be quoted', () => {
  assert.equal(printable('\u001b[31mred\u001b[0m\r\n\ttext\u0000\u202e\u2028end ', 100), 'red text end')
  assert.equal(printable('x'.repeat(11), 10), `${'x'.repeat(10)}…`)
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[\p{Cc}\p{Cf}]/u.test(printable(text, 50))))
})

test('secrets are taken out, what is too short to be one is left', () => {
  assert.equal(redact('key=abcdef, again abcdef; mode=on', ['abcdef', 'on']), 'key=***, again ***; mode=on')
})

test('a tail is the end of what was pushed', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' })), fc.integer({ min: 1, max: 30 }), (parts, max) => {
      const tail = createTail(max)
      for (const part of parts) tail.push(Buffer.from(part))
      assert.equal(tail.text(), parts.join('').slice(-max))
    }),
  )
})

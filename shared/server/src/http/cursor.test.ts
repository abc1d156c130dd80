import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeCursor, encodeCursor, page } from './cursor.ts'
import { HttpProblem } from './problem.ts'

test('a cursor reads back as it was written', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), fc.maxSafeInteger(), (text, number) => {
      assert.deepEqual(decodeCursor(encodeCursor([text, number]), ['string', 'number']), [text, number])
    }),
  )
  assert.deepEqual(page([1], null), { items: [1], nextCursor: null })
})

test('anything else is refused', () => {
  const refused = (cursor: string) =>
    assert.throws(
      () => decodeCursor(cursor, ['string', 'number']),
      (error) => {
        assert.ok(error instanceof HttpProblem)
        assert.deepEqual([error.status, error.code], [400, 'invalid_cursor'])
        return true
      },
      cursor,
    )
  for (const key of [['a'], ['a', 1, 2], [1, 'a'], ['a', 1.5], ['a', null], []]) refused(encodeCursor(key as string[]))
  for (const cursor of ['', 'x', '!!!', 'bnVsbA', Buffer.from('{"a":1}').toString('base64url'), 'A'.repeat(2_000)])
    refused(cursor)
  fc.assert(fc.property(fc.string(), (cursor) => refused(cursor)))
})

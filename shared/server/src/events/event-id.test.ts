import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createEventIds, firstIdAt, isEventId } from './event-id.ts'

test('ids only grow, also when the clock is set back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2 ** 41), { minLength: 2 }), (times) => {
      const next = createEventIds()
      const ids = times.map(next)
      assert.deepEqual(ids, ids.toSorted())
      assert.equal(new Set(ids).size, ids.length)
      assert.ok(ids.every(isEventId))
    }),
  )
})

test('many within a millisecond', () => {
  const next = createEventIds()
  const ids = Array.from({ length: 20_000 }, () => next(1_000))
  assert.deepEqual(ids, ids.toSorted())
  assert.ok(ids.every((id) => id >= firstIdAt(1_000) && id < firstIdAt(1_001)))
})

test('two processes make different ids', () => {
  assert.notEqual(createEventIds()(1), createEventIds()(1))
})

test('what is no id', () => {
  for (const text of ['', 'x', 'A'.repeat(19), '0'.repeat(18), '0'.repeat(20), `${'0'.repeat(18)}'`])
    assert.equal(isEventId(text), false)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '@postern/core'
import { createEventBuffer } from './buffer.ts'
import type { Pending } from './event-rows.ts'

const pending = (id: string, outcome: Outcome): Pending => ({
  id,
  time: 0,
  event: { kind: 'token.issued', outcome, reason: 'ok' },
})
const ids = (list: Pending[]) => list.map(({ id }) => id).join('')

test('refusals and errors come first', () => {
  const buffer = createEventBuffer(10)
  for (const [id, outcome] of [
    ['a', 'ok'],
    ['b', 'refused'],
    ['c', 'ok'],
    ['d', 'error'],
  ] as const)
    assert.equal(buffer.add(pending(id, outcome)), true)
  assert.equal(buffer.size, 4)
  assert.equal(ids(buffer.take()), 'bdac')
  assert.equal(buffer.size, 0)
  assert.deepEqual(buffer.take(), [])
})

test('when it is full, what went well is dropped first', () => {
  const buffer = createEventBuffer(3)
  for (const id of 'abc') buffer.add(pending(id, 'ok'))
  assert.equal(buffer.add(pending('d', 'ok')), false)
  assert.equal(buffer.add(pending('e', 'refused')), false, 'one was pushed out')
  assert.equal(buffer.add(pending('f', 'error')), false)
  assert.equal(buffer.add(pending('g', 'refused')), false)
  assert.equal(buffer.add(pending('h', 'refused')), false, 'nothing is left to push out')
  assert.equal(ids(buffer.take()), 'efg')
  assert.equal(buffer.add(pending('i', 'ok')), true)
})

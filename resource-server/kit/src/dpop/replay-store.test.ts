import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import fc from 'fast-check'
import { createReplayStore } from './replay-store.ts'

test('an id is new once, until it expires', () => {
  const clock = createTestClock(0)
  const store = createReplayStore({ clock })
  assert.equal(store.add('a', 10), true)
  assert.equal(store.add('a', 10), false)
  clock.set(9_999)
  assert.equal(store.add('a', 10), false)
  clock.set(10_000)
  assert.equal(store.add('a', 20), true)
})

test('full: nothing alive is dropped, and what has expired makes room', () => {
  const clock = createTestClock(0)
  const store = createReplayStore({ clock, maxEntries: 2 })
  store.add('a', 10)
  store.add('b', 20)
  assert.throws(() => store.add('c', 20), RangeError)
  assert.equal(store.add('a', 10), false)
  clock.set(10_000)
  assert.equal(store.add('c', 30), true)
  assert.throws(() => store.add('d', 30), RangeError)
})

test('after a step of the clock, what has expired behind what has not makes room all the same', () => {
  const clock = createTestClock(7_200_000)
  const store = createReplayStore({ clock, maxEntries: 3 })
  store.add('long', 7_500)
  clock.set(0)
  store.add('a', 10)
  store.add('b', 10)
  assert.throws(() => store.add('c', 10), RangeError)
  clock.set(11_000)
  assert.equal(store.add('c', 20), true)
  assert.equal(store.add('d', 20), true)
  assert.equal(store.add('long', 7_500), false)
})

test('it never takes an id twice while it is alive, whatever the order of the ends', () => {
  const steps = fc.array(
    fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), wait: fc.nat(5), life: fc.integer({ min: 1, max: 9 }) }),
  )
  fc.assert(
    fc.property(steps, (list) => {
      const clock = createTestClock(0)
      const store = createReplayStore({ clock })
      const alive = new Map<string, number>()
      for (const { id, wait, life } of list) {
        clock.advance(wait * 1000)
        const now = clock.now() / 1000
        const isNew = (alive.get(id) ?? 0) <= now
        assert.equal(store.add(id, now + life), isNew)
        if (isNew) alive.set(id, now + life)
      }
    }),
  )
})

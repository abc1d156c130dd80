import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import fc from 'fast-check'
import { createPlaces } from './places.ts'
import { createRates } from './rates.ts'

test('so many at once, which come back evenly over a minute', () => {
  const clock = createTestClock()
  const rates = createRates(clock, 10)
  for (let count = 0; count < 60; count += 1) assert.equal(rates.take('a', 1, 60), 0)
  assert.equal(rates.take('a', 1, 60), 1)
  assert.equal(rates.take('b', 1, 60), 0, 'of another caller nothing is taken')
  clock.advance(999)
  assert.equal(rates.take('a', 1, 60), 1)
  clock.advance(1)
  assert.equal(rates.take('a', 1, 60), 0)
  assert.equal(rates.take('a', 30, 60), 30, 'several pass together, or not at all')
  clock.advance(30_000)
  assert.equal(rates.take('a', 30, 60), 0)
  assert.equal(rates.take('c', 61, 60), 1, 'more than all never pass')
  assert.equal(rates.take('c', 60, 60), 0, 'and took nothing')
})

test('a clock that was set back locks nobody out for longer than a minute', () => {
  const clock = createTestClock(10_000_000)
  const rates = createRates(clock, 10)
  assert.equal(rates.take('a', 2, 2), 0)
  clock.set(1_000_000)
  assert.ok(rates.take('a', 1, 2) <= 60)
  clock.advance(60_000)
  assert.equal(rates.take('a', 2, 2), 0)
})

test('memory is bounded, whoever comes', () => {
  const rates = createRates(createTestClock(), 100)
  for (let caller = 0; caller < 10_000; caller += 1) rates.take(`caller ${caller}`, 1, 1)
  assert.ok(rates.size <= 100)
})

test('property: a bucket that is filled evenly, written down as one', () => {
  const step = fc.record({ wait: fc.integer({ min: 0, max: 90_000 }), count: fc.integer({ min: 1, max: 5 }) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.array(step, { maxLength: 60 }), (perMinute, steps) => {
      const clock = createTestClock()
      const rates = createRates(clock, 10)
      let bucket = perMinute
      for (const { wait, count } of steps) {
        clock.advance(wait)
        bucket = Math.min(perMinute, bucket + (wait * perMinute) / 60_000)
        const seconds = rates.take('a', count, perMinute)
        const passes = bucket - count > -1e-6
        assert.equal(seconds === 0, passes, `${bucket} for ${count}`)
        if (passes) bucket = Math.max(0, bucket - count)
        else assert.ok(seconds >= 1)
      }
    }),
    { numRuns: 300 },
  )
})

test('places are taken together, given back once, and forgotten with the last', () => {
  const places = createPlaces()
  const first = places.take('a', 2, 3)
  const second = places.take('a', 1, 3)
  assert.ok(first && second)
  assert.equal(places.take('a', 1, 3), undefined)
  assert.ok(places.take('b', 3, 3))
  first()
  first()
  const third = places.take('a', 2, 3)
  assert.ok(third, 'given back twice, they are free once')
  assert.equal(places.take('a', 1, 3), undefined)
  second()
  third()
  assert.equal(places.size, 1)
})

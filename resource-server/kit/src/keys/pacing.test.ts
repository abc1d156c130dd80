import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { createBackoff } from './backoff.ts'
import { createRefetchBucket } from './refetch-bucket.ts'

test('pauses double from one failure to the next, up to a bound, and end with a success', () => {
  const clock = createTestClock()
  const backoff = createBackoff(clock)
  assert.equal(backoff.wait(), 0)
  const pauses = Array.from({ length: 7 }, () => {
    backoff.failed()
    return backoff.wait()
  })
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
  clock.advance(14_000)
  assert.equal(backoff.wait(), 1000)
  clock.advance(1000)
  assert.equal(backoff.wait(), 0)
  backoff.succeeded()
  backoff.failed()
  assert.equal(backoff.wait(), 1000)
})

test('a clock that is set back does not lengthen a pause', () => {
  const clock = createTestClock()
  const backoff = createBackoff(clock)
  const mayRefetch = createRefetchBucket(30_000, clock)
  assert.ok(mayRefetch())
  backoff.failed()
  clock.advance(-7_200_000)
  assert.equal(backoff.wait(), 0)
  assert.ok(mayRefetch())
})

test('one fetch out of turn per cool-down, however many ask', () => {
  const clock = createTestClock()
  const mayRefetch = createRefetchBucket(30_000, clock)
  const grants = () => Array.from({ length: 1000 }, mayRefetch).filter(Boolean).length
  assert.equal(grants(), 1)
  clock.advance(29_999)
  assert.equal(grants(), 0)
  clock.advance(1)
  assert.equal(grants(), 1)
})

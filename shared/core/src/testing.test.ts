import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { systemClock } from './clock.ts'
import { createTestClock, moveTime, restoreTime } from './testing.ts'

afterEach(restoreTime)

test('a test clock moves only when it is moved', () => {
  const clock = createTestClock(1_000)
  assert.equal(clock.now(), 1_000)
  clock.advance(5)
  assert.equal(clock.now(), 1_005)
  clock.set(3)
  assert.equal(clock.now(), 3)
  assert.equal(createTestClock().now(), Date.UTC(2026, 0, 1))
})

test('moved time moves Date.now and the system clock, step by step, and comes back', () => {
  const real = Date.now
  const before = Date.now()
  moveTime(3_600_000)
  moveTime(3_600_000)
  assert.ok(Date.now() - before >= 7_200_000 && Date.now() - before < 7_260_000)
  assert.ok(systemClock.now() - before >= 7_200_000)
  moveTime(-7_200_000)
  assert.ok(Date.now() - before < 60_000)
  moveTime(1)
  restoreTime()
  assert.equal(Date.now, real)
})

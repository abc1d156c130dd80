import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { createRate } from './rate.ts'

test('so many a minute, by address and scope', () => {
  const clock = createTestClock()
  const rate = createRate(clock, 2)
  assert.equal(rate.take('pool', '192.0.2.1'), undefined)
  clock.advance(20_000)
  assert.equal(rate.take('pool', '192.0.2.1'), undefined)
  assert.equal(rate.take('pool', '192.0.2.1'), 40_000)
  assert.equal(rate.take('other', '192.0.2.1'), undefined)
  assert.equal(rate.take('pool', '192.0.2.2'), undefined)
  clock.advance(39_999)
  assert.equal(rate.take('pool', '192.0.2.1'), 1)
  clock.advance(1)
  assert.equal(rate.take('pool', '192.0.2.1'), undefined)
})

test('an IPv6 network counts as one, and IPv4 in IPv6 as itself', () => {
  const rate = createRate(createTestClock(), 1)
  assert.equal(rate.take('', '2001:db8:0:1::1'), undefined)
  assert.equal(rate.take('', '2001:db8:0:1:ffff::2'), 60_000)
  assert.equal(rate.take('', '2001:db8:0:2::1'), undefined)
  assert.equal(rate.take('', '192.0.2.1'), undefined)
  assert.equal(rate.take('', '::ffff:192.0.2.1'), 60_000)
})

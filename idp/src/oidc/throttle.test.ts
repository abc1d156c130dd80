import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { limits } from '../limits.ts'
import { type Attempt, createThrottle } from './throttle.ts'

const attempt = (change: Partial<Attempt> = {}): Attempt => ({
  poolId: 'p',
  clientId: 'agent',
  address: '192.0.2.1',
  ...change,
})

function start() {
  const clock = createTestClock()
  const throttle = createThrottle(clock)
  const fail = (times: number, which: Attempt) => {
    for (let time = 0; time < times; time += 1) throttle.failed(which)
  }
  return { clock, throttle, fail }
}

test('nobody waits before the allowed failures are used up', () => {
  const { throttle, fail } = start()
  fail(limits.failuresPerPair - 1, attempt())
  assert.equal(throttle.wait(attempt()), 0)
})

test('each failure more doubles the wait, up to the longest', () => {
  const { throttle, fail } = start()
  fail(limits.failuresPerPair, attempt())
  assert.equal(throttle.wait(attempt()), limits.throttleFirstMs)
  fail(1, attempt())
  assert.equal(throttle.wait(attempt()), 2 * limits.throttleFirstMs)
  fail(50, attempt())
  assert.equal(throttle.wait(attempt()), limits.throttleLongestMs)
})

test('the wait ends with time, and failures are forgotten', () => {
  const { clock, throttle, fail } = start()
  fail(limits.failuresPerPair, attempt())
  clock.advance(limits.throttleFirstMs)
  assert.equal(throttle.wait(attempt()), 0)
  clock.advance(limits.throttleMemoryMs)
  fail(1, attempt())
  assert.equal(throttle.wait(attempt()), 0)
})

test('who knows a client id cannot lock the client out at another address', () => {
  const { throttle, fail } = start()
  fail(1000, attempt({ address: '198.51.100.7' }))
  assert.equal(throttle.wait(attempt()), 0)
  assert.ok(throttle.wait(attempt({ address: '198.51.100.7' })) > 0)
})

test('a success clears the pair', () => {
  const { throttle, fail } = start()
  fail(limits.failuresPerPair - 1, attempt())
  throttle.succeeded(attempt())
  fail(limits.failuresPerPair - 1, attempt())
  assert.equal(throttle.wait(attempt()), 0)
})

test('an address that tries many clients waits as a whole, but for who has succeeded from there', () => {
  const { throttle, fail } = start()
  throttle.succeeded(attempt({ clientId: 'good' }))
  for (let index = 0; index < limits.failuresPerAddress; index += 1) fail(1, attempt({ clientId: `client-${index}` }))
  assert.ok(throttle.wait(attempt({ clientId: 'never-seen' })) > 0)
  assert.ok(throttle.wait(attempt({ clientId: 'never-seen', poolId: 'other' })) > 0)
  assert.equal(throttle.wait(attempt({ clientId: 'good' })), 0)
  assert.equal(throttle.wait(attempt({ clientId: 'never-seen', address: '192.0.2.2' })), 0)
})

test('failures of somebody known to be good do not count against the address', () => {
  const { throttle, fail } = start()
  throttle.succeeded(attempt({ clientId: 'good' }))
  fail(1000, attempt({ clientId: 'good' }))
  assert.ok(throttle.wait(attempt({ clientId: 'good' })) > 0)
  assert.equal(throttle.wait(attempt({ clientId: 'other' })), 0)
})

test('a client that is tried from everywhere gives each new address one try, and the right secret still passes', () => {
  const { throttle, fail } = start()
  for (let index = 0; index < limits.failuresPerClient; index += 1) {
    fail(1, attempt({ address: `198.51.${index}.1` }))
  }
  const fresh = attempt({ address: '203.0.113.5' })
  assert.equal(throttle.wait(fresh), 0)
  fail(1, fresh)
  assert.ok(throttle.wait(fresh) > 0)
  assert.equal(throttle.wait(attempt({ address: '203.0.113.6' })), 0)
})

test('texts that are no ids share one entry', () => {
  const { throttle, fail } = start()
  for (let index = 0; index < limits.failuresPerPair; index += 1) fail(1, attempt({ clientId: `No Id ${index}` }))
  assert.ok(throttle.wait(attempt({ clientId: 'another / text' })) > 0)
  assert.equal(throttle.wait(attempt()), 0)
})

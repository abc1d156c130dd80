import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import fc from 'fast-check'
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
  const bucket = createRefetchBucket(30_000, clock)
  bucket.begin()
  bucket.end(['x'], false)
  backoff.failed()
  clock.advance(-7_200_000)
  assert.equal(backoff.wait(), 0)
  assert.equal(bucket.wait(), 0)
})

test('pauses between fetches in vain grow towards the cool-down, and are forgotten one per cool-down', () => {
  const clock = createTestClock()
  const bucket = createRefetchBucket(30_000, clock)
  const pauses = Array.from({ length: 9 }, (_, index) => {
    clock.advance(bucket.wait())
    bucket.begin()
    bucket.end([`id-${index}`], false)
    return Math.round(bucket.wait() / 1000)
  })
  assert.deepEqual(pauses, [1, 2, 4, 7, 12, 18, 24, 27, 29])
  clock.advance(8 * 30_000)
  bucket.begin()
  bucket.end(['x'], false)
  assert.equal(bucket.wait(), 1000)
})

test('a fetch that finds what was looked for wipes the slate, even beside ids that it did not have', () => {
  const clock = createTestClock()
  const bucket = createRefetchBucket(30_000, clock)
  bucket.begin()
  bucket.end(['a', 'b', 'c', 'd'], false)
  assert.equal(bucket.wait(), 8000)
  bucket.begin()
  bucket.end(['e'], true)
  assert.equal(bucket.wait(), 1000)
  assert.ok(bucket.isInVain('a') && bucket.isInVain('e') && !bucket.isInVain('f'))
  clock.advance(30_000)
  assert.ok(!bucket.isInVain('a'))
})

test('who is sent away again and again with one id is one knock, and the first of all is none', () => {
  const bucket = createRefetchBucket(30_000, createTestClock())
  bucket.begin()
  bucket.end(['a'], false)
  for (let count = 0; count < 100; count += 1) bucket.refused(['rotated'])
  assert.equal(bucket.wait(), 1000)
  bucket.refused(['b', 'b'])
  assert.equal(bucket.wait(), 2000)
})

type Step = { readonly does: 'knock'; readonly id: number } | { readonly does: 'wait'; readonly ms: number | 'due' }

/** What strangers and time may do to the bucket. */
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ does: fc.constant('knock' as const), id: fc.nat(40) }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('wait' as const), ms: fc.nat(40_000) }) },
    { weight: 1, arbitrary: fc.constant<Step>({ does: 'wait', ms: 'due' }) },
  ),
  { maxLength: 200 },
)

/** When fetches began; none of them finds anything. */
function playStrangers(
  list: readonly Step[],
  cooldownMs: number,
): { readonly begun: number[]; readonly lasted: number } {
  const clock = createTestClock(0)
  const bucket = createRefetchBucket(cooldownMs, clock)
  const begun: number[] = []
  const knock = (id: string): void => {
    if (bucket.isInVain(id)) return
    if (bucket.wait() > 0) {
      bucket.refused([id])
      return
    }
    begun.push(clock.now())
    bucket.begin()
    bucket.end([id], false)
    assert.ok(bucket.isInVain(id))
  }
  for (const step of list) {
    if (step.does === 'knock') knock(`${step.id}`)
    else clock.advance(step.ms === 'due' ? Math.ceil(bucket.wait()) : step.ms)
    assert.ok(bucket.wait() <= cooldownMs, 'nobody waits longer than the cool-down')
  }
  return { begun, lasted: clock.now() }
}

test('whatever strangers do: a second between fetches, a few at first, then one per cool-down', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1000, max: 120_000 }), (list, cooldownMs) => {
      const { begun, lasted } = playStrangers(list, cooldownMs)
      for (const [index, at] of begun.entries()) assert.ok(index === 0 || at - (begun[index - 1] ?? 0) >= 1000)
      const burst = 3 + Math.ceil(Math.log2(cooldownMs / 1000))
      assert.ok(begun.length <= burst + lasted / cooldownMs, `${begun.length} fetches`)
    }),
    { numRuns: 1000 },
  )
})

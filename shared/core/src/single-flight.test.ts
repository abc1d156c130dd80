import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSingleFlight } from './single-flight.ts'

test('E14: however many ask at once, one loads, and all get its outcome', async () => {
  const flight = createSingleFlight<number>()
  const { promise, resolve } = Promise.withResolvers<number>()
  let loads = 0
  const load = () => {
    loads += 1
    return promise
  }
  const all = Array.from({ length: 50 }, () => flight('a', load))
  const other = flight('b', async () => 2)
  resolve(1)
  assert.deepEqual(new Set(await Promise.all(all)), new Set([1]))
  assert.equal(await other, 2)
  assert.equal(loads, 1)
})

test('nothing is kept once it has settled, a failure neither', async () => {
  const flight = createSingleFlight<string>()
  const failing = () => Promise.reject(new Error('down'))
  const [first, second] = await Promise.allSettled([flight('a', failing), flight('a', failing)])
  assert.equal(first.status, 'rejected')
  assert.equal(second.status, 'rejected')
  assert.equal(await flight('a', async () => 'up'), 'up')
  assert.equal(await flight('a', async () => 'later'), 'later')
})

test('a load that throws at once rejects like any other', async () => {
  const flight = createSingleFlight<string>()
  const throwing = () => {
    throw new Error('at once')
  }
  await assert.rejects(flight('a', throwing), /at once/)
  assert.equal(await flight('a', async () => 'fine'), 'fine')
})

test('one that its runtime has dropped is begun anew by one of those who wait, and by who comes then', async () => {
  const flight = createSingleFlight<string>({ patienceMs: 200 })
  // As on Workers, where it goes with the request that began it.
  void flight('a', () => new Promise<never>(() => undefined))
  let loads = 0
  const load = async () => {
    loads += 1
    await new Promise((resolve) => setTimeout(resolve, 20))
    return `load ${loads}`
  }
  assert.deepEqual(
    await Promise.all([flight('a', load), flight('a', load), flight('a', load)]),
    Array(3).fill('load 1'),
  )
  assert.equal(await flight('a', load), 'load 2')
})

test('one that takes longer than others wait for it still ends for who began it, and takes nothing away from the next', async () => {
  const flight = createSingleFlight<string>({ patienceMs: 20 })
  const slow = Promise.withResolvers<string>()
  const next = Promise.withResolvers<string>()
  const first = flight('a', () => slow.promise)
  const begun = Promise.withResolvers<void>()
  const second = flight('a', () => {
    begun.resolve()
    return next.promise
  })
  await begun.promise
  slow.resolve('slow')
  assert.equal(await first, 'slow')
  const third = flight('a', async () => 'not needed')
  next.resolve('next')
  assert.deepEqual(await Promise.all([second, third]), ['next', 'next'])
})

test('without an end to the patience, whoever asks waits as long as it takes', async () => {
  const flight = createSingleFlight<string>()
  const { promise, resolve } = Promise.withResolvers<string>()
  const both = [flight('a', () => promise), flight('a', async () => 'second')]
  setTimeout(resolve, 50, 'first')
  assert.deepEqual(await Promise.all(both), ['first', 'first'])
})

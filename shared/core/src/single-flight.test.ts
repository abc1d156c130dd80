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

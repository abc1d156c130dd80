import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cache, createCache } from './cache.ts'
import { createTestClock, type TestClock } from './testing.ts'

/** What the cache should be: a list, least recently used first, with no cleverness. */
interface Model {
  now: number
  entries: { key: string; value: number; expiresAt: number }[]
}

interface Real {
  readonly cache: Cache<number>
  readonly clock: TestClock
}

const max = 3

function without(model: Model, key: string) {
  return model.entries.filter((entry) => entry.key !== key)
}

function command(name: string, run: (model: Model, real: Real) => void): fc.Command<Model, Real> {
  return {
    check: () => true,
    run: (model, real) => {
      run(model, real)
      assert.equal(real.cache.size, model.entries.length)
      assert.ok(real.cache.size <= max)
    },
    toString: () => name,
  }
}

const get = (key: string) =>
  command(`get ${key}`, (model, { cache }) => {
    const found = model.entries.find((entry) => entry.key === key)
    const live = found !== undefined && found.expiresAt > model.now ? found : undefined
    model.entries = live === undefined ? without(model, key) : [...without(model, key), live]
    assert.equal(cache.get(key), live?.value)
  })

const set = (key: string, value: number, lifetime: number) =>
  command(`set ${key} ${value} +${lifetime}`, (model, { cache }) => {
    model.entries = without(model, key)
    if (lifetime > 0) model.entries = [...model.entries, { key, value, expiresAt: model.now + lifetime }].slice(-max)
    cache.set(key, value, model.now + lifetime)
  })

const drop = (key: string) =>
  command(`delete ${key}`, (model, { cache }) => {
    const held = model.entries.length
    model.entries = without(model, key)
    assert.equal(cache.delete(key), model.entries.length < held)
  })

const advance = (ms: number) =>
  command(`advance ${ms}`, (model, { clock }) => {
    model.now += ms
    clock.advance(ms)
  })

const clear = () =>
  command('clear', (model, { cache }) => {
    model.entries = []
    cache.clear()
  })

test('behaves as the plain list does, whatever is done to it', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', '__proto__')
  const commands = fc.commands(
    [
      key.map(get),
      fc
        .tuple(key, fc.nat(), fc.oneof(fc.integer({ min: -5, max: 30 }), fc.constantFrom(Number.NaN, Infinity)))
        .map((all) => set(...all)),
      key.map(drop),
      fc.integer({ min: 0, max: 20 }).map(advance),
      fc.constant(clear()),
    ],
    { maxCommands: 60 },
  )
  fc.assert(
    fc.property(commands, (run) => {
      const clock = createTestClock(1_000)
      fc.modelRun(
        () => ({ model: { now: 1_000, entries: [] }, real: { cache: createCache<number>({ max, clock }), clock } }),
        run,
      )
    }),
    { numRuns: 300 },
  )
})

test('is there until its expiry, and not at it', () => {
  const clock = createTestClock(0)
  const cache = createCache<string>({ max: 1, clock })
  cache.set('a', 'value', 10)
  clock.set(9)
  assert.equal(cache.get('a'), 'value')
  clock.set(10)
  assert.equal(cache.get('a'), undefined)
  clock.set(5)
  assert.equal(cache.get('a'), undefined, 'a clock that goes back does not bring it back')
})

test('L12: a flood of keys stays within the bound, and what is in use survives it', () => {
  const cache = createCache<number>({ max: 100 })
  cache.set('used', 1, Infinity)
  for (let index = 0; index < 10_000; index += 1) {
    cache.set(`key ${index}`, index, Infinity)
    assert.equal(cache.get('used'), 1)
  }
  assert.equal(cache.size, 100)
})

test('a bound that is none is refused', () => {
  for (const bad of [0, -1, 1.5, Number.NaN, Infinity]) assert.throws(() => createCache({ max: bad }), RangeError)
})

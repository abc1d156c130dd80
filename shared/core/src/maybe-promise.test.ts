import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whenReady } from './maybe-promise.ts'

test('a value that is there is used at once', () => {
  assert.equal(
    whenReady(1, (value) => value + 1),
    2,
  )
  assert.throws(() =>
    whenReady(1, () => {
      throw new Error('use')
    }),
  )
})

test('a promise is waited for', async () => {
  const later = whenReady(Promise.resolve(1), (value) => Promise.resolve(value + 1))
  assert.ok(later instanceof Promise)
  assert.equal(await later, 2)
  await assert.rejects(async () => whenReady(Promise.reject(new Error('value')), () => 1), /value/)
})

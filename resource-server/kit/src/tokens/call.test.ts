import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../refusal.ts'
import { callHost, failWith } from './call.ts'

const failure = failWith('custom_failed')

function because(reason: string): (error: unknown) => boolean {
  return (error) => error instanceof Refusal && error.reason === reason
}

test('what is there at once is there at once', () => {
  assert.equal(
    callHost(() => 7, { failure }),
    7,
  )
})

test('a promise, and anything like one, is waited for', async () => {
  assert.equal(await callHost(async () => 7, { failure }), 7)
  const thenable = Object.assign(Promise.resolve(8), {})
  assert.equal(await callHost(() => thenable, { failure }), 8)
})

test('what is thrown or rejected becomes a refusal without a word of it', async () => {
  const fail = () => {
    throw new Error('db password=hunter2')
  }
  assert.throws(() => callHost(fail, { failure }), because('custom_failed'))
  await assert.rejects(async () => callHost(async () => fail(), { failure }), because('custom_failed'))
})

test('what never comes is given up, and told so', async () => {
  let aborted = false
  const never = (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      aborted = true
    })
    return new Promise<never>(() => undefined)
  }
  await assert.rejects(async () => callHost(never, { failure, timeoutMs: 5 }), because('timeout'))
  assert.ok(aborted)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenForStop } from './signals.ts'

test('the first signal asks, each one after it insists, and after release nobody listens', async () => {
  const before = process.listenerCount('SIGHUP')
  let insisted = 0
  const { asked, release } = listenForStop(() => {
    insisted += 1
  })
  assert.equal(process.listenerCount('SIGHUP'), before + 1)
  process.emit('SIGHUP')
  assert.equal(await asked, 'asked')
  assert.equal(insisted, 0)
  process.emit('SIGINT')
  process.emit('SIGTERM')
  assert.equal(insisted, 2)
  release()
  assert.equal(process.listenerCount('SIGHUP'), before)
})

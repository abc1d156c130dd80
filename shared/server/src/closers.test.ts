import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClosers } from './closers.ts'

test('closed in the opposite order, each waited for, and once', async () => {
  const said: string[] = []
  const closers = createClosers()
  closers.add(() => void said.push('first'))
  closers.add(async () => {
    await new Promise(setImmediate)
    said.push('second')
  })
  closers.add(() => void said.push('third'))
  const closing = closers.close()
  assert.equal(closers.close(), closing)
  await closing
  assert.deepEqual(said, ['third', 'second', 'first'])
})

test('one that fails keeps nothing open, and the first failure is told', async () => {
  const said: string[] = []
  const closers = createClosers()
  closers.add(() => void said.push('first'))
  closers.add(() => Promise.reject(new Error('later')))
  closers.add(() => {
    throw new Error('sooner')
  })
  await assert.rejects(closers.close(), /^Error: sooner$/)
  assert.deepEqual(said, ['first'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenToOutput } from './output.ts'

test('whatever the process writes is heard, and from then on only', async () => {
  console.log('before')
  const output = listenToOutput()
  console.log('one')
  console.error('two')
  console.debug({ three: 3 })
  process.stdout.write('four\n')
  process.stderr.write(new TextEncoder().encode('five\n'))
  process.emitWarning('six')
  await new Promise(setImmediate)
  const heard = output()
  for (const text of ['one', 'two', 'three: 3', 'four', 'five', 'six']) assert.ok(heard.includes(text), text)
  assert.ok(!heard.includes('before'))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captureLog } from '../testing/captured-log.ts'
import { createReadiness } from './health.ts'

test('callers that ask at once share one check, later ones get a new one', async () => {
  let count = 0
  const gate = Promise.withResolvers<void>()
  const readiness = createReadiness(
    {
      database: () => {
        count += 1
        return gate.promise
      },
    },
    captureLog().log,
  )
  const asking = [readiness(), readiness(), readiness()]
  gate.resolve()
  for (const answer of await Promise.all(asking)) assert.deepEqual(answer, { ready: true, checks: { database: 'ok' } })
  assert.equal(count, 1)
  await readiness()
  assert.equal(count, 2)
})

test('a check that throws at once, and one that never ends, have failed', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const readiness = createReadiness(
    {
      throws: () => {
        throw new Error('at once')
      },
      hangs: () => new Promise(() => {}),
    },
    captureLog().log,
  )
  const asking = readiness()
  context.mock.timers.tick(60_000)
  assert.deepEqual(await asking, { ready: false, checks: { throws: 'failed', hangs: 'failed' } })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@postern/core'
import { createLogger } from '@postern/server'
import { limits } from '../limits.ts'
import { isFirstUse } from './single-use.ts'
import { startSweeper } from './sweeper.ts'
import { openGround } from './test-face.ts'

test('what has expired is deleted now and then, until it is stopped', async (t) => {
  const ground = await openGround()
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { store, directory } = ground
  const log = createLogger({ level: 'silent', name: 'test' })
  await directory.pools.create({ id: 'pool', name: 'pool' })
  const stop = startSweeper({ store, directory, clock: systemClock, log })
  const now = Math.floor(Date.now() / 1000)
  const left = async () => (await store.db.selectFrom('oidc_model').select('id').execute()).length

  await isFirstUse(store, 'pool', 'agent', 'expired', now - 60)
  await isFirstUse(store, 'pool', 'agent', 'alive', now + 60)
  const { client } = await directory.registrations.register('pool', {
    name: 'Agent',
    clientType: 'MOBILE_APPLICATION',
    redirectUris: ['http://127.0.0.1/cb'],
  })
  await store.db
    .updateTable('client')
    .set({ expires_at: Date.now() - 1 })
    .execute()
  assert.equal(await left(), 2)
  t.mock.timers.tick(limits.expiredRowsEveryMs)
  await stop()
  assert.equal(await left(), 1)
  assert.equal(await directory.findClient('pool', client.clientId), undefined)

  await isFirstUse(store, 'pool', 'agent', 'expired too', now - 60)
  t.mock.timers.tick(10 * limits.expiredRowsEveryMs)
  assert.equal(await left(), 2)
  await ground.close()
})

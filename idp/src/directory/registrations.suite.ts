import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { limits } from '../limits.ts'
import { assertRefused, type OpenDirectory, type TestDirectory } from './directory-fixture.ts'

const hour = 3600_000
const day = 24 * hour
const input = {
  name: 'Client',
  clientType: 'MOBILE_APPLICATION',
  tokenEndpointAuthMethod: 'none',
  redirectUris: ['http://127.0.0.1/cb'],
} as const

/** A client as the hot path finds it, or undefined once its time is over. */
async function live({ directory, clock }: TestDirectory, clientId: string) {
  const client = await directory.findClient('pool', clientId)
  return client !== undefined && (client.expiresAt ?? Infinity) > clock.now() ? client : undefined
}

export function registrationSuite(open: OpenDirectory): void {
  describe('registrations', () => {
    let test: TestDirectory
    beforeEach(async () => {
      test = await open()
      await test.directory.pools.create({ id: 'pool', name: 'pool' })
    })
    afterEach(() => test.close())

    it('are clients like any other, which end', async () => {
      const { directory, clock, events } = test
      const origin = { requestId: 'request-1' }
      const { client, clientSecret } = await directory.registrations.register('pool', input, origin)
      assert.equal(clientSecret, undefined)
      assert.equal(client.registration, 'dynamic')
      assert.equal(client.expiresAt, clock.now() + day)
      const { clientId } = client
      assert.deepEqual(await directory.clients.get('pool', clientId), client)
      assert.deepEqual((await directory.clients.list('pool', { limit: 10 })).items, [client])
      const { kind, reason, requestId } = events.at(-1) ?? {}
      assert.deepEqual([kind, reason, requestId], ['admin.changed', 'created', 'request-1'])
      clock.advance(day - 1)
      assert.ok(await live(test, clientId))
      clock.advance(1)
      assert.equal(await live(test, clientId), undefined)
      assert.equal(await directory.registrations.deleteExpired(), 1)
      assert.equal(await directory.findClient('pool', clientId), undefined)
      assert.equal(await directory.registrations.deleteExpired(), 0)
    })

    it('with a secret keep its hash alone', async () => {
      const { directory, store } = test
      const confidential = {
        ...input,
        clientType: 'WEB_APPLICATION',
        tokenEndpointAuthMethod: 'client_secret_post',
      } as const
      const { client, clientSecret = '' } = await directory.registrations.register('pool', confidential)
      assert.ok(clientSecret.length >= 32)
      assert.equal((await directory.findClient('pool', client.clientId))?.secrets.length, 1)
      const rows = JSON.stringify(await store.db.selectFrom('client_secret').selectAll().execute())
      assert.ok(!rows.includes(clientSecret))
    })

    it('are renewed by use, and not written again the same day', async () => {
      const { directory, clock, store } = test
      const { client } = await directory.registrations.register('pool', input)
      const { clientId } = client
      const expiresAt = async () => (await directory.clients.get('pool', clientId)).expiresAt
      const use = async () => {
        const found = await directory.findClient('pool', clientId)
        if (found !== undefined) await directory.registrations.used(found)
      }
      clock.advance(23 * hour)
      await use()
      const first = clock.now() + 90 * day
      assert.equal(await expiresAt(), first)
      clock.advance(day - 1)
      await use()
      assert.equal(await expiresAt(), first)
      clock.advance(1)
      await use()
      assert.equal(await expiresAt(), clock.now() + 90 * day)
      const revision = await directory.revision('pool')
      clock.advance(89 * day)
      await use()
      assert.equal(await directory.revision('pool'), revision)
      clock.advance(90 * day)
      assert.equal(await live(test, clientId), undefined)
      const managed = await directory.clients.create('pool', { ...input, name: 'managed' })
      await directory.registrations.used(managed.client)
      assert.equal(await directory.registrations.deleteExpired(), 1)
      assert.equal((await store.db.selectFrom('client').select('client_id').execute()).length, 1)
    })

    it('stop at their number, and go on when some have ended', async () => {
      const { directory, store, clock } = test
      await directory.registrations.register('pool', input)
      const [row] = await store.db.selectFrom('client').selectAll().execute()
      assert.ok(row)
      const others = Array.from({ length: limits.dynamicClients - 2 }, (_, at) => ({
        ...row,
        client_id: `other-${at}`,
      }))
      for (let at = 0; at < others.length; at += 100) {
        await store.db
          .insertInto('client')
          .values(others.slice(at, at + 100))
          .execute()
      }
      clock.advance(hour)
      await directory.registrations.register('pool', input)
      await assertRefused(test, () => directory.registrations.register('pool', input), {
        kind: 'conflict',
        code: 'limit',
      })
      await directory.pools.create({ id: 'other', name: 'other' })
      await directory.registrations.register('other', input)
      await directory.clients.create('pool', { ...input, name: 'managed' })
      clock.advance(23 * hour)
      await directory.registrations.register('pool', input)
      assert.equal(await directory.registrations.deleteExpired(), limits.dynamicClients - 1)
    })

    it('need a pool, and what any client needs', async () => {
      const { directory } = test
      const nowhere = () => directory.registrations.register('none', input)
      await assertRefused(test, nowhere, { kind: 'not_found', code: 'not_found' })
      const keyless = () =>
        directory.registrations.register('pool', {
          ...input,
          clientType: 'WEB_APPLICATION',
          tokenEndpointAuthMethod: 'private_key_jwt',
        })
      await assertRefused(test, keyless, { kind: 'invalid', code: 'invalid_request', field: 'jwks' })
    })
  })
}

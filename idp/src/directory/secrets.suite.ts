import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { hashSecret } from '@postern/server'
import { limits } from '../limits.ts'
import { assertRefused, type OpenDirectory, type TestDirectory } from './directory-fixture.ts'

const endless = (hash: string) => ({ hash, expiresAt: null })

export function secretSuite(open: OpenDirectory): void {
  describe('secrets', () => {
    let test: TestDirectory
    const poolId = 'pool'
    const clientId = 'client'
    beforeEach(async () => {
      test = await open()
      await test.directory.pools.create({ id: poolId, name: 'Pool' })
      await test.directory.clients.create(poolId, { clientId, name: 'Agent', clientType: 'MACHINE_TO_MACHINE' })
    })
    afterEach(() => test.close())

    const list = () => test.directory.secrets.list(poolId, clientId)

    it('makes a second secret beside the first, and refuses a third', async () => {
      const { directory, clock, events } = test
      clock.advance(5)
      const { secret, clientSecret } = await directory.secrets.create(poolId, clientId)
      assert.match(clientSecret, /^[A-Za-z0-9_-]{43}$/)
      assert.deepEqual(secret, { id: secret.id, createdAt: clock.now(), expiresAt: null, lastUsedAt: null })
      assert.deepEqual((await list())[1], secret)
      assert.deepEqual(events.at(-1), { kind: 'admin.changed', outcome: 'ok', reason: 'updated', poolId, clientId })
      assert.ok(!JSON.stringify([await test.snapshot(), events]).includes(clientSecret))
      await assertRefused(test, () => directory.secrets.create(poolId, clientId), {
        kind: 'conflict',
        code: 'limit',
        says: /at most 2 live secrets; delete one first/,
      })
    })

    it('does not count a secret that has expired, and forgets it', async () => {
      const { directory, clock } = test
      const [first] = await list()
      await directory.secrets.create(poolId, clientId, { expiresAt: clock.now() + 1000 })
      clock.advance(1000)
      assert.deepEqual(await list(), [first])
      const { secret } = await directory.secrets.create(poolId, clientId)
      assert.deepEqual(
        (await list()).map(({ id }) => id),
        [first?.id, secret.id],
      )
    })

    it('refuses an end in the past', async () => {
      const { directory, clock } = test
      await assertRefused(test, () => directory.secrets.create(poolId, clientId, { expiresAt: clock.now() }), {
        kind: 'invalid',
        code: 'invalid_request',
        field: 'expiresAt',
        says: /has passed; choose a time in the future/,
      })
    })

    it('deletes a secret, but not the last one of a client that needs one', async () => {
      const { directory, changes } = test
      const [first] = await list()
      const second = await directory.secrets.create(poolId, clientId)
      await directory.secrets.delete(poolId, clientId, first?.id ?? '')
      assert.deepEqual(
        (await directory.findClient(poolId, clientId))?.secrets.map(({ id }) => id),
        [second.secret.id],
      )
      assert.deepEqual(changes.at(-1), { poolId, revision: await directory.revision(poolId) })
      await assertRefused(test, () => directory.secrets.delete(poolId, clientId, second.secret.id), {
        kind: 'conflict',
        code: 'in_use',
        says: /add another first/,
      })
      await assertRefused(test, () => directory.secrets.delete(poolId, clientId, first?.id ?? ''), {
        kind: 'not_found',
        code: 'not_found',
        says: /no secret/,
      })
    })

    it('does not let an expired secret stand in for the last live one', async () => {
      const { directory, clock } = test
      const [first] = await list()
      await directory.secrets.create(poolId, clientId, { expiresAt: clock.now() + 1000 })
      clock.advance(1000)
      await assertRefused(test, () => directory.secrets.delete(poolId, clientId, first?.id ?? ''), {
        kind: 'conflict',
        code: 'in_use',
      })
    })

    it('gives no secret to a public client', async () => {
      const { directory } = test
      await directory.clients.create(poolId, { clientId: 'spa', name: 'Spa', clientType: 'SINGLE_PAGE_APPLICATION' })
      await assertRefused(test, () => directory.secrets.create(poolId, 'spa'), {
        kind: 'conflict',
        code: 'conflict',
        says: /is public and has no secret/,
      })
    })

    it('knows when a secret was last used, without a write for each use', async () => {
      const { directory, clock, store } = test
      const [secret] = await list()
      const id = secret?.id ?? ''
      const revision = await directory.revision(poolId)
      const stored = () => store.db.selectFrom('client_secret').select('last_used_at').executeTakeFirst()
      directory.touchSecret(poolId, clientId, id)
      directory.touchSecret(poolId, clientId, 'unknown')
      assert.deepEqual(await stored(), { last_used_at: null })
      const firstUse = clock.now()
      assert.equal((await list())[0]?.lastUsedAt, firstUse)
      clock.advance(limits.secretUseResolutionMs - 1)
      directory.touchSecret(poolId, clientId, id)
      assert.equal((await list())[0]?.lastUsedAt, firstUse)
      clock.advance(1)
      directory.touchSecret(poolId, clientId, id)
      await directory.close()
      assert.deepEqual(await stored(), { last_used_at: clock.now() })
      const closedAt = clock.now()
      clock.advance(limits.secretUseResolutionMs)
      directory.touchSecret(poolId, clientId, id)
      await directory.close()
      assert.deepEqual(await stored(), { last_used_at: closedAt })
      assert.equal(await directory.revision(poolId), revision)
      assert.deepEqual(test.errors, [])
    })

    it('puts hashes in place, with room for one other', async () => {
      const { directory, clock } = test
      const hashes = async () => (await directory.findClient(poolId, clientId))?.secrets.map(({ hash }) => hash)
      const [made = ''] = (await hashes()) ?? []
      const one = hashSecret('one')
      const two = hashSecret('two')
      clock.advance(1)
      assert.equal(await directory.secrets.put(poolId, clientId, [endless(one)]), true)
      assert.deepEqual(await hashes(), [one, made])
      const before = await test.snapshot()
      assert.equal(await directory.secrets.put(poolId, clientId, [endless(one)]), false)
      assert.deepEqual(await test.snapshot(), before)
      clock.advance(1)
      assert.equal(await directory.secrets.put(poolId, clientId, [endless(two)]), true)
      assert.deepEqual(await hashes(), [two, one])
      assert.equal(await directory.secrets.put(poolId, clientId, [endless(two)], { exact: true }), true)
      assert.deepEqual(await hashes(), [two])
    })

    it('keeps two that are put at once in their order, the newest first', async () => {
      const { directory } = test
      const stored = async () => (await directory.findClient(poolId, clientId))?.secrets.map(({ hash }) => hash)
      for (let round = 0; round < 5; round += 1) {
        const wanted = [hashSecret(`${round} new`), hashSecret(`${round} old`)]
        assert.equal(await directory.secrets.put(poolId, clientId, wanted.map(endless)), true)
        assert.deepEqual(await stored(), wanted)
        assert.equal(await directory.secrets.put(poolId, clientId, wanted.toReversed().map(endless)), false)
      }
    })

    it('puts an end to a secret, moves it, takes it away, and adds none whose end has passed', async () => {
      const { directory, clock } = test
      const hash = hashSecret('one')
      const put = (expiresAt: number | null) => directory.secrets.put(poolId, clientId, [{ hash, expiresAt }])
      const stored = async () => {
        const { secrets = [] } = (await directory.findClient(poolId, clientId)) ?? {}
        return secrets.filter((secret) => secret.hash === hash).map(({ expiresAt }) => expiresAt)
      }
      assert.equal(await put(clock.now()), false)
      assert.deepEqual(await stored(), [])
      for (const end of [clock.now() + 1000, clock.now() + 2000, null, clock.now() + 1]) {
        assert.equal(await put(end), true)
        assert.deepEqual(await stored(), [end])
        assert.equal(await put(end), false)
      }
      clock.advance(1)
      assert.equal(await put(clock.now() + 1000), true)
      assert.deepEqual(await stored(), [clock.now() + 1000])
      assert.equal(await put(clock.now()), true)
      assert.deepEqual(await stored(), [])
      assert.equal((await list()).length, 1)
    })
  })
}

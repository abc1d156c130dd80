import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestClock, type TestClock } from '@postern/core/testing'
import { createLogger, createSealer, openStore, type Store } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import { createDirectory } from '../directory/directory.ts'
import { limits } from '../limits.ts'
import { type IdpDatabase, idpMigrations } from '../schema.ts'
import { createAdapter } from './adapter.ts'
import { endAccounts } from './endings.ts'
import { deleteExpired, isFirstUse } from './single-use.ts'

const sealer = createSealer(new Uint8Array(32))
const log = createLogger({ level: 'silent', name: 'test' })

describeStores('oidc models', (nextUrl) => {
  let clock: TestClock
  let store: Store<IdpDatabase>

  before(async () => {
    clock = createTestClock()
    store = await openStore<IdpDatabase>({ url: await nextUrl(), migrations: idpMigrations, log, name: 'idp' })
    const directory = createDirectory({
      store,
      clock,
      sealer,
      mode: 'development',
      onEvent: () => {},
      onError: () => {},
    })
    for (const id of ['one', 'two']) await directory.pools.create({ id, name: id })
    await directory.close()
  })
  after(() => store.close())

  const adapter = (model: string, poolId = 'one', refreshTokenGrace = 0) =>
    createAdapter({ store, sealer, clock, poolId, model, refreshTokenGrace })
  const rows = () => store.db.selectFrom('oidc_model').selectAll().execute()

  describe('the adapter', () => {
    test('gives back what it was given, under the id it was given', async () => {
      const sessions = adapter('Session')
      const payload = { jti: 'session-id', uid: 'session-uid', accountId: 'ann', exp: 1 }
      await sessions.upsert('session-id', payload, 60)
      assert.deepEqual(await sessions.find('session-id'), payload)
      assert.deepEqual(await sessions.findByUid('session-uid'), payload)
      assert.equal(await sessions.find('session-uid'), undefined)
      await sessions.upsert('session-id', { ...payload, accountId: 'bob' }, 60)
      assert.equal((await sessions.find('session-id'))?.accountId, 'bob')
      await sessions.destroy('session-id')
      assert.equal(await sessions.find('session-id'), undefined)
    })

    test('finds by user code', async () => {
      const codes = adapter('DeviceCode')
      await codes.upsert('device', { jti: 'device', userCode: 'ABCD-EFGH' }, 60)
      assert.equal((await codes.findByUserCode('ABCD-EFGH'))?.jti, 'device')
      assert.equal(await codes.findByUserCode('ABCD-XXXX'), undefined)
    })

    test('keeps pools and models apart', async () => {
      await adapter('Session').upsert('same', { accountId: 'ann' }, 60)
      assert.equal(await adapter('Session', 'two').find('same'), undefined)
      assert.equal(await adapter('Grant').find('same'), undefined)
      await adapter('Session', 'two').destroy('same')
      assert.equal((await adapter('Session').find('same'))?.accountId, 'ann')
    })

    test('stores no value that could be presented, nor whose it is', async () => {
      const payload = {
        jti: 'the-code',
        grantId: 'the-grant',
        uid: 'the-uid',
        userCode: 'the-user-code',
        accountId: 'ann',
      }
      await adapter('AuthorizationCode').upsert('the-code', payload, 60)
      const stored = JSON.stringify(await rows())
      for (const value of Object.values(payload)) assert.equal(stored.includes(value), false, value)
    })

    test('a payload that was moved to another row cannot be opened', async () => {
      await adapter('AccessToken').upsert('mine', { accountId: 'ann' }, 60)
      await adapter('AccessToken').upsert('yours', { accountId: 'bob' }, 60)
      const all = (await rows()).filter(({ model }) => model === 'AccessToken')
      const [first, second] = all
      assert.ok(first && second)
      await store.db.updateTable('oidc_model').set({ payload: first.payload }).where('id', '=', second.id).execute()
      const results = await Promise.allSettled(['mine', 'yours'].map((id) => adapter('AccessToken').find(id)))
      assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    })

    test('of any number that consume one code, one does', async () => {
      const codes = adapter('AuthorizationCode')
      await codes.upsert('once', { jti: 'once' }, 60)
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => codes.consume('once')))
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      const consumed = (await codes.find('once'))?.consumed
      assert.equal(consumed, Math.floor(clock.now() / 1000))
      // Saved once more, it stays consumed.
      await codes.upsert('once', { jti: 'once', consumed }, 60)
      await assert.rejects(codes.consume('once'), { error: 'invalid_grant' })
    })

    test('revokes what hangs on a grant', async () => {
      const tokens = adapter('RefreshToken')
      await tokens.upsert('a', { grantId: 'g' }, 60)
      await tokens.upsert('b', { grantId: 'g' }, 60)
      await tokens.upsert('c', { grantId: 'h' }, 60)
      await tokens.revokeByGrantId('g')
      assert.deepEqual([await tokens.find('a'), await tokens.find('b')], [undefined, undefined])
      assert.equal((await tokens.find('c'))?.grantId, 'h')
    })
  })

  describe('what is used twice', () => {
    const grants = () => adapter('Grant')

    test('at once ends the grant and all that came of it', async () => {
      const codes = adapter('AuthorizationCode')
      await grants().upsert('raced', { accountId: 'ann' }, 60)
      await grants().upsert('other', { accountId: 'ann' }, 60)
      await codes.upsert('code', { grantId: 'raced' }, 60)
      await adapter('RefreshToken').upsert('made-of-it', { grantId: 'raced' }, 60)
      await codes.consume('code')
      await assert.rejects(codes.consume('code'), { error: 'invalid_grant' })
      assert.equal(await grants().find('raced'), undefined)
      assert.equal(await adapter('RefreshToken').find('made-of-it'), undefined)
      assert.equal((await grants().find('other'))?.accountId, 'ann')
    })

    test('and is a refresh token in its grace counts as not used, for as long as the grace lasts', async () => {
      const tokens = adapter('RefreshToken', 'one', 30)
      await grants().upsert('shared', { accountId: 'ann' }, 60)
      await tokens.upsert('rotated', { grantId: 'shared' }, 60)
      await tokens.consume('rotated')
      clock.advance(29_999)
      assert.equal((await tokens.find('rotated'))?.consumed, undefined)
      await tokens.consume('rotated')
      clock.advance(1)
      assert.notEqual((await tokens.find('rotated'))?.consumed, undefined)
      await assert.rejects(tokens.consume('rotated'), { error: 'invalid_grant' })
      assert.equal(await grants().find('shared'), undefined)
    })

    test('has no grace where it is a code', async () => {
      const codes = adapter('AuthorizationCode', 'one', 300)
      await codes.upsert('graceless', { grantId: 'x' }, 60)
      await codes.consume('graceless')
      assert.notEqual((await codes.find('graceless'))?.consumed, undefined)
      await assert.rejects(codes.consume('graceless'), { error: 'invalid_grant' })
    })

    test('and is no longer there is refused', async () => {
      await assert.rejects(adapter('RefreshToken', 'one', 30).consume('never made'), { error: 'invalid_grant' })
    })
  })

  test('everything of a person in a pool can be ended, and nothing of anybody else', async () => {
    for (const [poolId, accountId] of [
      ['one', 'cat'],
      ['one', 'dan'],
      ['two', 'cat'],
    ] as const) {
      for (const model of ['Session', 'Grant', 'RefreshToken']) {
        await adapter(model, poolId).upsert(`${model}-${accountId}`, { accountId }, 60)
      }
    }
    await endAccounts(store, 'one', [])
    await endAccounts(store, 'one', ['cat', 'nobody'])
    for (const model of ['Session', 'Grant', 'RefreshToken']) {
      assert.equal(await adapter(model, 'one').find(`${model}-cat`), undefined)
      assert.equal((await adapter(model, 'one').find(`${model}-dan`))?.accountId, 'dan')
      assert.equal((await adapter(model, 'two').find(`${model}-cat`))?.accountId, 'cat')
    }
  })

  describe('single use', () => {
    const exp = () => Math.floor(clock.now() / 1000) + 60

    test('of any number at once, one is the first', async () => {
      const uses = await Promise.all(Array.from({ length: 8 }, () => isFirstUse(store, 'one', 'agent', 'jti', exp())))
      assert.equal(uses.filter(Boolean).length, 1)
      assert.equal(await isFirstUse(store, 'one', 'agent', 'jti', exp()), false)
    })

    test('is counted for each issuer and pool, whatever they are called', async () => {
      assert.equal(await isFirstUse(store, 'one', 'a', 'bc', exp()), true)
      assert.equal(await isFirstUse(store, 'one', 'ab', 'c', exp()), true)
      assert.equal(await isFirstUse(store, 'two', 'a', 'bc', exp()), true)
      assert.equal(await isFirstUse(store, 'one', 'a', 'bc', exp()), false)
    })
  })

  describe('expired rows', () => {
    test('are deleted, in more than one batch, and no others', async () => {
      await store.db.deleteFrom('oidc_model').execute()
      const grants = adapter('Grant')
      await store.db.transaction().execute(async (trx) => {
        for (let index = 0; index < limits.expiredRows + 20; index += 1) {
          const row = {
            pool_id: 'one',
            model: 'Grant',
            id: `expired-${index}`,
            payload: '',
            expires_at: clock.now() - 1,
          }
          await trx.insertInto('oidc_model').values(row).execute()
        }
      })
      await grants.upsert('alive', { accountId: 'ann' }, 60)
      await grants.upsert('for ever', { accountId: 'bob' })
      assert.equal(await deleteExpired(store, clock), limits.expiredRows + 20)
      assert.equal((await rows()).length, 2)
      clock.advance(61_000)
      assert.equal(await deleteExpired(store, clock), 1)
      assert.equal((await grants.find('for ever'))?.accountId, 'bob')
    })
  })
})

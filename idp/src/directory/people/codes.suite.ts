import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Store } from '@postern/server'
import { limits } from '../../limits.ts'
import type { IdpDatabase } from '../../schema.ts'
import { createTestPeople, good, home, other, poolId, type TestPeople } from './people-fixture.ts'

const alice = { preferredUsername: 'alice', email: 'alice@mail.example' }

export function codeSuite(open: () => Store<IdpDatabase>): void {
  describe('codes', () => {
    let test: TestPeople
    const accounts = () => test.directory.accounts
    const recover = (name: string, address = home) => accounts().startRecovery(poolId, { name, address })
    const finish = (name: string, code: string, password = other, address = home) =>
      accounts().finishRecovery(poolId, { name, code, password, address })
    const confirm = (name: string, code: string, address = home) => accounts().confirm(poolId, { name, code, address })
    const again = (name: string, address = home) => accounts().sendConfirmation(poolId, { name, address })
    const signIn = (name: string, password: string) => accounts().signIn(poolId, { name, password, address: home })
    const later = () => test.clock.advance(limits.codeIntervalMs)
    const mails = async () => (await test.directory.outbox.list({ limit: 100 })).items
    const wrongOf = (code: string) => String((Number(code) + 1) % 10 ** 8).padStart(8, '0')

    beforeEach(async () => {
      test = await createTestPeople(open())
      await test.directory.users.create(poolId, { ...alice, password: good, status: 'CONFIRMED' })
      test.changes.length = 0
      test.events.length = 0
      test.passwords.work.length = 0
    })
    afterEach(() => test.close())

    it('of recovery set a new password and end what was signed in to', async () => {
      assert.deepEqual(await recover('ALICE'), { outcome: 'ok' })
      const { code, kind, to, userId } = await test.mail()
      assert.deepEqual([kind, to], ['recovery', 'alice@mail.example'])
      const spaced = `${code.slice(0, 4)} ${code.slice(4)}`
      const answer = await finish('alice@mail.example', spaced)
      assert.ok(answer.outcome === 'ok')
      assert.deepEqual([answer.user.id, answer.user.emailVerified, answer.user.status], [userId, true, 'CONFIRMED'])
      assert.deepEqual(
        test.changes.map(({ users }) => users),
        [[userId]],
      )
      assert.equal((await signIn('alice', good)).outcome, 'wrong')
      assert.equal((await signIn('alice', other)).outcome, 'ok')
    })

    it('are good once', async () => {
      await recover('alice')
      const { code } = await test.mail()
      assert.equal((await finish('alice', code)).outcome, 'ok')
      assert.equal((await finish('alice', code, good)).outcome, 'wrong')
      assert.equal((await signIn('alice', other)).outcome, 'ok')
    })

    it('are good for one of many who come at once', async () => {
      await recover('alice')
      const { code } = await test.mail()
      const answers = await Promise.all(Array.from({ length: 4 }, () => finish('alice', code)))
      assert.equal(answers.filter(({ outcome }) => outcome === 'ok').length, 1)
    })

    it('end with time, with tries and with the next code', async () => {
      await recover('alice')
      const first = await test.mail()
      test.clock.advance(limits.codeLifetimeMs)
      assert.equal((await finish('alice', first.code)).outcome, 'wrong')
      await recover('alice')
      const second = await test.mail()
      for (let index = 0; index < limits.codeTries; index += 1)
        assert.equal((await finish('alice', wrongOf(second.code), other, `192.0.2.${index}`)).outcome, 'wrong')
      assert.equal((await finish('alice', second.code, other, '192.0.2.99')).outcome, 'wrong')
      later()
      await recover('alice')
      const third = await test.mail()
      later()
      await recover('alice')
      assert.equal((await finish('alice', third.code)).outcome, 'wrong')
      assert.equal((await finish('alice', (await test.mail()).code)).outcome, 'ok')
    })

    it('are of one kind, one user and one pool', async () => {
      await test.directory.users.create(poolId, { preferredUsername: 'bob', email: 'bob@mail.example' })
      await test.directory.pools.create({ id: 'second', name: 'Second' })
      await test.directory.users.create('second', { ...alice, password: good, status: 'CONFIRMED' })
      await recover('alice')
      const { code } = await test.mail()
      await recover('bob')
      await accounts().startRecovery('second', { name: 'alice', address: home })
      assert.equal((await confirm('alice', code)).outcome, 'wrong')
      assert.equal((await finish('bob', code)).outcome, 'wrong')
      const abroad = { name: 'alice', code, password: other, address: home }
      assert.equal((await accounts().finishRecovery('second', abroad)).outcome, 'wrong')
      assert.equal((await finish('alice', code)).outcome, 'ok')
    })

    it('are asked for, answered and worked on the same whoever is named', async () => {
      await test.directory.users.create(poolId, { preferredUsername: 'bare' })
      await test.directory.users.create(poolId, {
        ...alice,
        preferredUsername: 'gone',
        email: 'g@mail.example',
        status: 'DISABLED',
      })
      test.passwords.work.length = 0
      const seen: unknown[] = []
      for (const name of ['alice', 'nobody', 'bare', 'gone', '', 'a\0b', 'x'.repeat(5000)]) {
        for (const table of ['attempt', 'user_code'] as const) await test.store.db.deleteFrom(table).execute()
        const answers = [await recover(name), await recover(name)]
        later()
        answers.push(await again(name))
        const codes = await test.store.db.selectFrom('user_code').select('kind').orderBy('kind').execute()
        const tried = [await finish(name, '12345678'), await confirm(name, '12345678')]
        for (let index = 0; index < limits.signInFailuresPerPair; index += 1) tried.push(await confirm(name, 'x'))
        const attempts = await test.store.db
          .selectFrom('attempt')
          .select(['scope', 'count'])
          // Whom it reached, which nobody is told.
          .where('scope', '!=', 'send_destination')
          .orderBy('scope')
          .execute()
        seen.push([answers, tried, codes, attempts, [...test.passwords.work]])
      }
      const [first, ...others] = seen
      for (const one of others) assert.deepEqual(one, first)
      const [answers, tried, codes, , work] = first as unknown[][]
      assert.deepEqual(answers, [{ outcome: 'ok' }, { outcome: 'wait', seconds: 30 }, { outcome: 'ok' }])
      assert.deepEqual(tried?.slice(0, 2), [{ outcome: 'wrong' }, { outcome: 'wrong' }])
      assert.deepEqual(tried?.at(-1), { outcome: 'wait', seconds: 1 })
      assert.deepEqual([codes, work], [[{ kind: 'confirmation' }, { kind: 'recovery' }], []])
      assert.deepEqual(
        (await mails()).map(({ kind, to }) => [kind, to]),
        [['recovery', 'alice@mail.example']],
      )
    })

    it('of recovery are off in production, where nothing would bring them', async () => {
      await test.close()
      test = await createTestPeople(open(), {}, 'production')
      await test.directory.users.create(poolId, { ...alice, password: good, status: 'CONFIRMED' })
      assert.deepEqual(await recover('alice'), { outcome: 'off' })
      assert.deepEqual(await finish('alice', '12345678'), { outcome: 'wrong' })
      assert.deepEqual(await test.store.db.selectFrom('user_code').selectAll().execute(), [])
    })

    it('run the same statements in production whoever is named', async () => {
      await test.close()
      test = await createTestPeople(open(), {}, 'production')
      await test.directory.users.create(poolId, { ...alice, password: good, status: 'CONFIRMED' })
      await test.directory.users.create(poolId, { preferredUsername: 'bare' })
      const ran = async (...works: (() => Promise<unknown>)[]) => {
        test.statements.length = 0
        for (const work of works) await work()
        return test.statements.join(' ')
      }
      const seen: string[] = []
      const names = ['alice', 'nobody', 'bare']
      for (const name of names)
        seen.push(
          await ran(
            () => recover(name),
            () => finish(name, '12345678'),
            () => confirm(name, '12345678'),
          ),
        )
      later()
      const sent: string[] = []
      for (const name of names) sent.push(await ran(() => again(name)))
      for (const all of [seen, sent]) assert.equal(new Set(all).size, 1, all.join('\n'))
      assert.ok(seen[0]?.includes('Update') && sent[0]?.includes('Insert'))
    })

    it('say what is wrong with a password before anything else, and keep the code', async () => {
      await recover('alice')
      const { code } = await test.mail()
      for (const name of ['alice', 'nobody']) {
        const answer = await finish(name, wrongOf(code), 'weak')
        assert.ok(answer.outcome === 'invalid')
        assert.equal(answer.errors[0]?.field, 'password')
      }
      const own = await finish('alice', code, 'Alice@mail.example1'.replace('1', ''))
      assert.equal(own.outcome, 'invalid')
      assert.equal((await finish('alice', code)).outcome, 'ok')
    })

    it('tell only who has the code that the password is another name of the user', async () => {
      await test.directory.users.update(
        poolId,
        (await test.directory.users.list(poolId, { limit: 1 })).items[0]?.id ?? '',
        {
          preferredUsername: 'Alice-2000',
        },
      )
      await recover('alice@mail.example')
      const { code } = await test.mail()
      const name = 'alice@mail.example'
      assert.equal((await finish(name, wrongOf(code), 'ALICE-2000a'.slice(0, -1).replace('CE', 'ce'))).outcome, 'wrong')
      assert.equal((await finish(name, code, 'ALIce-2000')).outcome, 'invalid')
      assert.equal((await finish(name, code)).outcome, 'ok')
    })

    it('are slowed down by name and address, apart from passwords', async () => {
      await recover('alice')
      const { code } = await test.mail()
      for (let index = 0; index < limits.signInFailuresPerPair; index += 1) await confirm('alice', '0')
      assert.deepEqual(await finish('alice', code), { outcome: 'wait', seconds: 1 })
      assert.equal(test.events.at(-1)?.reason, 'throttled')
      assert.equal((await signIn('alice', good)).outcome, 'ok')
      test.clock.advance(1000)
      assert.equal((await finish('alice', code)).outcome, 'ok')
    })

    it('of recovery let in again who was slowed down', async () => {
      for (let index = 0; index < 8; index += 1) await signIn('alice', 'wrong')
      assert.equal((await signIn('alice', good)).outcome, 'wait')
      await recover('alice')
      await finish('alice', (await test.mail()).code)
      assert.equal((await signIn('alice', other)).outcome, 'ok')
    })

    it('are sent a few times an hour', async () => {
      for (let index = 0; index < limits.codesPerName; index += 1) {
        assert.equal((await recover('alice')).outcome, 'ok')
        later()
      }
      const answer = await recover('alice')
      assert.ok(answer.outcome === 'wait' && answer.seconds > 3000)
      assert.equal((await mails()).length, limits.codesPerName)
      test.clock.advance(limits.codeWindowMs)
      assert.equal((await recover('alice')).outcome, 'ok')
    })

    it('go to an address that was shown to be the user’s, before any other', async () => {
      const [user] = (await test.directory.users.list(poolId, { limit: 1 })).items
      await test.directory.users.update(poolId, user?.id ?? '', {
        phoneNumber: '+8613800000000',
        phoneNumberVerified: true,
      })
      await recover('alice')
      const { channel, code } = await test.mail()
      assert.equal(channel, 'phone')
      const answer = await finish('alice', code)
      assert.ok(answer.outcome === 'ok')
      assert.deepEqual([answer.user.emailVerified, answer.user.phoneNumberVerified], [false, true])
    })

    it('are void once the address is another', async () => {
      await recover('alice')
      const { code, userId } = await test.mail()
      await test.directory.users.update(poolId, userId, { email: 'new@mail.example' })
      assert.equal((await finish('alice', code)).outcome, 'wrong')
    })

    it('do not open what was disabled', async () => {
      await recover('alice')
      const { code, userId } = await test.mail()
      await test.directory.users.update(poolId, userId, { status: 'DISABLED' })
      assert.equal((await finish('alice', code)).outcome, 'wrong')
      assert.equal((await test.directory.users.get(poolId, userId)).status, 'DISABLED')
    })

    it('of recovery are off where the pool says so', async () => {
      await recover('alice')
      const { code } = await test.mail()
      later()
      await test.directory.pools.update(poolId, { selfAccountRecoveryEnabled: false })
      assert.deepEqual(await recover('alice'), { outcome: 'off' })
      assert.deepEqual(await finish('alice', code), { outcome: 'wrong' })
      assert.deepEqual(await accounts().startRecovery('none', { name: 'a', address: home }), { outcome: 'off' })
    })

    it('are wrong and sent to nobody in a pool that is disabled', async () => {
      await test.directory.pools.update(poolId, { enabled: false })
      assert.deepEqual(await again('alice'), { outcome: 'ok' })
      assert.deepEqual(await confirm('alice', '1'), { outcome: 'wrong' })
      assert.deepEqual(await finish('alice', '1'), { outcome: 'wrong' })
      assert.deepEqual(await mails(), [])
    })

    it('are in the outbox until they expire, sealed, the newest first', async () => {
      await test.directory.users.create(poolId, { preferredUsername: 'bob', email: 'bob@mail.example' })
      await recover('alice')
      test.clock.advance(1)
      await recover('bob')
      const items = await mails()
      assert.deepEqual(
        items.map(({ to }) => to),
        ['bob@mail.example', 'alice@mail.example'],
      )
      const { outbox } = test.directory
      assert.equal((await outbox.list({ limit: 9 }, { userId: items[1]?.userId })).items.length, 1)
      assert.equal((await outbox.list({ limit: 9 }, { kind: 'confirmation' })).items.length, 0)
      assert.equal((await outbox.list({ limit: 9 }, { poolId: 'none' })).items.length, 0)
      const page = await outbox.list({ limit: 1 })
      assert.ok(page.next)
      assert.equal((await outbox.list({ limit: 1, after: page.next })).items[0]?.to, 'alice@mail.example')
      const stored = JSON.stringify(await test.store.db.selectFrom('outbox').selectAll().execute())
      const codes = JSON.stringify(await test.store.db.selectFrom('user_code').selectAll().execute())
      for (const { code } of items) assert.ok(!stored.includes(code) && !codes.includes(code))
      assert.ok(!JSON.stringify(test.events).includes('mail.example'))
      test.clock.advance(limits.codeLifetimeMs)
      assert.deepEqual(await mails(), [])
      await recover('nobody')
      assert.deepEqual(await test.store.db.selectFrom('outbox').selectAll().execute(), [])
    })
  })
}

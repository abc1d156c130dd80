import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { hashSecret, type Store } from '@postern/server'
import { limits } from '../../limits.ts'
import type { IdpDatabase } from '../../schema.ts'
import type { UserStatus } from '../types.ts'
import { createPasswords } from './passwords.ts'
import { createTestPeople, good, home, poolId, type TestPeople } from './people-fixture.ts'

const away = '198.51.100.9'
const minute = 60_000

export function signInSuite(open: () => Store<IdpDatabase>): void {
  describe('signing in', () => {
    let test: TestPeople
    let id: string
    const accounts = () => test.directory.accounts
    const signIn = (name: string, password: string, address = home) =>
      accounts().signIn(poolId, { name, password, address, requestId: 'r1' })
    const setStatus = (status: UserStatus) =>
      test.store.db.updateTable('user_account').set({ status }).where('id', '=', id).execute()

    beforeEach(async () => {
      test = await createTestPeople(open())
      const user = await test.directory.users.create(poolId, {
        preferredUsername: 'alice',
        email: 'alice@mail.example',
        phoneNumber: '+8613800000000',
        password: good,
        status: 'CONFIRMED',
      })
      id = user.id
      test.events.length = 0
      test.passwords.work.length = 0
    })
    afterEach(() => test.close())

    it('works with each name, in any spelling, and is noted', async () => {
      for (const name of ['alice', 'ALICE', 'Alice@MAIL.example', '+86 138 0000-0000']) {
        test.clock.advance(1)
        const answer = await signIn(name, good)
        assert.deepEqual([answer.outcome, 'user' in answer && answer.user.id], ['ok', id])
      }
      assert.equal((await test.directory.users.get(poolId, id)).lastSignInAt, test.clock.now())
      const event = { kind: 'access.verified', outcome: 'ok', reason: 'ok', poolId, subjectHash: hashSecret(id) }
      assert.deepEqual(test.events[0], { ...event, requestId: 'r1' })
      assert.deepEqual(test.changes, [])
    })

    it('tells who must change the password or confirm the address, and only who knows the password', async () => {
      await setStatus('FORCE_CHANGE_PASSWORD')
      assert.equal((await signIn('alice', good)).outcome, 'new_password')
      await setStatus('UNCONFIRMED')
      assert.equal((await signIn('alice', good)).outcome, 'unconfirmed')
      assert.equal((await signIn('alice', 'wrong')).outcome, 'wrong')
      assert.equal((await test.directory.users.get(poolId, id)).lastSignInAt, null)
    })

    it('is the same answer, work and record for a wrong password, nobody, a disabled user and one without a password', async () => {
      await test.directory.users.create(poolId, { preferredUsername: 'bare' })
      await test.directory.users.create(poolId, { preferredUsername: 'gone', password: good, status: 'CONFIRMED' })
      const [gone] = (await test.directory.users.list(poolId, { limit: 1 }, { name: 'gone' })).items
      await test.directory.users.update(poolId, gone?.id ?? '', { status: 'DISABLED' })
      const seen: unknown[] = []
      const reasons: string[] = []
      for (const [name, password] of [
        ['alice', 'wrong'],
        ['nobody', good],
        ['gone', good],
        ['gone', 'wrong'],
        ['bare', good],
        ['bare', ''],
        ['', good],
        ['a\0b', good],
        ['x'.repeat(5000), good],
        ['\u{1f511}', good],
      ] as const) {
        await test.store.db.deleteFrom('attempt').execute()
        test.passwords.work.length = 0
        test.events.length = 0
        test.statements.length = 0
        const answer = await signIn(name, password)
        const statements = test.statements.join(' ')
        const attempts = await test.store.db
          .selectFrom('attempt')
          .select(['scope', 'count', 'blocked_until'])
          .orderBy('scope')
          .execute()
        seen.push([answer, [...test.passwords.work], attempts, statements])
        reasons.push(...test.events.map(({ reason }) => reason))
      }
      const counted = (what: string) => ({ scope: `password_${what}`, count: 1, blocked_until: 0 })
      const same = [{ outcome: 'wrong' }, ['verify'], [counted('address'), counted('name'), counted('pair')]]
      const ran = 'Select Select Select Select Select Insert Update Insert Update Insert Update'
      for (const one of seen) assert.deepEqual(one, [...same, ran])
      const expected = [
        'wrong_password',
        'unknown_user',
        'user_disabled',
        'wrong_password',
        'wrong_password',
        'wrong_password',
      ]
      assert.deepEqual(reasons, [...expected, 'unknown_user', 'unknown_user', 'unknown_user', 'unknown_user'])
    })

    it('costs for an unknown name what it costs for one of the users', async () => {
      await test.store.db
        .updateTable('user_account')
        .set({ password_hash: await createPasswords({ memory: 16, passes: 3, lanes: 1 }).hash(good) })
        .execute()
      const costs: string[] = []
      const { verify } = test.passwords
      test.passwords.verify = (password, phc) => {
        costs.push(phc.split('$')[3] ?? '')
        return verify(password, phc)
      }
      for (const name of ['alice', 'nobody1', 'nobody2', 'nobody3']) await signIn(name, 'wrong')
      assert.equal(costs[0], 'm=16,t=3,p=1')
      // A place past the last user has nobody: then it costs what a new hash does.
      for (const cost of costs) assert.ok(['m=16,t=3,p=1', 'm=8,t=1,p=1'].includes(cost))
      assert.ok(costs.slice(1).includes('m=16,t=3,p=1') || id < '8')
    })

    it('has to wait after a few wrong passwords, longer each time, and says so of unknown names too', async () => {
      const waits = async (name: string) => {
        const answers: unknown[] = []
        for (let index = 0; index < limits.signInFailuresPerPair + 3; index += 1) {
          const answer = await signIn(name, 'wrong')
          answers.push(answer.outcome === 'wait' ? answer.seconds : answer.outcome)
          if (answer.outcome === 'wait') test.clock.advance(answer.seconds * 1000)
        }
        return answers
      }
      const known = await waits('alice')
      assert.deepEqual(known, ['wrong', 'wrong', 'wrong', 'wrong', 'wrong', 1, 'wrong', 2])
      assert.deepEqual(await waits('nobody'), known)
    })

    it('is refused unseen while it has to wait, right or wrong, at no cost', async () => {
      for (let index = 0; index < limits.signInFailuresPerPair; index += 1) await signIn('alice', 'wrong')
      test.passwords.work.length = 0
      assert.deepEqual(await signIn('alice', good), { outcome: 'wait', seconds: 1 })
      assert.deepEqual(test.passwords.work, [])
      assert.equal(test.events.at(-1)?.reason, 'throttled')
      test.clock.advance(1000)
      assert.equal((await signIn('alice', good)).outcome, 'ok')
      assert.equal((await signIn('alice', 'wrong')).outcome, 'wrong')
    })

    it('has no wait from elsewhere because somebody else guesses', async () => {
      for (let index = 0; index < limits.signInFailuresPerPair + 2; index += 1) await signIn('alice', 'wrong', away)
      assert.equal((await signIn('alice', 'wrong', away)).outcome, 'wait')
      assert.equal((await signIn('alice', good)).outcome, 'ok')
    })

    it('waits for a name that is guessed from everywhere, but where it signed in from lately', async () => {
      await signIn('alice', good)
      for (let index = 0; index < limits.signInFailuresPerName; index += 1)
        await signIn('alice', 'wrong', `198.51.100.${index}`)
      assert.equal((await signIn('alice', good, '192.0.2.1')).outcome, 'wait')
      assert.equal((await signIn('alice', good)).outcome, 'ok')
      test.clock.advance(limits.signInWindowMs)
      assert.equal((await signIn('alice', good, '192.0.2.1')).outcome, 'ok')
    })

    it('waits from an address that guesses many names, one IPv6 network being one', async () => {
      const at = (index: number) => `2001:db8:0:1::${index.toString(16)}`
      await signIn('alice', good, at(0))
      for (let index = 0; index < limits.signInFailuresPerAddress; index += 1)
        await signIn(`n${index}`, 'wrong', at(index))
      assert.equal((await signIn('unguessed', 'wrong', at(7))).outcome, 'wait')
      assert.equal((await signIn('alice', good, at(9))).outcome, 'ok')
      assert.equal((await signIn('unguessed', 'wrong', '2001:db8:0:2::1')).outcome, 'wrong')
    })

    it('does not wait for ever', async () => {
      for (let index = 0; index < 40; index += 1) {
        const answer = await signIn('alice', 'wrong')
        assert.ok(answer.outcome === 'wrong' || (answer.outcome === 'wait' && answer.seconds <= 15 * 60))
        if (answer.outcome === 'wait') test.clock.advance(answer.seconds * 1000)
      }
    })

    it('lets no burst past the counts', async () => {
      const answers = await Promise.all(Array.from({ length: 40 }, () => signIn('alice', 'wrong')))
      const wrong = answers.filter(({ outcome }) => outcome === 'wrong').length
      assert.ok(wrong < limits.signInFailuresPerPair + limits.passwordsAtOnce, `${wrong} were tried`)
    })

    it('asks to come again when too many are waiting', async () => {
      const many = Array.from({ length: limits.passwordsWaiting * 2 }, (_, index) =>
        signIn(`n${index}`, 'wrong', `192.0.2.${index}`),
      )
      const answers = await Promise.all(many)
      assert.ok(answers.some((answer) => answer.outcome === 'wait' && answer.seconds === limits.passwordsBusy))
      assert.ok(test.passwords.work.length < many.length)
    })

    it('remembers its counts across a restart', async () => {
      for (let index = 0; index < limits.signInFailuresPerPair; index += 1) await signIn('alice', 'wrong')
      const rows = await test.store.db.selectFrom('attempt').selectAll().execute()
      assert.ok(
        rows.every(({ key }) => /^[\w-]{43}$/.test(key)),
        'names are hashed',
      )
      const { createDirectory } = await import('../directory.ts')
      const { createSealer } = await import('@postern/server')
      const again = createDirectory({
        store: test.store,
        clock: test.clock,
        sealer: createSealer(new Uint8Array(32)),
        mode: 'development',
        onEvent: () => {},
        onError: () => {},
      })
      assert.equal(
        (await again.accounts.signIn(poolId, { name: 'alice', password: good, address: home })).outcome,
        'wait',
      )
      await again.close()
    })

    it('hashes the password anew where it was hashed with less, and only then', async () => {
      await signIn('alice', good)
      assert.deepEqual(test.passwords.work, ['verify'])
      const { isOutdated } = test.passwords
      test.passwords.isOutdated = () => true
      await signIn('alice', 'wrong')
      const read = () => test.store.db.selectFrom('user_account').select('password_hash').executeTakeFirstOrThrow()
      const before = await read()
      await signIn('alice', good)
      assert.notDeepEqual(await read(), before)
      test.passwords.isOutdated = isOutdated
      assert.equal((await signIn('alice', good)).outcome, 'ok')
      assert.deepEqual(test.passwords.work, ['verify', 'verify', 'verify', 'hash', 'verify'])
    })

    it('forgets expired counts', async () => {
      await signIn('nobody', 'wrong')
      test.clock.advance(limits.signInWindowMs + minute)
      await signIn('alice', good)
      const scopes = await test.store.db.selectFrom('attempt').select('scope').execute()
      assert.deepEqual(scopes, [{ scope: 'password_trusted' }])
      assert.deepEqual(test.errors, [])
    })

    it('is wrong in a pool that is disabled, or none', async () => {
      await test.directory.pools.update(poolId, { enabled: false })
      assert.deepEqual(await signIn('alice', good), { outcome: 'wrong' })
      assert.deepEqual(await accounts().signIn('none', { name: 'a', password: 'b', address: home }), {
        outcome: 'wrong',
      })
      assert.deepEqual(await accounts().signIn('\0', { name: 'a', password: 'b', address: home }), { outcome: 'wrong' })
    })

    it('needs a user of this pool', async () => {
      await test.directory.pools.create({ id: 'second', name: 'Second' })
      const answer = await accounts().signIn('second', { name: 'alice', password: good, address: home })
      assert.equal(answer.outcome, 'wrong')
    })

    it('finds people by id and by name', async () => {
      assert.equal((await accounts().find(poolId, id))?.id, id)
      assert.equal((await accounts().findByName(poolId, 'ALICE'))?.id, id)
      assert.equal((await accounts().findByName(poolId, id))?.id, id)
      for (const name of ['nobody', '\0', 'No Id']) assert.equal(await accounts().findByName(poolId, name), undefined)
      assert.equal(await accounts().find(poolId, 'No Id'), undefined)
      assert.equal(await accounts().findByName('none', 'alice'), undefined)
    })
  })

  describe('a new password', () => {
    let test: TestPeople
    let id: string
    beforeEach(async () => {
      test = await createTestPeople(open())
      id = (await test.directory.users.create(poolId, { preferredUsername: 'alice', password: good })).id
      test.changes.length = 0
    })
    afterEach(() => test.close())

    it('is set by who has just proven the old one, and ends nothing', async () => {
      const { accounts } = test.directory
      const answer = await accounts.setNewPassword(poolId, id, { password: 'Another-one-9' })
      assert.deepEqual([answer.outcome, 'user' in answer && answer.user.status], ['ok', 'CONFIRMED'])
      assert.equal(
        (await accounts.signIn(poolId, { name: 'alice', password: 'Another-one-9', address: home })).outcome,
        'ok',
      )
      assert.deepEqual(test.changes, [])
    })

    it('is good enough, and another one', async () => {
      const set = async (password: string) => {
        const answer = await test.directory.accounts.setNewPassword(poolId, id, { password })
        return answer.outcome === 'invalid' ? answer.errors.map(({ message }) => message) : answer.outcome
      }
      assert.deepEqual(await set('Aa1'), ['must have at least 8 characters'])
      assert.deepEqual(await set(good), ['is the one that has to be changed; choose another'])
      assert.equal((await test.directory.users.get(poolId, id)).status, 'FORCE_CHANGE_PASSWORD')
    })

    it('is refused to who is not there or disabled', async () => {
      const set = (userId: string) =>
        test.directory.accounts.setNewPassword(poolId, userId, { password: 'Another-one-9' })
      await assert.rejects(set('none'), /no user with this id/)
      await test.directory.users.update(poolId, id, { status: 'DISABLED' })
      await assert.rejects(set(id), /no user with this id/)
    })
  })
}

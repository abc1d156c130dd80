import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Store } from '@postern/server'
import { limits } from '../../limits.ts'
import type { IdpDatabase } from '../../schema.ts'
import type { PoolInput } from '../types.ts'
import { createTestPeople, good, home, other, poolId, type TestPeople } from './people-fixture.ts'

const alice = { preferredUsername: 'alice', email: 'alice@mail.example' }

export function signUpSuite(open: () => Store<IdpDatabase>): void {
  describe('signing up', () => {
    let test: TestPeople
    const accounts = () => test.directory.accounts
    const signUp = (attributes: Record<string, unknown>, password = good, address = home) =>
      accounts().signUp(poolId, { attributes, password, address })
    const signIn = (name: string, password = good) => accounts().signIn(poolId, { name, password, address: home })
    const confirm = (name: string, code: string) => accounts().confirm(poolId, { name, code, address: home })
    const start = async (pool: Partial<PoolInput> = {}) => {
      await test.close()
      test = await createTestPeople(open(), pool)
    }
    const later = () => test.clock.advance(limits.codeIntervalMs)
    const mails = async () => (await test.directory.outbox.list({ limit: 100 })).items

    beforeEach(async () => {
      test = await createTestPeople(open())
    })
    afterEach(() => test.close())

    it('sends a code, which confirms the user and the address', async () => {
      assert.deepEqual(await signUp({ ...alice, name: 'Alice' }), { outcome: 'code_sent' })
      assert.equal((await signIn('alice')).outcome, 'unconfirmed')
      const { id, code, createdAt, expiresAt, userId, ...mail } = await test.mail()
      assert.match(code, /^[0-9]{8}$/)
      assert.equal(expiresAt - createdAt, 10 * 60_000)
      assert.deepEqual(mail, { poolId, channel: 'email', to: 'alice@mail.example', kind: 'confirmation' })
      const answer = await confirm('alice@mail.example', code)
      assert.ok(answer.outcome === 'ok')
      const { status, emailVerified, profile } = answer.user
      assert.deepEqual([status, emailVerified, profile], ['CONFIRMED', true, { name: 'Alice' }])
      assert.equal((await signIn('alice')).outcome, 'ok')
      assert.ok(id !== userId)
    })

    // The code went to the address, and the phone, which alone is a name here, was none before it was confirmed.
    it('sends the code to the one that people sign in with, where both addresses are given', async () => {
      await start({ signInAttributes: ['phone_number'] })
      const phoneNumber = '+4915112345678'
      assert.equal((await signUp({ phoneNumber, email: 'alice@mail.example' })).outcome, 'code_sent')
      const { channel, to, code } = await test.mail()
      assert.deepEqual([channel, to], ['phone', phoneNumber])
      const answer = await accounts().confirm(poolId, { name: phoneNumber, code, address: home })
      assert.equal(answer.outcome, 'ok')
      assert.equal((await signIn(phoneNumber)).outcome, 'ok')
    })

    it('confirms itself where the pool says so', async () => {
      await start({ signUpAutoVerificationEnabled: true, signInAttributes: ['preferred_username'] })
      const answer = await signUp({ preferredUsername: 'alice' })
      assert.deepEqual([answer.outcome, 'user' in answer && answer.user.emailVerified], ['ok', false])
      assert.equal((await signIn('alice')).outcome, 'ok')
      assert.deepEqual(await mails(), [])
    })

    it('is off unless the pool is open to it', async () => {
      for (const pool of [{ selfSignUpEnabled: false }, { enabled: false }]) {
        await start(pool)
        assert.deepEqual(await signUp(alice), { outcome: 'off' })
      }
      assert.deepEqual(await accounts().signUp('none', { attributes: alice, password: good, address: home }), {
        outcome: 'off',
      })
      assert.deepEqual(test.passwords.work, [])
    })

    it('names everything that is wrong, whoever exists', async () => {
      await start({ requiredSignUpAttributes: ['email'] })
      const errors = async (attributes: Record<string, unknown>, password = good) => {
        const answer = await signUp(attributes, password)
        return answer.outcome === 'invalid' ? answer.errors.map(({ field }) => field) : answer.outcome
      }
      assert.deepEqual(await errors({ preferredUsername: 'alice' }), ['email'])
      assert.deepEqual(await errors({ ...alice, email: 'no address' }, 'weak'), [
        'email',
        'password',
        'password',
        'password',
      ])
      // Nobody says of herself what only the pool can know.
      for (const field of ['status', 'groups', 'metadata', 'emailVerified', 'id', 'isAdmin'])
        assert.deepEqual(await errors({ ...alice, [field]: 'x' }), [field])
      assert.deepEqual(await errors(alice, 'Alice@Mail.example1'.slice(0, -1)), ['password', 'password'])
      assert.deepEqual([await mails(), test.passwords.work], [[], []])
    })

    it('needs an address for the code', async () => {
      await start({ signInAttributes: ['preferred_username'] })
      const answer = await signUp({ preferredUsername: 'alice' })
      assert.ok(answer.outcome === 'invalid')
      assert.match(answer.errors[0]?.message ?? '', /a code to confirm with is sent there/)
      assert.equal((await signUp({ preferredUsername: 'alice', phoneNumber: '+8613800000000' })).outcome, 'code_sent')
      assert.equal((await test.mail()).channel, 'phone')
    })

    it('answers and works the same for names that are free, taken, taken by another name, or disabled', async () => {
      await test.directory.users.create(poolId, { ...alice, status: 'CONFIRMED' })
      await test.directory.users.create(poolId, { preferredUsername: 'gone', status: 'DISABLED' })
      const seen: unknown[] = []
      for (const attributes of [
        { preferredUsername: 'free', email: 'free@mail.example' },
        alice,
        { ...alice, email: 'else@mail.example' },
        { preferredUsername: 'fresh', email: 'ALICE@mail.example' },
        { preferredUsername: 'GONE', email: 'gone@mail.example' },
      ]) {
        await test.store.db.deleteFrom('attempt').execute()
        await test.store.db.deleteFrom('user_code').execute()
        test.passwords.work.length = 0
        const answer = await signUp(attributes)
        const codes = await test.store.db.selectFrom('user_code').select('tries').execute()
        const attempts = await test.store.db.selectFrom('attempt').select(['scope', 'count']).orderBy('scope').execute()
        seen.push([answer, [...test.passwords.work], codes.length, attempts])
      }
      const [first, ...others] = seen
      for (const one of others) assert.deepEqual(one, first)
      assert.deepEqual((first as unknown[]).slice(0, 3), [{ outcome: 'code_sent' }, ['hash'], 1])
      assert.equal((await mails()).length, 1)
      assert.equal((await test.directory.pools.get(poolId)).totalUsers, 3)
      assert.ok(test.events.some(({ reason }) => reason === 'user_exists'))
    })

    it('once more sends the code again', async () => {
      await signUp(alice)
      later()
      assert.equal((await signUp(alice)).outcome, 'code_sent')
      const [second, first] = await mails()
      assert.equal(second?.userId, first?.userId)
      assert.equal((await confirm('alice', first?.code ?? '')).outcome, 'wrong')
      assert.equal((await confirm('alice', second?.code ?? '')).outcome, 'ok')
      assert.equal((await signIn('alice')).outcome, 'ok')
    })

    it('leaves no password to whoever signed up with the address of somebody else before', async () => {
      await signUp({ preferredUsername: 'mallory', email: alice.email }, other)
      later()
      test.passwords.work.length = 0
      assert.equal((await signUp({ preferredUsername: 'alice', email: alice.email })).outcome, 'code_sent')
      assert.deepEqual(test.passwords.work, ['verify'])
      later()
      test.passwords.work.length = 0
      await signUp({ preferredUsername: 'alice', email: alice.email })
      assert.deepEqual(test.passwords.work, ['verify'])
      assert.equal((await confirm(alice.email, (await test.mail()).code)).outcome, 'ok')
      for (const password of [good, other]) assert.equal((await signIn(alice.email, password)).outcome, 'wrong')
    })

    it('keeps an address that is not confirmed from nobody for ever', async () => {
      await signUp(alice, other)
      test.clock.advance(limits.pendingSignUpMs)
      assert.equal((await signUp(alice)).outcome, 'code_sent')
      assert.equal((await confirm('alice', (await test.mail()).code)).outcome, 'ok')
      assert.equal((await signIn('alice', good)).outcome, 'ok')
      assert.equal((await test.directory.pools.get(poolId)).totalUsers, 1)
    })

    it('takes no second address from who it belongs to', async () => {
      const phoneNumber = '+8613800000000'
      await signUp({ ...alice, phoneNumber })
      await confirm('alice', (await test.mail()).code)
      assert.equal((await signIn(phoneNumber)).outcome, 'wrong')
      assert.equal((await signUp({ preferredUsername: 'owner', phoneNumber })).outcome, 'wait')
      later()
      assert.equal((await signUp({ preferredUsername: 'owner', phoneNumber })).outcome, 'code_sent')
      await confirm('owner', (await test.mail()).code)
      assert.equal((await signIn(phoneNumber)).outcome, 'ok')
    })

    it('waits between two codes for a name, and after many from one address', async () => {
      await signUp(alice)
      assert.deepEqual(await signUp(alice), { outcome: 'wait', seconds: 30 })
      assert.deepEqual(await signUp({ ...alice, preferredUsername: 'fresh' }), { outcome: 'wait', seconds: 30 })
      const one = (index: number, address = home) =>
        signUp({ preferredUsername: `n${index}`, email: `n${index}@mail.example` }, good, address)
      for (let index = 1; index < limits.codesPerAddress; index += 1) await one(index)
      const answer = await one(1000)
      assert.ok(answer.outcome === 'wait' && answer.seconds > 3000)
      assert.equal((await one(1001, '192.0.2.1')).outcome, 'code_sent')
      test.clock.advance(limits.codeWindowMs)
      assert.equal((await one(1002)).outcome, 'code_sent')
    })

    it('does not flood the address of somebody else', async () => {
      await start({ signInAttributes: ['preferred_username'] })
      for (let index = 0; index < limits.codesPerDestination + 5; index += 1)
        assert.equal((await signUp({ preferredUsername: `n${index}`, email: alice.email })).outcome, 'code_sent')
      assert.equal((await mails()).length, limits.codesPerDestination)
    })

    it('with one name at once makes one user, and tells all the same', async () => {
      const many = Array.from({ length: 6 }, (_, index) => signUp(alice, good, `192.0.2.${index}`))
      const outcomes = new Set((await Promise.all(many)).map(({ outcome }) => outcome))
      outcomes.delete('wait')
      assert.deepEqual([...outcomes], ['code_sent'])
      assert.equal((await test.directory.pools.get(poolId)).totalUsers, 1)
    })

    it('keeps codes nowhere in clear', async () => {
      await start()
      assert.equal((await signUp(alice)).outcome, 'code_sent')
      const [row] = await test.store.db.selectFrom('user_code').selectAll().execute()
      assert.match(row?.sealed_hash ?? '', /^v1\./)
    })

    it('is off in production, where nothing would bring the code, unless it confirms itself', async () => {
      await test.close()
      test = await createTestPeople(open(), {}, 'production')
      assert.deepEqual(await signUp(alice), { outcome: 'off' })
      assert.equal((await test.directory.pools.get(poolId)).totalUsers, 0)
      const pool = await test.directory.pools.update(poolId, { signUpAutoVerificationEnabled: true })
      assert.deepEqual(accounts().offers(pool), { signUp: true, recovery: false })
      assert.equal((await signUp(alice)).outcome, 'ok')
    })
  })
}

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { hashSecret, type Store } from '@postern/server'
import type { IdpDatabase } from '../../schema.ts'
import { assertRefused, type ExpectedRefusal } from '../directory-fixture.ts'
import type { UserInput, UserPatch } from '../types.ts'
import { createTestPeople, good, other, poolId, type TestPeople } from './people-fixture.ts'

const alice: UserInput = { preferredUsername: 'alice', email: 'alice@mail.example' }
const taken = (field: string): ExpectedRefusal => ({
  kind: 'conflict',
  code: 'duplicate',
  field,
  says: /choose another/,
})
const wrong = (field: string, says: RegExp): ExpectedRefusal => ({
  kind: 'invalid',
  code: 'invalid_request',
  field,
  says,
})

export function userSuite(open: () => Store<IdpDatabase>): void {
  describe('users', () => {
    let test: TestPeople
    const users = () => test.directory.users
    beforeEach(async () => {
      test = await createTestPeople(open())
    })
    afterEach(() => test.close())

    it('are made with all that is known of them, and never show the password', async () => {
      const input: UserInput = {
        ...alice,
        emailVerified: true,
        phoneNumber: '+8613800000000',
        name: 'Alice',
        locale: 'en-GB',
        metadata: { shoe: 42 },
        password: good,
      }
      const made = await users().create(poolId, input)
      const { id, ...rest } = made
      assert.match(id, /^[0-9a-v]{24}$/)
      assert.deepEqual(rest, {
        poolId,
        status: 'FORCE_CHANGE_PASSWORD',
        preferredUsername: 'alice',
        email: 'alice@mail.example',
        emailVerified: true,
        phoneNumber: '+8613800000000',
        phoneNumberVerified: false,
        profile: { name: 'Alice', locale: 'en-GB' },
        metadata: { shoe: 42 },
        groups: [],
        createdAt: test.clock.now(),
        updatedAt: test.clock.now(),
        lastSignInAt: null,
      })
      assert.deepEqual(await users().get(poolId, id), made)
      const stored = await test.store.db.selectFrom('user_account').select('password_hash').executeTakeFirstOrThrow()
      assert.match(stored.password_hash ?? '', /^\$argon2id\$/)
      assert.deepEqual(test.passwords.work, ['hash'])
      assert.equal((await test.directory.pools.get(poolId)).totalUsers, 1)
      const subjectHash = hashSecret(id)
      assert.deepEqual(test.events, [{ kind: 'admin.changed', outcome: 'ok', reason: 'created', poolId, subjectHash }])
    })

    it('are confirmed where it is said, or where nobody chose a password for them', async () => {
      assert.equal(
        (await users().create(poolId, { ...alice, password: good, status: 'CONFIRMED' })).status,
        'CONFIRMED',
      )
      assert.equal((await users().create(poolId, { preferredUsername: 'bob' })).status, 'CONFIRMED')
    })

    it('take an id, and a hash instead of a password', async () => {
      const passwordHash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
      const made = await users().create(poolId, { ...alice, id: 'u-1', passwordHash, status: 'CONFIRMED' })
      assert.equal(made.id, 'u-1')
      assert.deepEqual(test.passwords.work, [])
    })

    it('leave the revision of their pool alone, for its caches hold none of them', async () => {
      const before = await test.directory.revision(poolId)
      const { id } = await users().create(poolId, { ...alice, password: good })
      await users().update(poolId, id, { name: 'Alice' })
      assert.equal(await test.directory.revision(poolId), before)
      assert.deepEqual(test.changes, [])
    })

    it('are changed field by field; what is verified is the address', async () => {
      const { id } = await users().create(poolId, { ...alice, emailVerified: true, nickname: 'Al' })
      test.clock.advance(5)
      const named = await users().update(poolId, id, { name: 'Alice', nickname: null, metadata: { a: 1 } })
      assert.deepEqual([named.profile, named.metadata, named.emailVerified], [{ name: 'Alice' }, { a: 1 }, true])
      assert.equal(named.updatedAt, test.clock.now())
      const moved = await users().update(poolId, id, { email: 'new@mail.example' })
      assert.deepEqual([moved.email, moved.emailVerified], ['new@mail.example', false])
      assert.equal((await users().list(poolId, { limit: 5 }, { name: 'NEW@mail.example' })).items[0]?.id, id)
      assert.deepEqual((await users().list(poolId, { limit: 5 }, { name: 'alice@mail.example' })).items, [])
    })

    it('are not written when nothing changes', async () => {
      const made = await users().create(poolId, { ...alice, name: 'Alice', birthdate: '1990' })
      test.events.length = 0
      test.clock.advance(5)
      const same = await users().update(poolId, made.id, {
        birthdate: '1990',
        name: 'Alice',
        email: 'alice@mail.example',
      })
      assert.deepEqual([same, test.events], [made, []])
    })

    it('are found by any of their names, by status and by group', async () => {
      const { id } = await users().create(poolId, { ...alice, phoneNumber: '+8613800000000' })
      const bob = await users().create(poolId, { preferredUsername: 'bob', status: 'DISABLED' })
      const group = await test.directory.groups.create(poolId, { name: 'Staff' })
      await test.directory.groups.addMember(poolId, group.id, bob.id)
      const found = async (filter: Parameters<ReturnType<typeof users>['list']>[2]) =>
        (await users().list(poolId, { limit: 10 }, filter)).items.map((user) => user.id)
      for (const name of ['ALICE', 'Alice@Mail.example', '+86 138-0000-0000'])
        assert.deepEqual(await found({ name }), [id])
      assert.deepEqual(await found({ status: 'DISABLED' }), [bob.id])
      assert.deepEqual(await found({ group: group.id }), [bob.id])
      assert.deepEqual(await found({ group: group.id, status: 'CONFIRMED' }), [])
      assert.deepEqual(await found({ name: 'nobody' }), [])
    })

    it('are listed in pages, each once', async () => {
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        await users().create(poolId, { preferredUsername: name })
        test.clock.advance(name < 'c' ? 0 : 1)
      }
      const seen: (string | null)[] = []
      let page = await users().list(poolId, { limit: 2 })
      for (;;) {
        seen.push(...page.items.map((user) => user.preferredUsername))
        if (page.next === null) break
        page = await users().list(poolId, { limit: 2, after: page.next })
      }
      assert.deepEqual(seen.sort(), ['a', 'b', 'c', 'd', 'e'])
    })

    it('end what they signed in to when they are deleted, disabled or given a password', async () => {
      const { id } = await users().create(poolId, { ...alice, password: good, status: 'CONFIRMED' })
      await users().setPassword(poolId, id, other)
      assert.equal((await users().get(poolId, id)).status, 'FORCE_CHANGE_PASSWORD')
      await users().setPassword(poolId, id, good, { permanent: true })
      assert.equal((await users().get(poolId, id)).status, 'CONFIRMED')
      await users().update(poolId, id, { status: 'DISABLED' })
      await users().delete(poolId, id)
      const revision = (await test.directory.revision(poolId)) ?? 0
      const told = [3, 2, 1, 0].map((back) => ({ poolId, revision: revision - back, users: [id] }))
      assert.deepEqual(test.changes, told)
      assert.equal((await test.directory.pools.get(poolId)).totalUsers, 0)
    })

    it('who signed up keep the names that management answers for', async () => {
      const attributes = { email: 'carol@mail.example', phoneNumber: '+8613800000000' }
      await test.directory.accounts.signUp(poolId, { attributes, password: good, address: '203.0.113.7' })
      const [carol] = (await users().list(poolId, { limit: 1 }, { name: 'carol@mail.example' })).items
      assert.equal(carol?.status, 'UNCONFIRMED')
      const named = async (name: string) => (await users().list(poolId, { limit: 1 }, { name })).items.length
      await users().update(poolId, carol.id, { nickname: 'C' })
      assert.deepEqual([await named('carol@mail.example'), await named('+8613800000000')], [1, 0])
      await users().update(poolId, carol.id, { status: 'CONFIRMED' })
      await users().update(poolId, carol.id, { nickname: 'D' })
      assert.deepEqual([await named('carol@mail.example'), await named('+8613800000000')], [1, 1])
    })

    it('stay disabled though they are given a password', async () => {
      const { id } = await users().create(poolId, { ...alice, status: 'DISABLED' })
      await users().setPassword(poolId, id, good)
      assert.equal((await users().get(poolId, id)).status, 'DISABLED')
    })

    it('give their names free when they go', async () => {
      const { id } = await users().create(poolId, alice)
      await users().delete(poolId, id)
      await users().create(poolId, alice)
      await test.directory.pools.delete(poolId)
      assert.deepEqual(await test.store.db.selectFrom('user_name').selectAll().execute(), [])
    })

    it('of another pool may have the same names', async () => {
      await test.directory.pools.create({ id: 'second', name: 'Second' })
      await users().create(poolId, { ...alice, id: 'u-1' })
      assert.equal((await users().create('second', { ...alice, id: 'u-1' })).poolId, 'second')
    })

    it('share what is no name to sign in with', async () => {
      await test.directory.pools.create({ id: 'second', name: 'Second', signInAttributes: ['preferred_username'] })
      await users().create('second', alice)
      await users().create('second', { ...alice, preferredUsername: 'alice2' })
    })

    const cases: readonly [string, UserInput, ExpectedRefusal][] = [
      ['a name that is taken, in another case', { preferredUsername: 'ALICE' }, taken('preferredUsername')],
      ['an address that is taken', { email: 'Alice@MAIL.example' }, taken('email')],
      [
        'an id that is taken',
        { id: 'u-alice', preferredUsername: 'bob' },
        { kind: 'conflict', code: 'duplicate', field: 'id' },
      ],
      ['no name at all', { name: 'Bob' }, wrong('preferredUsername', /give preferredUsername or email or phoneNumber/)],
      [
        'a verified address that is none',
        { preferredUsername: 'b', emailVerified: true },
        wrong('emailVerified', /no email/),
      ],
      ['a short password', { preferredUsername: 'b', password: 'Aa1' }, wrong('password', /at least 8/)],
      [
        'the name as password',
        { preferredUsername: 'Bob-12345', password: 'bOb-12345' },
        wrong('password', /name of the user/),
      ],
      ['a hash of another kind', { preferredUsername: 'b', passwordHash: '$2b$10$x' }, wrong('passwordHash', /PHC/)],
      [
        'a password to be changed that is none',
        { preferredUsername: 'b', status: 'FORCE_CHANGE_PASSWORD' },
        wrong('status', /give one/),
      ],
      [
        'a group that is not there',
        { preferredUsername: 'b', groups: ['none'] },
        wrong('groups[0]', /create it first/),
      ],
    ]
    for (const [title, input, expected] of cases) {
      it(`are refused with ${title}`, async () => {
        await users().create(poolId, { ...alice, id: 'u-alice' })
        await assertRefused(test, () => users().create(poolId, input), expected)
      })
    }

    const patches: readonly [string, UserPatch, ExpectedRefusal][] = [
      ['the name of another', { preferredUsername: 'Bob' }, taken('preferredUsername')],
      ['no name', { preferredUsername: null, email: null }, wrong('preferredUsername', /needs a name/)],
      ['no longer an address, but verified', { email: null, emailVerified: true }, wrong('emailVerified', /no email/)],
      ['a weak password', { password: 'password' }, wrong('password', /upper-case/)],
      ['UNCONFIRMED again', { status: 'UNCONFIRMED' }, { kind: 'conflict', code: 'conflict', says: /use DISABLED/ }],
      ['a password to change, having none', { status: 'FORCE_CHANGE_PASSWORD' }, wrong('status', /no password/)],
      ['a group that is not there', { groups: ['none'] }, wrong('groups[0]', /create it first/)],
    ]
    for (const [title, patch, expected] of patches) {
      it(`are not changed to ${title}`, async () => {
        await users().create(poolId, { ...alice, id: 'u-alice' })
        await users().create(poolId, { preferredUsername: 'bob' })
        await assertRefused(test, () => users().update(poolId, 'u-alice', patch), expected)
      })
    }

    it('have what the pool requires', async () => {
      await test.directory.pools.create({
        id: 'strict',
        name: 'Strict',
        requiredSignUpAttributes: ['email', 'phone_number'],
      })
      const work = () => users().create('strict', { preferredUsername: 'a', phoneNumber: '+8613800000000' })
      await assertRefused(test, work, { ...wrong('email', /required in this pool/), fieldCode: 'required' })
      const { id } = await users().create('strict', { ...alice, phoneNumber: '+8613800000000' })
      await assertRefused(
        test,
        () => users().update('strict', id, { phoneNumber: null }),
        wrong('phoneNumber', /required/),
      )
    })

    it('that are not there are not found', async () => {
      const gone: ExpectedRefusal = { kind: 'not_found', code: 'not_found' }
      const user = { ...gone, says: /no user with this id/ }
      const pool = { ...gone, says: /no user pool/ }
      for (const id of ['none', 'No Id', '\0']) {
        await assertRefused(test, () => users().get(poolId, id), user)
        await assertRefused(test, () => users().update(poolId, id, { name: 'a' }), user)
        await assertRefused(test, () => users().delete(poolId, id), user)
        await assertRefused(test, () => users().setPassword(poolId, id, good), user)
        await assertRefused(test, () => users().get(id, 'u'), pool)
        await assertRefused(test, () => users().list(id, { limit: 1 }), pool)
        await assertRefused(test, () => users().create(id, alice), pool)
      }
    })

    it('with one name, made at once, are one', async () => {
      const made = await Promise.allSettled(Array.from({ length: 8 }, () => users().create(poolId, alice)))
      assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1)
      assert.equal((await test.directory.pools.get(poolId)).totalUsers, 1)
    })
  })
}

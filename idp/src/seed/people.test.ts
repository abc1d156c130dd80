import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Seed, type Store, seed as seedSchema, validate } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import {
  assertRefused,
  createTestDirectory,
  openTestStore,
  type TestDirectory,
} from '../directory/directory-fixture.ts'
import { createPasswords } from '../directory/people/passwords.ts'
import { cheap } from '../directory/people/people-fixture.ts'
import type { IdpDatabase } from '../schema.ts'
import { applySeed } from './apply.ts'
import { exportSeed } from './export.ts'

const gatewayUrl = 'http://localhost:4701'
const password = 'Correct-horse-7'
const home = '203.0.113.7'
const pool = {
  id: 'people',
  signInAttributes: ['preferred_username', 'email'],
  groups: [{ id: 'staff', description: 'All' }],
  users: [
    { id: 'u-alice', preferredUsername: 'alice', email: 'alice@mail.example', password, groups: ['staff'] },
    { preferredUsername: 'bob', password: 'Battery-staple-8', status: 'FORCE_CHANGE_PASSWORD' },
    { email: 'carol@mail.example', name: 'Carol' },
  ],
}

function seedOf(pools: unknown): Seed {
  const checked = validate(seedSchema, { version: 1, pools })
  assert.ok(checked.ok, JSON.stringify(checked))
  return checked.value
}

describeStores('seeded people', (nextUrl) => {
  let store: Store<IdpDatabase>
  let test: TestDirectory
  let hashed: string[]
  before(async () => {
    store = await openTestStore(await nextUrl())
  })
  after(() => store.close())
  beforeEach(async () => {
    const passwords = createPasswords(cheap)
    hashed = []
    const hash = (text: string) => {
      hashed.push(text)
      return passwords.hash(text)
    }
    test = await createTestDirectory(store, { passwords: { ...passwords, hash } })
  })

  const apply = (one: unknown, prune = false) =>
    applySeed({ directory: test.directory, gatewayUrl, seed: seedOf([one]), prune })
  const signIn = async (name: string, text: string) =>
    (await test.directory.accounts.signIn('people', { name, password: text, address: home })).outcome

  it('are made, confirmed unless it is said, each password hashed once', async () => {
    const summary = await apply(pool)
    assert.deepEqual(
      [summary.created, summary.changes.map(({ kind }) => kind).join()],
      [5, 'pool,group,user,user,user'],
    )
    assert.deepEqual(hashed.sort(), ['Battery-staple-8', password])
    assert.equal(await signIn('alice', password), 'ok')
    assert.equal(await signIn('bob', 'Battery-staple-8'), 'new_password')
    assert.deepEqual((await test.directory.users.get('people', 'u-alice')).groups, [{ id: 'staff', name: 'staff' }])
    assert.equal((await test.directory.pools.get('people')).totalUsers, 3)
  })

  it('are not touched the second time', async () => {
    await apply(pool)
    const rows = await test.snapshot()
    hashed.length = 0
    const { created, updated, unchanged } = await apply(pool)
    assert.deepEqual([created, updated, unchanged, hashed], [0, 0, 5, []])
    assert.deepEqual(await test.snapshot(), rows)
  })

  it('are changed where the file differs, but for what is theirs', async () => {
    await apply(pool)
    const { users } = test.directory
    await users.setPassword('people', 'u-alice', 'My-own-choice-9', { permanent: true })
    await users.update('people', 'u-alice', { status: 'DISABLED' })
    const [first, ...others] = pool.users
    const changed = { ...pool, users: [{ ...first, status: 'CONFIRMED', name: 'Alice' }, ...others] }
    assert.equal((await apply(changed)).updated, 1)
    const user = await users.get('people', 'u-alice')
    assert.deepEqual([user.status, user.profile], ['DISABLED', { name: 'Alice' }])
    await users.update('people', 'u-alice', { status: 'CONFIRMED' })
    assert.equal(await signIn('alice', password), 'wrong')
    assert.equal(await signIn('alice', 'My-own-choice-9'), 'ok')
    await apply({ ...pool, users: [{ ...first, status: 'DISABLED' }] })
    assert.equal((await users.get('people', 'u-alice')).status, 'DISABLED')
  })

  it('are known by any of their names', async () => {
    await apply(pool)
    const [alice] = (await test.directory.users.list('people', { limit: 1 }, { name: 'carol@mail.example' })).items
    await apply({ id: 'people', users: [{ email: 'CAROL@mail.example', preferredUsername: 'carol' }] })
    assert.equal((await test.directory.users.get('people', alice?.id ?? '')).preferredUsername, 'carol')
    assert.equal((await test.directory.pools.get('people')).totalUsers, 3)
  })

  it('are exported with hashes, and work where they are applied', async () => {
    await apply(pool)
    const exported = await exportSeed(test.directory)
    assert.ok(!JSON.stringify(exported).includes(password))
    assert.match(JSON.stringify(exported), /"passwordHash":"\$argon2id/)
    test = await createTestDirectory(store)
    // The hashes of this test are cheaper than what is taken from elsewhere.
    const dear = JSON.parse(JSON.stringify(exported.pools))
    const good = await createPasswords({ memory: 7168, passes: 1, lanes: 1 }).hash(password)
    for (const user of dear[0].users) if (user.passwordHash !== undefined) user.passwordHash = good
    await apply(dear[0])
    assert.equal(await signIn('alice', password), 'ok')
    const [again] = (await exportSeed(test.directory)).pools
    const exportedAgain = again?.users?.find(({ id }) => id === 'u-alice')
    // Signing in hashed it anew, for it was made with less than ours are.
    assert.match(exportedAgain?.passwordHash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  it('stay when a file is applied with --prune, for they sign up by themselves; groups go', async () => {
    await apply(pool)
    const summary = await apply({ id: 'people' }, true)
    assert.deepEqual(summary.changes.at(-1), { kind: 'group', id: 'people/staff', action: 'pruned' })
    assert.equal((await test.directory.pools.get('people')).totalUsers, 3)
  })

  it('are in no file that registered clients are in', async () => {
    await apply(pool)
    const input = { clientId: 'self', name: 'Self', clientType: 'SINGLE_PAGE_APPLICATION' } as const
    await test.directory.clients.create('people', {
      ...input,
      registration: 'dynamic',
      expiresAt: test.clock.now() + 1,
    })
    assert.deepEqual((await exportSeed(test.directory)).pools[0]?.clients, [])
    assert.equal((await apply(pool, true)).pruned, 0)
  })

  describe('are refused', () => {
    const cases: [string, Record<string, unknown>, string, RegExp][] = [
      ['with a weak password', { preferredUsername: 'eve', password: 'weak' }, 'password', /at least 8/],
      ['with a hash of another kind', { preferredUsername: 'eve', passwordHash: '$2b$x' }, 'passwordHash', /PHC/],
      ['in a group that is not there', { preferredUsername: 'eve', groups: ['none'] }, 'groups[0]', /create it/],
      ['with the name of another', { id: 'eve', preferredUsername: 'ALICE' }, 'preferredUsername', /choose another/],
    ]
    for (const [title, user, field, says] of cases) {
      it(title, async () => {
        await apply(pool)
        const work = () => apply({ id: 'people', users: [{ preferredUsername: 'fine' }, user] })
        const isTaken = says.source === 'choose another'
        await assertRefused(test, work, {
          kind: isTaken ? 'conflict' : 'invalid',
          code: isTaken ? 'duplicate' : 'invalid_request',
          field: `pools[0].users[1].${field}`,
          says,
        })
      })
    }

    it('where the file itself is wrong', () => {
      const faults: [unknown, string][] = [
        [{ name: 'Nobody' }, 'pools[0].users[0].preferredUsername'],
        [{ id: 'a', password, passwordHash: 'x' }, 'pools[0].users[0].passwordHash'],
        [{ id: 'a', preferredUsername: 'a b' }, 'pools[0].users[0].preferredUsername'],
        [{ id: 'a', usrname: 'a' }, 'pools[0].users[0].usrname'],
      ]
      for (const [user, field] of faults) {
        const checked = validate(seedSchema, { version: 1, pools: [{ id: 'people', users: [user] }] })
        assert.equal(checked.ok ? '' : checked.errors[0]?.field, field)
      }
      const twice = { version: 1, pools: [{ id: 'p', users: [{ id: 'a' }, { id: 'a' }] }] }
      const checked = validate(seedSchema, twice)
      assert.equal(checked.ok ? '' : checked.errors[0]?.code, 'repeated')
    })
  })
})

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Store } from '@postern/server'
import { limits } from '../../limits.ts'
import type { IdpDatabase } from '../../schema.ts'
import { assertRefused, type ExpectedRefusal } from '../directory-fixture.ts'
import { createTestPeople, poolId, type TestPeople } from './people-fixture.ts'

export function groupSuite(open: () => Store<IdpDatabase>): void {
  describe('groups', () => {
    let test: TestPeople
    const groups = () => test.directory.groups
    const users = () => test.directory.users
    beforeEach(async () => {
      test = await createTestPeople(open())
    })
    afterEach(() => test.close())

    it('are made, shown, changed and deleted; their members stay', async () => {
      const made = await groups().create(poolId, { id: 'staff', name: 'Staff', description: 'All', precedence: 3 })
      const now = test.clock.now()
      assert.deepEqual(made, {
        poolId,
        id: 'staff',
        name: 'Staff',
        description: 'All',
        precedence: 3,
        createdAt: now,
        updatedAt: now,
      })
      assert.deepEqual(await groups().get(poolId, 'staff'), made)
      test.clock.advance(5)
      const changed = await groups().update(poolId, 'staff', { name: 'STAFF', description: null, precedence: null })
      assert.deepEqual(changed, { ...made, name: 'STAFF', description: null, precedence: null, updatedAt: now + 5 })
      const { id } = await users().create(poolId, { preferredUsername: 'alice', groups: ['staff'] })
      await groups().delete(poolId, 'staff')
      assert.deepEqual((await users().get(poolId, id)).groups, [])
      assert.deepEqual((await groups().list(poolId, { limit: 5 })).items, [])
    })

    it('of a user are ordered by precedence, then by name', async () => {
      for (const [id, precedence] of [
        ['z', undefined],
        ['y', 5],
        ['x', 5],
        ['w', 1],
      ] as const)
        await groups().create(poolId, { id, name: id.toUpperCase(), precedence: precedence ?? null })
      const user = await users().create(poolId, { preferredUsername: 'alice', groups: ['z', 'y', 'x', 'w'] })
      assert.deepEqual(
        user.groups.map(({ name }) => name),
        ['W', 'X', 'Y', 'Z'],
      )
      assert.deepEqual((await test.directory.accounts.find(poolId, user.id))?.groups, user.groups)
    })

    it('take in and let go of members, who are listed as they came', async () => {
      await groups().create(poolId, { id: 'staff', name: 'Staff' })
      const ids: string[] = []
      for (const name of ['c', 'a', 'b']) {
        const { id } = await users().create(poolId, { preferredUsername: name })
        await groups().addMember(poolId, 'staff', id)
        await groups().addMember(poolId, 'staff', id)
        ids.push(id)
        test.clock.advance(1)
      }
      const first = await groups().members(poolId, 'staff', { limit: 2 })
      assert.ok(first.next)
      const second = await groups().members(poolId, 'staff', { limit: 2, after: first.next })
      assert.deepEqual(
        [...first.items, ...second.items].map(({ id }) => id),
        ids,
      )
      assert.equal(second.next, null)
      await groups().removeMember(poolId, 'staff', ids[0] ?? '')
      assert.equal((await groups().members(poolId, 'staff', { limit: 5 })).items.length, 2)
    })

    it('are set on the user as a whole', async () => {
      for (const id of ['a', 'b', 'c']) await groups().create(poolId, { id, name: id })
      const { id } = await users().create(poolId, { preferredUsername: 'alice', groups: ['a', 'b'] })
      const changed = await users().update(poolId, id, { groups: ['b', 'c'] })
      assert.deepEqual(
        changed.groups.map((group) => group.id),
        ['b', 'c'],
      )
      assert.deepEqual((await users().update(poolId, id, { groups: null })).groups, [])
    })

    it('are refused with a name or an id that is taken', async () => {
      await groups().create(poolId, { id: 'staff', name: 'Staff' })
      await groups().create(poolId, { id: 'other', name: 'Other' })
      const taken = (field: string): ExpectedRefusal => ({ kind: 'conflict', code: 'duplicate', field })
      await assertRefused(test, () => groups().create(poolId, { name: 'STAFF' }), taken('name'))
      await assertRefused(test, () => groups().create(poolId, { id: 'staff', name: 'New' }), taken('id'))
      await assertRefused(test, () => groups().update(poolId, 'other', { name: 'staff' }), taken('name'))
    })

    it('that are not there are not found, nor are members that are none', async () => {
      const gone = (says: RegExp): ExpectedRefusal => ({ kind: 'not_found', code: 'not_found', says })
      await groups().create(poolId, { id: 'staff', name: 'Staff' })
      const { id } = await users().create(poolId, { preferredUsername: 'alice' })
      for (const work of [
        () => groups().get(poolId, 'none'),
        () => groups().update(poolId, 'none', { name: 'a' }),
        () => groups().delete(poolId, 'none'),
        () => groups().members(poolId, 'none', { limit: 1 }),
        () => groups().addMember(poolId, 'none', id),
        () => groups().removeMember(poolId, 'No Id', id),
      ])
        await assertRefused(test, work, gone(/no group/))
      await assertRefused(test, () => groups().addMember(poolId, 'staff', 'none'), gone(/no user with/))
      await assertRefused(test, () => groups().removeMember(poolId, 'staff', id), gone(/no user with/))
      await assertRefused(test, () => groups().list('none', { limit: 1 }), gone(/no user pool/))
      await assertRefused(test, () => groups().create('none', { name: 'a' }), gone(/no user pool/))
    })

    it('are bounded for a user and for a pool', async () => {
      const limit: ExpectedRefusal = { kind: 'conflict', code: 'limit' }
      const rows = Array.from({ length: limits.groupsPerPool }, (_, index) => {
        const times = { created_at: index, updated_at: index, description: null, precedence: null }
        return { pool_id: poolId, id: `g${index}`, name: `g${index}`, name_key: `g${index}`, ...times }
      })
      await test.store.db.insertInto('user_group').values(rows).execute()
      await assertRefused(test, () => groups().create(poolId, { name: 'one more' }), limit)
      const mine = rows.slice(0, limits.groupsPerUser).map(({ id }) => id)
      const { id } = await users().create(poolId, { preferredUsername: 'alice', groups: mine })
      await assertRefused(test, () => groups().addMember(poolId, 'g500', id), limit)
    })
  })
}

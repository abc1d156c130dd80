import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { limits } from '../limits.ts'
import { assertRefused, type OpenDirectory, type TestDirectory } from './directory-fixture.ts'

const a = 'https://a.example/mcp'
const b = 'https://b.example/mcp'

export function resourceSuite(open: OpenDirectory): void {
  describe('resources', () => {
    let test: TestDirectory
    const poolId = 'pool'
    beforeEach(async () => {
      test = await open()
      await test.directory.pools.create({ id: poolId, name: 'Pool' })
    })
    afterEach(() => test.close())

    const defaultOf = async () => (await test.directory.pools.get(poolId)).defaultResource

    it('keeps a resource in its canonical spelling, with its scopes', async () => {
      const { directory, clock, events } = test
      const scopes = [{ name: 'read' }, { name: 'write', description: 'Change', implies: ['read'] }]
      const identifier = 'HTTPS://A.Example:443/mcp'
      const resource = await directory.resources.create(poolId, { identifier, name: 'A', scopes, accessTokenTtl: 60 })
      const times = { createdAt: clock.now(), updatedAt: clock.now() }
      const { id } = resource
      assert.deepEqual(resource, { id, poolId, identifier: a, name: 'A', scopes, accessTokenTtl: 60, ...times })
      assert.deepEqual(await directory.resources.get(poolId, id), resource)
      const event = { kind: 'admin.changed', outcome: 'ok', reason: 'created', poolId, resource: a }
      assert.deepEqual(events.at(-1), event)
      assert.deepEqual((await directory.findPool(poolId))?.resources, [resource])
    })

    it('makes the first resource of a pool its default, and no later one', async () => {
      const { directory } = test
      await directory.resources.create(poolId, { identifier: a })
      await directory.resources.create(poolId, { identifier: b })
      assert.equal(await defaultOf(), a)
    })

    it('leaves a default that was named before, and gives it the spelling of its resource', async () => {
      const { directory } = test
      await directory.pools.create({ id: 'other', name: 'Other', defaultResource: `${b}/` })
      await directory.resources.create('other', { identifier: a })
      assert.equal((await directory.pools.get('other')).defaultResource, `${b}/`)
      await directory.resources.create('other', { identifier: b })
      assert.equal((await directory.pools.get('other')).defaultResource, b)
    })

    it('refuses a resource that the pool has, however it is spelled', async () => {
      const { directory } = test
      const { id } = await directory.resources.create(poolId, { identifier: a })
      for (const identifier of [a, `${a}/`, 'https://A.example:443/mcp']) {
        await assertRefused(test, () => directory.resources.create(poolId, { identifier }), {
          kind: 'conflict',
          code: 'duplicate',
          field: 'identifier',
          says: new RegExp(`with the id ${id}`),
        })
      }
      await directory.pools.create({ id: 'other', name: 'Other' })
      await directory.resources.create('other', { identifier: a })
    })

    it('refuses what is no identifier', async () => {
      const cases = [
        ['http://a.example/mcp', /https/],
        ['https://a.example/mcp#x', /#/],
        ['mcp', /absolute URL/],
      ] as const
      for (const [identifier, says] of cases) {
        await assertRefused(test, () => test.directory.resources.create(poolId, { identifier }), {
          kind: 'invalid',
          code: 'invalid_request',
          field: 'identifier',
          says,
        })
      }
    })

    it('holds a pool to its number of resources', async () => {
      const { directory } = test
      await directory.change(async ({ resources }) => {
        for (let index = 0; index < limits.resourcesPerPool; index += 1) {
          await resources.create(poolId, { identifier: `urn:example:${index}` })
        }
      })
      await assertRefused(test, () => directory.resources.create(poolId, { identifier: a }), {
        kind: 'conflict',
        code: 'limit',
        says: /delete one first/,
      })
    })

    it('changes what a patch names, clears what it sets to null, and leaves the rest', async () => {
      const { directory, clock } = test
      const scopes = [{ name: 'read' }]
      const made = await directory.resources.create(poolId, { identifier: a, name: 'A', scopes, accessTokenTtl: 60 })
      clock.advance(1000)
      const after = await directory.resources.update(poolId, made.id, { name: null, accessTokenTtl: 90 })
      assert.deepEqual(after, { ...made, name: null, accessTokenTtl: 90, updatedAt: clock.now() })
      assert.deepEqual((await directory.resources.update(poolId, made.id, { scopes: null })).scopes, [])
    })

    it('writes nothing for a patch that changes nothing', async () => {
      const { directory, clock } = test
      const scopes = [{ name: 'read' }]
      const made = await directory.resources.create(poolId, { identifier: a, scopes })
      const before = await test.snapshot()
      clock.advance(1000)
      assert.deepEqual(await directory.resources.update(poolId, made.id, { scopes, identifier: `${a}/` }), made)
      assert.deepEqual(await test.snapshot(), before)
    })

    it('refuses another identifier', async () => {
      const made = await test.directory.resources.create(poolId, { identifier: a })
      await assertRefused(test, () => test.directory.resources.update(poolId, made.id, { identifier: b }), {
        kind: 'conflict',
        code: 'immutable',
        field: 'identifier',
        says: /make another resource/,
      })
    })

    it('takes a scope that goes out of the lists of clients, and never widens one', async () => {
      const { directory } = test
      const one = await directory.resources.create(poolId, {
        identifier: a,
        scopes: [{ name: 'read' }, { name: 'run' }],
      })
      await directory.resources.create(poolId, { identifier: b, scopes: [{ name: 'read' }] })
      const make = (clientId: string, input: object) =>
        directory.clients.create(poolId, { clientId, name: clientId, clientType: 'MACHINE_TO_MACHINE', ...input })
      await make('both', { scopes: ['read', 'run'] })
      await make('only-a', { resources: [a], scopes: ['read'] })
      await make('all', {})
      const heard = test.events.length
      await directory.resources.update(poolId, one.id, { scopes: [] })
      assert.deepEqual(
        test.events.slice(heard).map(({ clientId, resource }) => clientId ?? resource),
        ['both', 'only-a', a],
      )
      const scopesOf = async (id: string) => (await directory.clients.get(poolId, id)).scopes
      assert.deepEqual([await scopesOf('both'), await scopesOf('only-a'), await scopesOf('all')], [['read'], [], null])
    })

    it('picks no other default when the default is deleted, and takes it from its clients', async () => {
      const { directory, events, changes } = test
      const one = await directory.resources.create(poolId, { identifier: a })
      const two = await directory.resources.create(poolId, { identifier: b })
      const input = { name: 'c', clientType: 'MACHINE_TO_MACHINE' } as const
      await directory.clients.create(poolId, { ...input, clientId: 'c', resources: [a], defaultResource: a })
      await directory.clients.create(poolId, { ...input, clientId: 'd', defaultResource: b })
      assert.deepEqual(await directory.resources.delete(poolId, one.id), { defaultCleared: true })
      assert.equal(await defaultOf(), null)
      const client = await directory.clients.get(poolId, 'c')
      assert.deepEqual([client.resources, client.defaultResource], [[], null])
      assert.equal((await directory.clients.get(poolId, 'd')).defaultResource, b)
      const event = { kind: 'admin.changed', outcome: 'ok', reason: 'deleted', poolId, resource: a }
      assert.deepEqual(events.at(-1), event)
      assert.deepEqual(changes.at(-1), { poolId, revision: await directory.revision(poolId) })
      assert.deepEqual(await directory.resources.delete(poolId, two.id), { defaultCleared: false })
    })

    it('does not know a resource that is not there, or is another pool’s', async () => {
      const { directory } = test
      await directory.pools.create({ id: 'other', name: 'Other' })
      const { id } = await directory.resources.create('other', { identifier: a })
      for (const resourceId of [id, 'none', '\u0000']) {
        const gone = { kind: 'not_found', code: 'not_found', says: /no resource/ } as const
        await assertRefused(test, () => directory.resources.get(poolId, resourceId), gone)
        await assertRefused(test, () => directory.resources.update(poolId, resourceId, {}), gone)
        await assertRefused(test, () => directory.resources.delete(poolId, resourceId), gone)
      }
    })

    it('lists the resources of one pool, page by page', async () => {
      const { directory, clock } = test
      for (const identifier of [a, b, 'urn:example:c']) {
        await directory.resources.create(poolId, { identifier })
        clock.advance(1)
      }
      const first = await directory.resources.list(poolId, { limit: 2 })
      const second = await directory.resources.list(poolId, { limit: 2, after: first.next ?? undefined })
      assert.deepEqual(
        [...first.items, ...second.items].map(({ identifier }) => identifier),
        [a, b, 'urn:example:c'],
      )
      assert.equal(second.next, null)
    })

    it('gives the token path a pool and its resources in one read', async () => {
      const { directory } = test
      const bare = await directory.findPool(poolId)
      const { totalClients, totalUsers, ...pool } = await directory.pools.get(poolId)
      assert.deepEqual(bare, { ...pool, resources: [] })
      assert.deepEqual([totalClients, totalUsers], [0, 0])
    })
  })
}

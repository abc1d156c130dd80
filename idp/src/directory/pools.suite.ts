import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { assertRefused, type OpenDirectory, type TestDirectory } from './directory-fixture.ts'

export function poolSuite(open: OpenDirectory): void {
  describe('pools', () => {
    let test: TestDirectory
    beforeEach(async () => {
      test = await open()
    })
    afterEach(() => test.close())

    it('makes a pool with the defaults of the house', async () => {
      const { directory, clock, events, changes } = test
      const pool = await directory.pools.create({ name: 'Agents' })
      assert.match(pool.id, /^[a-z0-9][a-z0-9-]{0,62}$/)
      const { id, revision, ...rest } = pool
      assert.deepEqual(rest, {
        name: 'Agents',
        description: null,
        projectName: 'default',
        enabled: true,
        signInAttributes: ['preferred_username'],
        requiredSignUpAttributes: [],
        selfSignUpEnabled: false,
        accessTokenTtl: null,
        signingAlgorithm: 'ES256',
        defaultResource: null,
        passwordPolicy: {
          minLength: 8,
          requireUppercase: true,
          requireLowercase: true,
          requireNumbers: true,
          requireSymbols: false,
        },
        brand: {},
        selfAccountRecoveryEnabled: true,
        signUpAutoVerificationEnabled: false,
        refreshTokenTtl: 2_592_000,
        refreshTokenGrace: 30,
        dynamicRegistrationEnabled: null,
        clientIdMetadataDocumentsEnabled: true,
        deviceFlowEnabled: true,
        audience: 'resource',
        unattendedUser: null,
        createdAt: clock.now(),
        updatedAt: clock.now(),
        totalUsers: 0,
        totalClients: 0,
      })
      assert.deepEqual(await directory.pools.get(id), pool)
      assert.deepEqual(changes, [{ poolId: id, revision }])
      assert.deepEqual(events, [{ kind: 'admin.changed', outcome: 'ok', reason: 'created', poolId: id }])
    })

    it('takes what it says about people, clears it with null, and merges what is an object', async () => {
      const { directory } = test
      const given = {
        selfAccountRecoveryEnabled: false,
        signUpAutoVerificationEnabled: true,
        refreshTokenTtl: 60,
        refreshTokenGrace: 0,
        dynamicRegistrationEnabled: false,
        clientIdMetadataDocumentsEnabled: false,
        deviceFlowEnabled: false,
        audience: 'client_id' as const,
        unattendedUser: 'alice',
      }
      const objects = {
        passwordPolicy: { minLength: 12 },
        brand: { name: 'House', logoUri: 'https://a.example/l.png' },
      }
      const { id, ...pool } = await directory.pools.create({ name: 'Agents', ...given, ...objects })
      const { passwordPolicy, brand, ...rest } = await directory.pools.get(id)
      assert.deepEqual({ ...rest, ...given }, rest)
      assert.deepEqual([passwordPolicy.minLength, passwordPolicy.requireNumbers, brand], [12, true, objects.brand])
      const patched = await directory.pools.update(id, {
        passwordPolicy: { requireSymbols: true, minLength: null },
        brand: { logoUri: null },
      })
      assert.deepEqual(patched.passwordPolicy, { ...pool.passwordPolicy, minLength: 8, requireSymbols: true })
      assert.deepEqual(patched.brand, { name: 'House' })
      const nothing = Object.fromEntries(Object.keys({ ...given, ...objects }).map((field) => [field, null]))
      const cleared = await directory.pools.update(id, nothing)
      const { id: _, revision, ...fresh } = await directory.pools.create({ name: 'Fresh' })
      assert.deepEqual({ ...cleared, ...fresh }, { id, revision: cleared.revision, ...fresh })
    })

    it('keeps every field that is given', async () => {
      const { directory } = test
      const given = {
        id: 'agents',
        name: 'Agents',
        description: 'For agents',
        projectName: 'lab',
        signInAttributes: ['email', 'phone_number'],
        requiredSignUpAttributes: ['email'],
        selfSignUpEnabled: true,
        accessTokenTtl: 60,
        signingAlgorithm: 'EdDSA',
        defaultResource: 'HTTPS://MCP.example:443/mcp',
      } as const
      const pool = await directory.pools.create(given)
      assert.deepEqual({ ...pool, ...given, defaultResource: 'https://mcp.example/mcp' }, pool)
    })

    it('refuses a second pool with the same id', async () => {
      await test.directory.pools.create({ id: 'one', name: 'One' })
      await assertRefused(test, () => test.directory.pools.create({ id: 'one', name: 'Other' }), {
        kind: 'conflict',
        code: 'duplicate',
        field: 'id',
        says: /choose another id/,
      })
    })

    it('refuses a name that its project has, and allows it in another project', async () => {
      const { directory } = test
      await directory.pools.create({ name: 'One' })
      await directory.pools.create({ name: 'One', projectName: 'lab' })
      const refusal = { kind: 'conflict', code: 'duplicate', field: 'name', says: /another name/ } as const
      await assertRefused(test, () => directory.pools.create({ name: 'One' }), refusal)
      const two = await directory.pools.create({ name: 'Two' })
      await assertRefused(test, () => directory.pools.update(two.id, { name: 'One' }), refusal)
    })

    it('lets one of several equal names that come at once pass', async () => {
      const { directory } = test
      const names = Array.from({ length: 8 }, () => directory.pools.create({ name: 'Same' }))
      const settled = await Promise.allSettled(names)
      assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1)
      assert.equal((await directory.pools.list({ limit: 50 })).items.length, 1)
    })

    it('refuses a default resource that is no resource', async () => {
      const create = () => test.directory.pools.create({ name: 'One', defaultResource: 'http://mcp.example/mcp' })
      await assertRefused(test, create, {
        kind: 'invalid',
        code: 'invalid_request',
        field: 'defaultResource',
        says: /https/,
      })
    })

    it('changes what a patch names, clears what it sets to null, and leaves the rest', async () => {
      const { directory, clock } = test
      const pool = await directory.pools.create({ name: 'One', description: 'First', accessTokenTtl: 60 })
      clock.advance(1000)
      const after = await directory.pools.update(pool.id, { name: 'Uno', description: null, enabled: false })
      assert.deepEqual(after, {
        ...pool,
        name: 'Uno',
        description: null,
        enabled: false,
        revision: pool.revision + 1,
        updatedAt: clock.now(),
      })
      assert.deepEqual(await directory.pools.get(pool.id), after)
    })

    it('takes a default that names a resource to come, where it is told that there is none yet', async () => {
      const { directory } = test
      const { id } = await directory.pools.create({ name: 'One' })
      const later = 'https://later.example/mcp'
      const set = (defaultResource: string, options = {}) => directory.pools.update(id, { defaultResource }, options)
      const refusal = { kind: 'invalid', code: 'invalid_request', field: 'defaultResource' } as const
      await assertRefused(test, () => set(later), { ...refusal, fieldCode: 'not_found', says: /create it first/ })
      const wrong = 'http://later.example/mcp'
      await assertRefused(test, () => set(wrong, { defaultToCome: true }), { ...refusal, says: /https/ })
      const given = 'HTTPS://Later.example:443/mcp'
      assert.equal((await set(given, { defaultToCome: true })).defaultResource, later)
      const { revision } = await set(later)
      assert.equal((await set(given)).revision, revision)
      await directory.resources.create(id, { identifier: `${later}/` })
      assert.equal((await directory.pools.get(id)).defaultResource, `${later}/`)
    })

    it('writes nothing for a patch that changes nothing', async () => {
      const { directory, clock, events, changes } = test
      const pool = await directory.pools.create({ name: 'One', accessTokenTtl: 60 })
      const before = await test.snapshot()
      clock.advance(1000)
      assert.deepEqual(await directory.pools.update(pool.id, { name: 'One', accessTokenTtl: 60 }), pool)
      assert.deepEqual(await directory.pools.update(pool.id, {}), pool)
      assert.deepEqual(await test.snapshot(), before)
      assert.deepEqual([events.length, changes.length], [1, 1])
    })

    it('refuses to change sign-in and required attributes and the project, but takes what they are', async () => {
      const { directory } = test
      const pool = await directory.pools.create({ name: 'One', signInAttributes: ['email', 'phone_number'] })
      const same = { signInAttributes: ['phone_number', 'email'], projectName: 'default' } as const
      assert.deepEqual(await directory.pools.update(pool.id, same), pool)
      const others = [
        ['signInAttributes', { signInAttributes: ['preferred_username'] }],
        ['requiredSignUpAttributes', { requiredSignUpAttributes: ['email'] }],
        ['projectName', { projectName: 'lab' }],
      ] as const
      for (const [field, patch] of others) {
        await assertRefused(test, () => directory.pools.update(pool.id, patch), {
          kind: 'conflict',
          code: 'immutable',
          field,
          says: /make another pool/,
        })
      }
    })

    it('takes as default only a resource that it has', async () => {
      const { directory } = test
      const pool = await directory.pools.create({ name: 'One' })
      await assertRefused(test, () => directory.pools.update(pool.id, { defaultResource: 'https://mcp.example' }), {
        kind: 'invalid',
        code: 'invalid_request',
        field: 'defaultResource',
        fieldCode: 'not_found',
        says: /create it first/,
      })
      await directory.resources.create(pool.id, { identifier: 'https://a.example/mcp' })
      await directory.resources.create(pool.id, { identifier: 'https://b.example/mcp' })
      const after = await directory.pools.update(pool.id, { defaultResource: 'https://B.example/mcp/' })
      assert.equal(after.defaultResource, 'https://b.example/mcp')
    })

    it('lists pools by age, page by page, without gap or repetition', async () => {
      const { directory, clock } = test
      const made: string[] = []
      for (let index = 0; index < 7; index += 1) {
        made.push((await directory.pools.create({ name: `Pool ${index}` })).id)
        if (index % 3 === 2) clock.advance(1)
      }
      const seen: string[] = []
      let page = await directory.pools.list({ limit: 2 })
      for (;;) {
        seen.push(...page.items.map(({ id }) => id))
        if (page.next === null) break
        page = await directory.pools.list({ limit: 2, after: page.next })
      }
      assert.deepEqual([...seen].sort(), [...made].sort())
      assert.deepEqual((await directory.pools.list({ limit: 7 })).next, null)
      assert.deepEqual(
        (await directory.pools.list({ limit: 100 })).items.map(({ id }) => id),
        seen,
      )
    })

    it('counts its clients', async () => {
      const { directory } = test
      const pool = await directory.pools.create({ name: 'One' })
      const { client } = await directory.clients.create(pool.id, { name: 'a', clientType: 'MACHINE_TO_MACHINE' })
      await directory.clients.create(pool.id, { name: 'b', clientType: 'MACHINE_TO_MACHINE' })
      assert.equal((await directory.pools.get(pool.id)).totalClients, 2)
      await directory.clients.delete(pool.id, client.clientId)
      assert.equal((await directory.pools.list({ limit: 1 })).items[0]?.totalClients, 1)
    })

    it('takes everything along when it is deleted, and tells', async () => {
      const { directory, changes, events, store } = test
      const pool = await directory.pools.create({ id: 'one', name: 'One' })
      const other = await directory.pools.create({ id: 'two', name: 'Two' })
      await directory.resources.create(pool.id, { identifier: 'urn:example:one' })
      await directory.clients.create(pool.id, { clientId: 'c', name: 'c', clientType: 'MACHINE_TO_MACHINE' })
      await store.db
        .insertInto('oidc_model')
        .values({
          pool_id: pool.id,
          model: 'Session',
          id: 'x',
          payload: '{}',
          grant_id: null,
          user_code: null,
          uid: null,
          consumed_at: null,
          expires_at: null,
        })
        .execute()
      await directory.pools.delete(pool.id)
      assert.deepEqual(changes.at(-1), { poolId: 'one', revision: null })
      assert.deepEqual(events.at(-1), { kind: 'admin.changed', outcome: 'ok', reason: 'deleted', poolId: 'one' })
      assert.equal(await directory.findPool('one'), undefined)
      assert.equal(await directory.findClient('one', 'c'), undefined)
      assert.equal(await directory.revision('one'), undefined)
      assert.deepEqual(await directory.signingKeys('one'), [])
      assert.deepEqual(await directory.verifyingKeys('one'), { keys: [], validUntil: null })
      assert.deepEqual(await store.db.selectFrom('oidc_model').selectAll().execute(), [])
      assert.deepEqual(await directory.pools.list({ limit: 10 }), { items: [other], next: null })
    })

    it('never looks like an earlier pool with its id', async () => {
      const { directory } = test
      const first = await directory.pools.create({ id: 'one', name: 'One' })
      await directory.pools.delete('one')
      const second = await directory.pools.create({ id: 'one', name: 'One' })
      assert.notEqual(second.revision, first.revision)
    })

    it('does not know a pool that is not there, whatever the id looks like', async () => {
      const { directory } = test
      const input = { name: 'a', clientType: 'MACHINE_TO_MACHINE' } as const
      for (const id of ['none', '', 'A b', '\u0000', "x' or 1=1", 'é'.repeat(500)]) {
        const calls = [
          () => directory.pools.get(id),
          () => directory.pools.update(id, { name: 'x' }),
          () => directory.pools.delete(id),
          () => directory.clients.list(id, { limit: 1 }),
          () => directory.clients.create(id, input),
          () => directory.clients.get(id, 'c'),
          () => directory.clients.update(id, 'c', {}),
          () => directory.clients.delete(id, 'c'),
          () => directory.secrets.list(id, 'c'),
          () => directory.secrets.create(id, 'c'),
          () => directory.secrets.delete(id, 'c', 's'),
          () => directory.resources.list(id, { limit: 1 }),
          () => directory.resources.create(id, { identifier: 'urn:example:a' }),
          () => directory.resources.get(id, 'r'),
          () => directory.resources.update(id, 'r', {}),
          () => directory.resources.delete(id, 'r'),
          () => directory.keys.list(id),
          () => directory.keys.rotate(id),
        ]
        for (const call of calls) {
          await assertRefused(test, call, { kind: 'not_found', code: 'not_found', says: /no user pool/ })
        }
        assert.equal(await directory.findPool(id), undefined)
        assert.equal(await directory.findClient(id, 'c'), undefined)
        assert.equal(await directory.revision(id), undefined)
      }
    })
  })
}

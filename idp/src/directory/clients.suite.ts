import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { hashSecret } from '@postern/server'
import { assertRefused, type OpenDirectory, type TestDirectory } from './directory-fixture.ts'
import type { ClientInput } from './types.ts'

const machine: ClientInput = { name: 'Agent', clientType: 'MACHINE_TO_MACHINE' }
const web: ClientInput = { name: 'App', clientType: 'WEB_APPLICATION', redirectUris: ['https://app.example/callback'] }

function publicJwk(kid: string) {
  return { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), kid }
}

export function clientSuite(open: OpenDirectory): void {
  describe('clients', () => {
    let test: TestDirectory
    const poolId = 'pool'
    beforeEach(async () => {
      test = await open()
      await test.directory.pools.create({ id: poolId, name: 'Pool' })
      const scopes = [{ name: 'read' }, { name: 'write', implies: ['read'] }]
      await test.directory.resources.create(poolId, { identifier: 'https://a.example/mcp', scopes })
      await test.directory.resources.create(poolId, { identifier: 'https://b.example/mcp', scopes: [{ name: 'run' }] })
    })
    afterEach(() => test.close())

    const refuses = (input: ClientInput, field: string, says: RegExp, code: 'invalid' | 'conflict' = 'invalid') =>
      assertRefused(test, () => test.directory.clients.create(poolId, input), {
        kind: code,
        code: code === 'invalid' ? 'invalid_request' : 'duplicate',
        field,
        says,
      })

    it('takes what a browser client says, and clears it with null', async () => {
      const { directory, clock } = test
      const given = {
        grantTypes: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'] as const,
        postLogoutRedirectUris: ['https://app.example/bye'],
        logoUri: 'https://app.example/logo.png',
        clientUri: 'https://app.example/',
        refreshTokenTtl: 3600,
        skipConsentEnabled: true,
        unattendedUser: 'alice',
      }
      const input = { name: 'App', clientType: 'MOBILE_APPLICATION', ...given } as const
      const { client } = await directory.clients.create(poolId, input)
      assert.deepEqual({ ...client, ...given }, client)
      assert.deepEqual((await directory.findClient(poolId, client.clientId))?.grantTypes, given.grantTypes)
      const nothing = Object.fromEntries(Object.keys(given).map((field) => [field, null]))
      const cleared = await directory.clients.update(poolId, client.clientId, nothing)
      assert.deepEqual(cleared.grantTypes, ['authorization_code', 'refresh_token'])
      assert.deepEqual([cleared.logoUri, cleared.skipConsentEnabled, cleared.refreshTokenTtl], [null, false, null])
      const expiresAt = clock.now() + 1000
      const dynamic = await directory.clients.create(poolId, { ...input, registration: 'dynamic', expiresAt })
      assert.deepEqual([dynamic.client.registration, dynamic.client.expiresAt], ['dynamic', expiresAt])
      const patched = await directory.clients.update(poolId, dynamic.client.clientId, { name: 'Other' })
      assert.deepEqual([patched.registration, patched.expiresAt], ['dynamic', expiresAt])
    })

    it('makes a machine client with a secret, of which only the hash is kept', async () => {
      const { directory, clock, events, store } = test
      const { client, clientSecret } = await directory.clients.create(poolId, machine)
      assert.match(clientSecret ?? '', /^[A-Za-z0-9_-]{43}$/)
      assert.deepEqual(client, {
        poolId,
        clientId: client.clientId,
        name: 'Agent',
        clientType: 'MACHINE_TO_MACHINE',
        tokenEndpointAuthMethod: 'client_secret_basic',
        jwks: null,
        jwksUri: null,
        redirectUris: [],
        scopes: null,
        resources: null,
        defaultResource: null,
        accessTokenTtl: null,
        grantTypes: ['client_credentials'],
        postLogoutRedirectUris: [],
        logoUri: null,
        clientUri: null,
        refreshTokenTtl: null,
        skipConsentEnabled: false,
        unattendedUser: null,
        registration: 'management',
        expiresAt: null,
        createdAt: clock.now(),
        updatedAt: clock.now(),
      })
      assert.deepEqual(await directory.clients.get(poolId, client.clientId), client)
      const [secret] = await store.db.selectFrom('client_secret').selectAll().execute()
      assert.equal(secret?.hash, hashSecret(clientSecret ?? ''))
      assert.ok(!JSON.stringify(await test.snapshot()).includes(clientSecret ?? ''))
      const { clientId } = client
      assert.deepEqual(events.at(-1), { kind: 'admin.changed', outcome: 'ok', reason: 'created', poolId, clientId })
      assert.ok(!JSON.stringify(events).includes(clientSecret ?? ''))
    })

    it('takes an id and a secret of one’s own', async () => {
      const own = 'my_own-secret_0123456789abcdefghijkl'
      const created = await test.directory.clients.create(poolId, { ...machine, clientId: 'mine', clientSecret: own })
      assert.deepEqual([created.client.clientId, created.clientSecret], ['mine', own])
      const hot = await test.directory.findClient(poolId, 'mine')
      assert.deepEqual(
        hot?.secrets.map(({ hash }) => hash),
        [hashSecret(own)],
      )
    })

    it('refuses a second client with the same id in a pool, and allows it in another pool', async () => {
      const { directory } = test
      await directory.pools.create({ id: 'other', name: 'Other' })
      await directory.clients.create(poolId, { ...machine, clientId: 'mine' })
      await directory.clients.create('other', { ...machine, clientId: 'mine' })
      await refuses({ ...machine, clientId: 'mine' }, 'clientId', /another clientId/, 'conflict')
    })

    it('takes the methods that fit the type, and no other', async () => {
      const { directory } = test
      const post = await directory.clients.create(poolId, { ...machine, tokenEndpointAuthMethod: 'client_secret_post' })
      assert.ok(post.clientSecret)
      for (const clientType of ['SINGLE_PAGE_APPLICATION', 'MOBILE_APPLICATION'] as const) {
        const { client, clientSecret } = await directory.clients.create(poolId, { ...web, clientType })
        assert.deepEqual([client.tokenEndpointAuthMethod, clientSecret], ['none', undefined])
        const input: ClientInput = { ...web, clientType, tokenEndpointAuthMethod: 'client_secret_basic' }
        await refuses(input, 'tokenEndpointAuthMethod', /can keep no secret/)
        await refuses({ ...web, clientType, clientSecret: 'x'.repeat(32) }, 'clientSecret', /remove clientSecret/)
      }
      await refuses({ ...machine, tokenEndpointAuthMethod: 'none' }, 'tokenEndpointAuthMethod', /must authenticate/)
    })

    it('takes the public keys of a client that authenticates with them', async () => {
      const { directory } = test
      const jwks = { keys: [publicJwk('one'), publicJwk('two')] }
      const input: ClientInput = { ...machine, tokenEndpointAuthMethod: 'private_key_jwt' }
      const { client, clientSecret } = await directory.clients.create(poolId, { ...input, jwks })
      assert.deepEqual([client.jwks, clientSecret], [jwks, undefined])
      const jwksUri = 'https://client.example/jwks'
      const byUri = await directory.clients.create(poolId, { ...input, jwksUri })
      assert.deepEqual([byUri.client.jwks, byUri.client.jwksUri], [null, jwksUri])
      await refuses(input, 'jwks', /give jwks or jwksUri/)
      await refuses({ ...input, jwks, jwksUri }, 'jwksUri', /not both/)
      await refuses({ ...input, jwks, clientSecret: 'x'.repeat(32) }, 'clientSecret', /remove clientSecret/)
      await refuses({ ...machine, jwks }, 'jwks', /private_key_jwt/)
      await refuses({ ...machine, jwksUri }, 'jwksUri', /private_key_jwt/)
    })

    it('refuses keys that verify nothing', async () => {
      const input: ClientInput = { ...machine, tokenEndpointAuthMethod: 'private_key_jwt' }
      const point = publicJwk('one')
      const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
      const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
      await refuses({ ...input, jwks: { keys: [{ ...point, x: 'AAAA' }] } }, 'jwks.keys[0]', /no usable public key/)
      await refuses({ ...input, jwks: { keys: [point, { ...x25519 }] } }, 'jwks.keys[1]', /Ed25519/)
      await refuses({ ...input, jwks: { keys: [{ ...small }] } }, 'jwks.keys[0].n', /2048/)
      await refuses({ ...input, jwks: { keys: [{ ...point, use: 'enc' }] } }, 'jwks.keys[0].use', /signatures/)
    })

    it('refuses redirects in a machine client', async () => {
      await refuses(
        { ...machine, redirectUris: ['https://app.example/callback'] },
        'redirectUris[0]',
        /a machine client has no redirects; remove redirectUris or use clientType WEB_APPLICATION/,
      )
    })

    it('keeps redirects as they are written', async () => {
      const { client } = await test.directory.clients.create(poolId, web)
      assert.deepEqual(client.redirectUris, web.redirectUris)
      const app = ['com.example.app:/callback', 'http://127.0.0.1:3000/callback']
      const mobile = { name: 'Phone', clientType: 'MOBILE_APPLICATION', redirectUris: app } as const
      assert.deepEqual((await test.directory.clients.create(poolId, mobile)).client.redirectUris, app)
    })

    it('grants the resources and scopes that are listed, in their canonical spelling', async () => {
      const { client } = await test.directory.clients.create(poolId, {
        ...machine,
        resources: ['HTTPS://A.example:443/mcp/'],
        scopes: ['read'],
        defaultResource: 'https://a.example/mcp/',
      })
      assert.deepEqual(
        [client.resources, client.scopes, client.defaultResource],
        [['https://a.example/mcp'], ['read'], 'https://a.example/mcp'],
      )
      const none = await test.directory.clients.create(poolId, { ...machine, resources: [], scopes: [] })
      assert.deepEqual([none.client.resources, none.client.scopes], [[], []])
    })

    it('refuses grants that the pool does not have', async () => {
      await refuses({ ...machine, resources: ['https://c.example'] }, 'resources[0]', /create it first/)
      await refuses({ ...machine, resources: ['nonsense'] }, 'resources[0]', /absolute URL/)
      await refuses(
        { ...machine, resources: ['https://a.example/mcp', 'https://a.example/mcp/'] },
        'resources[1]',
        /listed once/,
        'invalid',
      )
      await refuses({ ...machine, scopes: ['read', 'fly'] }, 'scopes[1]', /add it to a resource first/)
      await refuses({ ...machine, scopes: ['read', 'read'] }, 'scopes[1]', /listed once/)
      await refuses({ ...machine, resources: ['https://b.example/mcp'], scopes: ['read'] }, 'scopes[0]', /none of/)
      await refuses({ ...machine, defaultResource: 'https://c.example' }, 'defaultResource', /create it first/)
      const listed: ClientInput = { ...machine, resources: ['https://a.example/mcp'] }
      await refuses({ ...listed, defaultResource: 'https://b.example/mcp' }, 'defaultResource', /one of the client/)
      await refuses(
        { ...machine, resources: [], defaultResource: 'https://b.example/mcp' },
        'defaultResource',
        /one of/,
      )
    })

    it('names all faults at once', async () => {
      const input: ClientInput = { ...machine, jwksUri: 'https://x.example', redirectUris: ['https://x.example'] }
      const refused = test.directory.clients.create(poolId, { ...input, scopes: ['fly'] })
      await assert.rejects(refused, (error: { errors?: { field: string }[] }) => {
        const fields = error.errors?.map(({ field }) => field)
        assert.deepEqual(fields, ['jwksUri', 'redirectUris[0]', 'scopes[0]'])
        return true
      })
    })

    it('changes what a patch names, clears what it sets to null, and leaves the rest', async () => {
      const { directory, clock, events } = test
      const input: ClientInput = { ...machine, scopes: ['read'], accessTokenTtl: 60, clientId: 'mine' }
      const { client } = await directory.clients.create(poolId, input)
      const revision = (await directory.revision(poolId)) ?? 0
      clock.advance(1000)
      const patch = { name: 'Robot', scopes: null, resources: ['https://b.example/mcp/'] }
      const after = await directory.clients.update(poolId, 'mine', patch)
      const changed = { name: 'Robot', scopes: null, resources: ['https://b.example/mcp'], updatedAt: clock.now() }
      assert.deepEqual(after, { ...client, ...changed })
      assert.deepEqual(await directory.clients.get(poolId, 'mine'), after)
      assert.equal(await directory.revision(poolId), revision + 1)
      const event = { kind: 'admin.changed', outcome: 'ok', reason: 'updated', poolId, clientId: 'mine' }
      assert.deepEqual(events.at(-1), event)
    })

    it('writes nothing for a patch that changes nothing', async () => {
      const { directory, clock } = test
      const { client } = await directory.clients.create(poolId, { ...machine, clientId: 'mine', scopes: ['read'] })
      const before = await test.snapshot()
      const heard = test.events.length
      clock.advance(1000)
      assert.deepEqual(await directory.clients.update(poolId, 'mine', { name: 'Agent', scopes: ['read'] }), client)
      assert.deepEqual(await directory.clients.update(poolId, 'mine', {}), client)
      assert.deepEqual(await test.snapshot(), before)
      assert.equal(test.events.length, heard)
    })

    it('checks the client that a patch would make', async () => {
      const { directory } = test
      await directory.clients.create(poolId, { ...machine, clientId: 'mine', scopes: ['read'] })
      const patch = (input: Parameters<typeof directory.clients.update>[2]) => () =>
        directory.clients.update(poolId, 'mine', input)
      const invalid = { kind: 'invalid', code: 'invalid_request' } as const
      await assertRefused(test, patch({ redirectUris: ['https://x.example'] }), {
        ...invalid,
        field: 'redirectUris[0]',
      })
      await assertRefused(test, patch({ resources: ['https://b.example/mcp'] }), { ...invalid, field: 'scopes[0]' })
      await assertRefused(test, patch({ tokenEndpointAuthMethod: 'private_key_jwt' }), { ...invalid, field: 'jwks' })
      await assertRefused(test, patch({ jwks: { keys: [publicJwk('a')] } }), { ...invalid, field: 'jwks' })
      await assertRefused(test, patch({ clientType: 'WEB_APPLICATION' }), {
        kind: 'conflict',
        code: 'immutable',
        field: 'clientType',
        says: /make another client/,
      })
    })

    it('changes from a secret to keys and back without a gap', async () => {
      const { directory } = test
      const toKeys = { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [publicJwk('a')] } } as const
      const toSecret = { tokenEndpointAuthMethod: null, jwks: null } as const
      await directory.clients.create(poolId, { ...machine, ...toKeys, clientId: 'mine' })
      await assertRefused(test, () => directory.clients.update(poolId, 'mine', toSecret), {
        kind: 'conflict',
        code: 'conflict',
        says: /add one to its secrets first/,
      })
      await directory.secrets.create(poolId, 'mine')
      const back = await directory.clients.update(poolId, 'mine', toSecret)
      assert.equal(back.tokenEndpointAuthMethod, 'client_secret_basic')
      assert.equal((await directory.clients.update(poolId, 'mine', toKeys)).tokenEndpointAuthMethod, 'private_key_jwt')
    })

    it('stops a client that is deleted', async () => {
      const { directory, changes, store } = test
      await directory.clients.create(poolId, { ...machine, clientId: 'mine' })
      await directory.clients.delete(poolId, 'mine')
      assert.equal(await directory.findClient(poolId, 'mine'), undefined)
      assert.deepEqual(await store.db.selectFrom('client_secret').selectAll().execute(), [])
      assert.deepEqual(changes.at(-1), { poolId, revision: await directory.revision(poolId) })
      const gone = { kind: 'not_found', code: 'not_found', says: /no client/ } as const
      await assertRefused(test, () => directory.clients.delete(poolId, 'mine'), gone)
      await assertRefused(test, () => directory.clients.get(poolId, 'mine'), gone)
      await assertRefused(test, () => directory.clients.update(poolId, 'mine', { name: 'x' }), gone)
      await assertRefused(test, () => directory.secrets.create(poolId, 'mine'), gone)
      await assertRefused(test, () => directory.secrets.list(poolId, 'mine'), gone)
      await assertRefused(test, () => directory.clients.get(poolId, '\u0000'), gone)
    })

    it('lists the clients of one pool, page by page', async () => {
      const { directory, clock } = test
      await directory.pools.create({ id: 'other', name: 'Other' })
      await directory.clients.create('other', machine)
      const made: string[] = []
      for (let index = 0; index < 5; index += 1) {
        made.push((await directory.clients.create(poolId, machine)).client.clientId)
        clock.advance(1)
      }
      const first = await directory.clients.list(poolId, { limit: 3 })
      const second = await directory.clients.list(poolId, { limit: 3, after: first.next ?? undefined })
      assert.deepEqual(
        [...first.items, ...second.items].map(({ clientId }) => clientId),
        made,
      )
      assert.equal(second.next, null)
    })

    it('gives the token path a client and its secrets in one read', async () => {
      const { directory, clock } = test
      const { client } = await directory.clients.create(poolId, { ...machine, clientId: 'mine' })
      clock.advance(1)
      const second = await directory.secrets.create(poolId, 'mine', { expiresAt: clock.now() + 1000 })
      const hot = await directory.findClient(poolId, 'mine')
      assert.equal(hot?.secrets.length, 2)
      assert.deepEqual(hot, { ...client, secrets: hot?.secrets })
      assert.deepEqual(hot?.secrets[0], {
        id: second.secret.id,
        hash: hashSecret(second.clientSecret),
        expiresAt: clock.now() + 1000,
      })
      assert.equal(await directory.findClient(poolId, 'other'), undefined)
      assert.equal(await directory.findClient(poolId, 'a b\u0000'), undefined)
    })
  })
}

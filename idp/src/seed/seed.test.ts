import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { hashSecret, type Seed, type Store, seed as seedSchema, validate } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import {
  assertRefused,
  createTestDirectory,
  openTestStore,
  type TestDirectory,
} from '../directory/directory-fixture.ts'
import type { IdpDatabase } from '../schema.ts'
import { applySeed } from './apply.ts'
import { exportSeed } from './export.ts'

const gatewayUrl = 'http://localhost:4701'
const secret = 'a_secret_of_ones_own_0123456789_abcdef'

/** As the loader would give it. */
function seedOf(pools: unknown): Seed {
  const checked = validate(seedSchema, { version: 1, pools })
  assert.ok(checked.ok, JSON.stringify(checked))
  return checked.value
}

const agent = { clientId: 'agent', clientType: 'MACHINE_TO_MACHINE', clientSecret: secret }
const tools = { identifier: '/tools', name: 'Tools', scopes: [{ name: 'read' }, { name: 'write', implies: ['read'] }] }
const hashed = { clientId: 'agent', clientType: 'MACHINE_TO_MACHINE' }
const house = [
  {
    id: 'default',
    resources: [tools, { identifier: 'urn:example:x' }],
    clients: [{ ...agent, resources: ['/tools'] }],
  },
  { id: 'other', name: 'Other', signingAlgorithm: 'EdDSA', accessTokenTtl: 60 },
]

describeStores('seed', (nextUrl) => {
  let store: Store<IdpDatabase>
  let test: TestDirectory
  before(async () => {
    store = await openTestStore(await nextUrl())
  })
  after(() => store.close())
  beforeEach(async () => {
    test = await createTestDirectory(store)
  })

  const apply = (pools: unknown, prune = false) =>
    applySeed({ directory: test.directory, gatewayUrl, seed: seedOf(pools), prune })

  describe('apply', () => {
    it('makes what the seed says', async () => {
      const summary = await apply(house)
      assert.deepEqual(summary, {
        created: 5,
        updated: 0,
        unchanged: 0,
        pruned: 0,
        changes: [
          { kind: 'pool', id: 'default', action: 'created' },
          { kind: 'resource', id: 'default/http://localhost:4701/tools', action: 'created' },
          { kind: 'resource', id: 'default/urn:example:x', action: 'created' },
          { kind: 'client', id: 'default/agent', action: 'created' },
          { kind: 'pool', id: 'other', action: 'created' },
        ],
      })
      const pool = await test.directory.findPool('default')
      assert.deepEqual([pool?.name, pool?.defaultResource], ['default', `${gatewayUrl}/tools`])
      const client = await test.directory.findClient('default', 'agent')
      assert.deepEqual([client?.name, client?.resources], ['agent', [`${gatewayUrl}/tools`]])
      assert.deepEqual(
        client?.secrets.map(({ hash }) => hash),
        [hashSecret(secret)],
      )
      assert.equal((await test.directory.pools.get('other')).signingAlgorithm, 'EdDSA')
      assert.ok(!JSON.stringify([await test.snapshot(), test.events, summary]).includes(secret))
    })

    it('changes nothing when it is applied again', async () => {
      await apply(house)
      const before = await test.snapshot()
      const heard = [test.events.length, test.changes.length]
      test.clock.advance(60_000)
      const summary = await apply(house)
      assert.deepEqual([summary.created, summary.updated, summary.unchanged, summary.pruned], [0, 0, 5, 0])
      assert.deepEqual(await test.snapshot(), before)
      assert.deepEqual([test.events.length, test.changes.length], heard)
    })

    it('changes what differs, and leaves what it does not name', async () => {
      await apply(house)
      await test.directory.clients.create('default', { clientId: 'x', name: 'x', clientType: 'MACHINE_TO_MACHINE' })
      await test.directory.pools.update('default', { description: 'By hand' })
      const client = { ...agent, name: 'Robot', scopes: ['read'] }
      const summary = await apply([{ id: 'default', resources: [{ ...tools, accessTokenTtl: 5 }], clients: [client] }])
      assert.deepEqual(
        summary.changes.map(({ id, action }) => [id, action]),
        [
          ['default', 'unchanged'],
          ['default/http://localhost:4701/tools', 'updated'],
          ['default/agent', 'updated'],
        ],
      )
      const after = await test.directory.clients.get('default', 'agent')
      assert.deepEqual([after.name, after.scopes, after.resources], ['Robot', ['read'], [`${gatewayUrl}/tools`]])
      const pool = await test.directory.pools.get('default')
      assert.deepEqual([pool.totalClients, pool.description], [2, 'By hand'])
      assert.ok(await test.directory.findPool('other'))
    })

    it('exchanges a secret without a gap', async () => {
      await apply(house)
      const next = 'the_next_secret_0123456789_0123456789'
      test.clock.advance(1)
      const pools = [{ id: 'default', clients: [{ ...agent, clientSecret: next }] }]
      assert.equal((await apply(pools)).updated, 1)
      const hashes = async () => (await test.directory.findClient('default', 'agent'))?.secrets.map(({ hash }) => hash)
      assert.deepEqual(await hashes(), [hashSecret(next), hashSecret(secret)])
      assert.equal((await apply(pools)).updated, 0)
      await apply([{ ...house[0], clients: [{ ...hashed, secretHash: hashSecret(next) }] }], true)
      assert.deepEqual(await hashes(), [hashSecret(next)])
    })

    it('brings a secret until a time, and is no mistake once that has passed', async () => {
      await apply(house)
      const stored = async () => (await test.directory.findClient('default', 'agent'))?.secrets ?? []
      const expiresAt = new Date(test.clock.now() + 1000).toISOString()
      const client = (secretHash: unknown) => [{ id: 'default', clients: [{ ...hashed, secretHash }] }]
      const ending = { hash: hashSecret(secret), expiresAt }
      assert.equal((await apply(client(ending))).updated, 1)
      assert.equal((await apply(client([ending]))).updated, 0)
      assert.equal((await stored())[0]?.expiresAt, test.clock.now() + 1000)
      test.clock.advance(1000)
      assert.equal((await apply(client(ending))).updated, 0)
      assert.deepEqual(await test.directory.secrets.list('default', 'agent'), [])
      await apply([], true)
      await apply([{ id: 'default', resources: [tools], clients: [{ ...hashed, secretHash: ending }] }])
      assert.deepEqual(await stored(), [], 'none is made in its place, for nobody would know it')
      assert.equal((await apply(client(hashSecret(secret)))).updated, 1)
      assert.equal((await stored())[0]?.expiresAt, null)
    })

    it('takes all secrets away only when it says so', async () => {
      await apply(house)
      const client = (secretHash: unknown[]) => [{ ...house[0], clients: [{ ...hashed, secretHash }] }]
      assert.equal((await apply(client([]))).updated, 0)
      assert.equal((await apply(client([]), true)).updated, 1)
      assert.deepEqual(await test.directory.secrets.list('default', 'agent'), [])
    })

    it('deletes with prune what it does not name', async () => {
      await apply(house)
      const summary = await apply([{ id: 'default', resources: [{ identifier: 'urn:example:x' }] }], true)
      assert.deepEqual(
        summary.changes.filter(({ action }) => action === 'pruned').map(({ kind, id }) => [kind, id]),
        [
          ['client', 'default/agent'],
          ['resource', 'default/http://localhost:4701/tools'],
          ['pool', 'other'],
        ],
      )
      assert.equal(summary.pruned, 3)
      assert.equal(await test.directory.findClient('default', 'agent'), undefined)
      assert.deepEqual(
        (await test.directory.pools.list({ limit: 10 })).items.map(({ id }) => id),
        ['default'],
      )
    })

    it('makes RSA keys for many pools at once', async () => {
      const pools = Array.from({ length: 3 }, (_, index) => ({ id: `rsa-${index}`, signingAlgorithm: 'RS256' }))
      assert.equal((await apply(pools)).created, 3)
      for (const { id } of pools) assert.equal((await test.directory.signingKeys(id))[0]?.alg, 'RS256')
    })

    it('makes the resources that its services need, and leaves what the gateway makes of them', async () => {
      const trusts = { type: 'CustomJWT', pool: 'default', requiredScopes: ['call'] }
      const services = [
        { id: 'tools', name: 'Tools', path: '/tools', backend: { type: 'builtin' }, authorizers: [trusts] },
        { id: 'more', path: '/more', backend: { type: 'builtin' }, authorizers: [trusts, { type: 'ApiKey' }] },
        { id: 'bare', path: '/bare', backend: { type: 'builtin' }, authorizers: [trusts] },
        { id: 'keys', path: '/keys', backend: { type: 'builtin' } },
      ]
      const client = { ...agent, resources: ['/more', '/bare'], scopes: ['call'] }
      const pools = [{ id: 'default', resources: [tools, { identifier: '/bare' }], clients: [client] }]
      const checked = validate(seedSchema, { version: 1, pools, services })
      assert.ok(checked.ok, JSON.stringify(checked))
      const { directory } = test
      const options = { directory, gatewayUrl, seed: checked.value, prune: true }
      assert.equal((await applySeed(options)).created, 5)
      const resources = async () => (await directory.resources.list('default', { limit: 10 })).items
      const shown = (await resources()).map(({ identifier, name, scopes }) => [
        identifier,
        name,
        scopes.map((scope) => scope.name),
      ])
      assert.deepEqual(shown.sort(), [
        [`${gatewayUrl}/bare`, null, ['call']],
        [`${gatewayUrl}/more`, 'more', ['call']],
        [`${gatewayUrl}/tools`, 'Tools', ['read', 'write', 'call']],
      ])
      const more = (await resources()).find(({ name }) => name === 'more')
      const grown = [{ name: 'call' }, { name: 'extra' }]
      await directory.resources.update('default', more?.id ?? '', { name: 'By hand', scopes: grown })
      await directory.resources.create('default', { identifier: `${gatewayUrl}/keys` })
      const before = await test.snapshot()
      const again = await applySeed(options)
      assert.deepEqual([again.created, again.updated, again.pruned], [0, 0, 0])
      assert.deepEqual(await test.snapshot(), before)
    })

    it('names a default by its path', async () => {
      await apply([{ id: 'p', defaultResource: '/b', resources: [{ identifier: '/a' }, { identifier: '/b' }] }])
      assert.equal((await test.directory.pools.get('p')).defaultResource, `${gatewayUrl}/b`)
    })

    const client = (fields: object) => [{ id: 'new' }, { id: 'default', clients: [{ ...agent, ...fields }] }]
    const mistakes = [
      ['an unknown resource', client({ resources: ['/none'] }), 'pools[1].clients[0].resources[0]', 'invalid'],
      ['an unknown scope', client({ scopes: ['fly'] }), 'pools[1].clients[0].scopes[0]', 'invalid'],
      ['another client type', client({ clientType: 'WEB_APPLICATION' }), 'pools[1].clients[0].clientType', 'conflict'],
      ['an unknown default', [{ id: 'new', defaultResource: '/none' }], 'pools[0].defaultResource', 'invalid'],
      ['a name that is taken', [{ id: 'new', name: 'Other' }], 'pools[0].name', 'conflict'],
      ['other attributes', [{ id: 'default', signInAttributes: ['email'] }], 'pools[0].signInAttributes', 'conflict'],
      [
        'a resource twice in two spellings',
        [{ id: 'new', resources: [{ identifier: '/a' }, { identifier: `${gatewayUrl}/a` }] }],
        'pools[0].resources[1].identifier',
        'invalid',
      ],
    ] as const
    for (const [title, pools, field, kind] of mistakes) {
      it(`refuses all of it for ${title}`, async () => {
        await apply(house)
        const work = () => apply(pools)
        const code = kind === 'invalid' ? 'invalid_request' : field.endsWith('name') ? 'duplicate' : 'immutable'
        await assertRefused(test, work, { kind, code, field })
      })
    }
  })

  describe('export', () => {
    it('gives a seed that makes the same again, without a secret', async () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      await apply([
        ...house,
        {
          id: 'full',
          name: 'Full',
          description: 'Every field',
          projectName: 'lab',
          signInAttributes: ['email'],
          requiredSignUpAttributes: ['email', 'phone_number'],
          selfSignUpEnabled: true,
          accessTokenTtl: 120,
          signingAlgorithm: 'RS256',
          defaultResource: 'urn:example:b',
          resources: [
            { identifier: 'urn:example:b', name: 'B', accessTokenTtl: 30 },
            { identifier: '/a', scopes: [{ name: 'read', description: 'Look' }] },
          ],
          clients: [
            { ...agent, clientId: 'z', scopes: [], resources: [], accessTokenTtl: 9 },
            {
              clientId: 'keys',
              clientType: 'MACHINE_TO_MACHINE',
              tokenEndpointAuthMethod: 'private_key_jwt',
              jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] },
            },
            {
              clientId: 'uri',
              clientType: 'MACHINE_TO_MACHINE',
              tokenEndpointAuthMethod: 'private_key_jwt',
              jwksUri: 'https://client.example/jwks',
              scopes: ['read'],
              defaultResource: '/a',
            },
            {
              clientId: 'app',
              clientType: 'MOBILE_APPLICATION',
              redirectUris: ['com.example.app:/callback'],
            },
          ],
        },
      ])
      const exported = await exportSeed(test.directory)
      assert.ok(!JSON.stringify(exported).includes(secret))
      const checked = validate(seedSchema, exported)
      assert.ok(checked.ok, JSON.stringify(checked))
      const before = await test.snapshot()
      const again = await applySeed({ directory: test.directory, gatewayUrl, seed: checked.value, prune: true })
      assert.deepEqual([again.created, again.updated, again.pruned], [0, 0, 0])
      assert.deepEqual(await test.snapshot(), before)

      await apply([], true)
      assert.deepEqual(await exportSeed(test.directory), { version: 1, pools: [] })
      test.clock.advance(1000)
      await applySeed({ directory: test.directory, gatewayUrl, seed: checked.value })
      assert.deepEqual(await exportSeed(test.directory), exported)
    })

    it('has both live secrets, the newer first, and when one ends', async () => {
      await apply(house)
      const hashes = async () => (await exportSeed(test.directory)).pools[0]?.clients?.[0]?.secretHash
      assert.equal(await hashes(), hashSecret(secret))
      test.clock.advance(1)
      const { clientSecret } = await test.directory.secrets.create('default', 'agent')
      assert.deepEqual(await hashes(), [hashSecret(clientSecret), hashSecret(secret)])
      const [first] = await test.directory.secrets.list('default', 'agent')
      await test.directory.secrets.delete('default', 'agent', first?.id ?? '')
      test.clock.advance(1)
      const end = test.clock.now() + 1000
      const short = await test.directory.secrets.create('default', 'agent', { expiresAt: end })
      const ending = { hash: hashSecret(short.clientSecret), expiresAt: new Date(end).toISOString() }
      assert.deepEqual(await hashes(), [ending, hashSecret(clientSecret)])
    })

    it('has the secrets of a client that authenticates with keys for now', async () => {
      await apply(house)
      const jwksUri = 'https://client.example/jwks'
      await test.directory.clients.update('default', 'agent', { tokenEndpointAuthMethod: 'private_key_jwt', jwksUri })
      const { pools } = await exportSeed(test.directory)
      assert.equal(pools[0]?.clients?.[0]?.secretHash, hashSecret(secret))
      await apply([], true)
      await apply(pools)
      const method = { tokenEndpointAuthMethod: 'client_secret_basic', jwksUri: null } as const
      await test.directory.clients.update('default', 'agent', method)
      assert.equal((await test.directory.secrets.list('default', 'agent')).length, 1)
    })

    it('keeps a disabled pool disabled, and enables none', async () => {
      await apply(house)
      const before = await exportSeed(test.directory)
      assert.ok(!JSON.stringify(before).includes('enabled'), 'said of none that is enabled')
      await test.directory.pools.update('default', { enabled: false })
      assert.equal((await applySeed({ directory: test.directory, gatewayUrl, seed: before })).updated, 0)
      assert.equal((await test.directory.pools.get('default')).enabled, false)
      const { pools } = await exportSeed(test.directory)
      await apply([], true)
      await apply(pools)
      assert.equal((await test.directory.pools.get('default')).enabled, false)
      await apply([{ id: 'default', enabled: true }])
      assert.equal((await test.directory.pools.get('default')).enabled, true)
    })

    it('gives no default to a pool that has none', async () => {
      await apply(house)
      await test.directory.pools.update('default', { defaultResource: null })
      const { pools } = await exportSeed(test.directory)
      assert.equal(pools[0]?.defaultResource, null)
      assert.equal((await apply(pools)).updated, 0)
      await apply([], true)
      await apply(pools)
      assert.equal((await test.directory.pools.get('default')).defaultResource, null)
    })

    it('says of a default that it names a resource to come', async () => {
      const later = 'urn:example:later'
      await test.directory.pools.create({ id: 'p', name: 'p', defaultResource: later })
      await test.directory.resources.create('p', { identifier: 'urn:example:now' })
      const { pools } = await exportSeed(test.directory)
      assert.deepEqual(pools[0]?.defaultResource, { toCome: later })
      assert.equal((await apply(pools)).updated, 0)
      await test.directory.pools.update('p', { defaultResource: 'urn:example:now' })
      assert.equal((await apply(pools)).updated, 1)
      await apply([], true)
      await apply(pools)
      assert.equal((await test.directory.pools.get('p')).defaultResource, later)
      await test.directory.resources.create('p', { identifier: later })
      assert.equal((await exportSeed(test.directory)).pools[0]?.defaultResource, later)
    })

    it('is of one moment, whatever is written meanwhile', async () => {
      await apply(house)
      const identifier = 'urn:example:brief'
      const client = {
        clientId: 'brief',
        name: 'brief',
        clientType: 'MACHINE_TO_MACHINE',
        resources: [identifier],
      } as const
      const comeAndGo = async () => {
        const { id } = await test.directory.change(async ({ resources, clients }) => {
          const made = await resources.create('default', { identifier })
          await clients.create('default', client)
          return made
        })
        await test.directory.change(async ({ resources, clients }) => {
          await clients.delete('default', client.clientId)
          await resources.delete('default', id)
        })
      }
      const exports: Awaited<ReturnType<typeof exportSeed>>[] = []
      let isWriting = true
      const exporting = (async () => {
        while (isWriting) exports.push(await exportSeed(test.directory))
      })()
      for (let round = 0; round < 40; round += 1) await comeAndGo()
      isWriting = false
      await exporting
      const brief = exports.map(({ pools }) => [
        pools[0]?.resources?.some((one) => one.identifier === identifier),
        pools[0]?.clients?.some(({ clientId }) => clientId === client.clientId),
      ])
      for (const [hasResource, hasClient] of brief) assert.equal(hasResource, hasClient)
      assert.equal(new Set(brief.map(String)).size, 2, 'both states were seen')
    })

    it('reads all pages', async () => {
      const pools = Array.from({ length: 130 }, (_, index) => ({ id: `p${String(index).padStart(3, '0')}` }))
      await apply(pools)
      assert.deepEqual(
        (await exportSeed(test.directory)).pools.map(({ id }) => id),
        pools.map(({ id }) => id),
      )
    })
  })
})

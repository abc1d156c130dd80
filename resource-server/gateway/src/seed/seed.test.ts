import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { hashApiKey } from '@postern/core'
import { SeedError, seed as seedSchema, validate } from '@postern/server'
import { temporaryFolder } from '@postern/server/testing'
import { eventually, restOf } from '../testing/rest.ts'
import { type Gateway, startGateway } from '../testing/start-gateway.ts'

const key = `pst_${'k'.repeat(43)}`
const builtin = { type: 'builtin' }

const full = {
  version: 1 as const,
  pools: [{ id: 'default' }],
  services: [
    {
      id: 'tools',
      path: '/mcp',
      backend: { type: 'builtin' as const },
      authorizers: [
        { type: 'CustomJWT' as const, pool: 'default', requiredScopes: ['read'], claims: { tier: ['gold', 1, true] } },
        {
          type: 'ApiKey' as const,
          apiKeys: [{ name: 'agent', key, tools: ['echo'], expiresAt: '2999-01-01T00:00:00Z' }],
        },
      ],
      rootMetadata: true,
    },
    {
      id: 'remote',
      name: 'Remote tools',
      path: '/remote',
      backend: {
        type: 'http' as const,
        url: 'http://127.0.0.1:9/mcp',
        headers: { authorization: 'Bearer upstream-secret' },
      },
      isolation: 'shared' as const,
    },
  ],
}

const list = async (gateway: Gateway) => (await restOf(gateway)('GET', '/mcp-services?limit=100')).body.items

async function settled(gateway: Gateway) {
  return eventually('all checks', async () => {
    const services = await list(gateway)
    return services.some(({ status }: { status: string }) => /ing$/.test(status)) ? undefined : services
  })
}

describe('a seed at start', () => {
  test('makes its services; a pool by its name is one of our provider, and a key is the one that it says', async () => {
    await using gateway = await startGateway({ seed: full, env: { POSTERN_IDP_URL: 'http://localhost:4700' } })
    const [tools, remote] = await settled(gateway)
    assert.equal(tools.id, 'tools')
    assert.equal(tools.name, 'tools')
    assert.equal(tools.url, `${gateway.url}/mcp`)
    assert.equal(tools.status, 'Ready')
    assert.equal(
      tools.authorizers[0].discoveryUrl,
      'http://localhost:4700/pools/default/.well-known/openid-configuration',
    )
    assert.equal(tools.authorizers[1].apiKeys[0].hint, 'pst_…kkkk')
    assert.equal(remote.name, 'Remote tools')
    assert.equal(remote.backend.headers.authorization, '***')
    const response = await fetch(tools.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'echo', arguments: { text: 'x' } },
      }),
    })
    assert.notEqual(response.status, 401)
    await response.arrayBuffer()
  })

  test('a second start with the same file changes nothing, and what was made meanwhile stays', async () => {
    const folder = await temporaryFolder()
    try {
      const first = await startGateway({ seed: full, dataDir: folder.path })
      await first.createService({ id: 'mine', name: 'mine', path: '/mine', backend: { type: 'builtin' } })
      const before = await settled(first)
      const port = Number(new URL(first.url).port)
      await first.close()
      await using second = await startGateway({ seed: full, dataDir: folder.path, port })
      const after = await settled(second)
      // What failed is tried again at a start, and that is all.
      const stable = (services: { id: string }[]) =>
        services.filter(({ id }) => id !== 'remote').map((service) => JSON.stringify(service))
      assert.deepEqual(stable(after), stable(before))
      assert.equal(after.length, 3)
    } finally {
      await folder.remove()
    }
  })

  test('what the catalogue refuses names file, line and field, and nothing starts', async () => {
    const folder = await temporaryFolder()
    try {
      const file = join(folder.path, 'seed.yaml')
      const lines = [
        'version: 1',
        'services:',
        '  - id: tools',
        '    path: /mcp',
        '    backend: { type: builtin }',
        '    authorizers:',
        '      - type: CustomJWT',
        '        discoveryUrl: https://idp.example/.well-known/openid-configuration',
        '        allowedClients: [a, b, c, d, e, f]',
      ]
      await writeFile(file, lines.join('\n'))
      await assert.rejects(startGateway({ seed: file }), (error: unknown) => {
        assert.ok(error instanceof SeedError)
        const [issue] = error.issues
        assert.equal(issue?.field, 'services[0].authorizers[0].allowedClients')
        assert.equal(issue?.line, 9)
        assert.match(error.message, /seed\.yaml:9:\d+: .*POSTERN_MAX_ALLOWED_CLIENTS/)
        return true
      })
    } finally {
      await folder.remove()
    }
  })
})

describe('a seed over REST', () => {
  test('twice: the second time nothing changes', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const first = await call('POST', '/seed', full)
    assert.equal(first.status, 200, JSON.stringify(first.body))
    assert.deepEqual(first.body, {
      created: 2,
      updated: 0,
      unchanged: 0,
      pruned: 0,
      changes: [
        { kind: 'service', id: 'tools', action: 'created' },
        { kind: 'service', id: 'remote', action: 'created' },
      ],
    })
    await call('PATCH', '/mcp-services/remote', { backend: builtin })
    const made = { ...full, services: [full.services[0], { ...full.services[1], backend: builtin }] }
    const before = JSON.stringify(await settled(gateway))
    const again = await call('POST', '/seed', made)
    assert.equal(again.body.unchanged, 2)
    assert.equal(JSON.stringify(await list(gateway)), before)
  })

  test('what is exported can be applied where it is, and changes nothing; it shows no secret', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    await call('POST', '/seed', full)
    const stdio = {
      type: 'stdio',
      command: process.execPath,
      args: ['--version'],
      env: { TOKEN: 'env-secret' },
      cwd: '.',
    }
    const placed = 'http://localhost:4700/.well-known/openid-configuration/pools/p'
    await call('POST', '/mcp-services', {
      id: 'local',
      name: 'Local',
      path: '/local',
      backend: stdio,
      authorizers: [
        {
          type: 'CustomJWT',
          discoveryUrl: placed,
          allowedClients: [],
          allowedAudiences: ['x'],
          acceptClientIdAudience: true,
        },
      ],
    })
    await settled(gateway)
    const exported = await call('GET', '/seed')
    assert.equal(exported.status, 200)
    const text = JSON.stringify(exported.body)
    for (const secret of [key, 'upstream-secret', 'env-secret']) assert.ok(!text.includes(secret))
    assert.equal(exported.body.services[0].authorizers[0].pool, 'default')
    assert.equal(exported.body.services[0].authorizers[1].apiKeys[0].keyHash, await hashApiKey(key))
    assert.equal(exported.body.services[2].authorizers[0].discoveryUrl, placed)
    assert.ok(validate(seedSchema, exported.body).ok)

    for (const id of ['remote', 'local']) await call('PATCH', `/mcp-services/${id}`, { backend: builtin })
    await settled(gateway)
    const ready = (await call('GET', '/seed')).body
    const before = JSON.stringify(await list(gateway))
    const applied = await call('POST', '/seed?prune=true', ready)
    assert.deepEqual([applied.body.unchanged, applied.body.changes.length], [3, 3])
    assert.equal(JSON.stringify(await list(gateway)), before)
  })

  test('masked values: kept where they are stored, refused where they are not', async () => {
    await using gateway = await startGateway()
    await using other = await startGateway()
    await restOf(gateway)('POST', '/seed', full)
    await settled(gateway)
    const { body: exported } = await restOf(gateway)('GET', '/seed')
    const refused = await restOf(other)('POST', '/seed', exported)
    assert.equal(refused.status, 400)
    assert.equal(refused.body.errors[0].field, 'services[1].backend.headers.authorization')
    assert.match(refused.body.errors[0].message, /write the value/)
    assert.deepEqual(await list(other), [])
    const call = restOf(gateway)
    assert.equal((await call('GET', '/mcp-services/remote')).body.status, 'CreateFailed')
    const kept = await call('POST', '/seed', exported)
    assert.equal(kept.status, 200)
    assert.equal(kept.body.unchanged, 2)
    await settled(gateway)
    const { body: events } = await call('GET', '/events?serviceId=remote&reason=backend_failed')
    assert.equal(events.items.length, 2, 'what failed is checked again')
  })

  test('all of it or nothing', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    await gateway.createService({ id: 'mine', name: 'mine', path: '/remote', backend: { type: 'builtin' } })
    const before = JSON.stringify(await list(gateway))
    const refused = await call('POST', '/seed', full)
    assert.equal(refused.status, 409)
    assert.equal(refused.body.errors[0].field, 'services[1].path')
    assert.equal(JSON.stringify(await list(gateway)), before)
    const moved = { ...full, services: [{ ...full.services[0], id: 'mine' }] }
    const immutable = await call('POST', '/seed', moved)
    assert.equal(immutable.status, 409)
    assert.equal(immutable.body.code, 'immutable')
    assert.equal(immutable.body.errors[0].field, 'services[0].path')
    const mistyped = await call('POST', '/seed', { version: 1, services: [{ ...full.services[0], pathh: '/x' }] })
    assert.equal(mistyped.status, 400)
    assert.equal((await call('POST', '/seed?prune=maybe', full)).status, 400)
    assert.equal(JSON.stringify(await list(gateway)), before)
  })

  test('prune deletes services and keys that are not named, and a path or the root may change hands', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    await call('POST', '/seed', full)
    await gateway.createService({ id: 'mine', name: 'mine', path: '/mine', backend: { type: 'builtin' } })
    await call('POST', '/mcp-services/tools/api-keys', { name: 'by hand' })
    const next = {
      version: 1,
      services: [
        { id: 'new', path: '/remote', backend: builtin, rootMetadata: true },
        {
          id: 'tools',
          path: '/mcp',
          backend: builtin,
          authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'agent', key }] }],
        },
      ],
    }
    const kept = await call('POST', '/seed', next)
    assert.equal(kept.status, 409, 'without prune the path is still taken')
    const pruned = await call('POST', '/seed?prune=true', next)
    assert.equal(pruned.status, 200, JSON.stringify(pruned.body))
    assert.deepEqual(
      pruned.body.changes.map(({ id, action }: { id: string; action: string }) => `${id} ${action}`).sort(),
      ['mine pruned', 'new created', 'remote pruned', 'tools updated'],
    )
    const services = await settled(gateway)
    assert.deepEqual(services.map(({ id }: { id: string }) => id).sort(), ['new', 'tools'])
    const tools = services.find(({ id }: { id: string }) => id === 'tools')
    assert.deepEqual(
      tools.authorizers[0].apiKeys.map(({ name }: { name: string }) => name),
      ['agent'],
    )
    assert.equal(tools.rootMetadata, false)
  })

  test('a key of the same name with another value replaces it; two names with one value are refused', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const withKeys = (...apiKeys: { name: string; key: string }[]) => ({
      version: 1,
      services: [{ id: 'x', path: '/x', backend: builtin, authorizers: [{ type: 'ApiKey', apiKeys }] }],
    })
    await call('POST', '/seed', withKeys({ name: 'agent', key }))
    const twin = await call('POST', '/seed', withKeys({ name: 'agent', key }, { name: 'other', key }))
    assert.equal(twin.status, 400)
    assert.equal(twin.body.errors[0].field, 'services[0].authorizers[0].apiKeys[1].key')
    assert.ok(!JSON.stringify(twin.body).includes(key))
    const rotated = await call('POST', '/seed', withKeys({ name: 'agent', key: `pst_${'z'.repeat(43)}` }))
    assert.equal(rotated.body.updated, 1)
    const { body } = await call('GET', '/mcp-services/x/api-keys')
    assert.deepEqual(
      body.items.map(({ name, hint }: { name: string; hint: string }) => [name, hint]),
      [['agent', 'pst_…zzzz']],
    )
  })
})

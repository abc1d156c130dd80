import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseSeed, SeedError, seed as seedSchema, validate } from '@postern/server'
import { restOf } from '../testing/rest.ts'
import { startGateway } from '../testing/start-gateway.ts'

const backend = { type: 'builtin' as const }
const key = `pst_${'k'.repeat(43)}`
const seed = {
  version: 1 as const,
  services: [
    { id: 'a', path: '/a', backend },
    { id: 'b', path: '/b', backend },
  ],
  toolsets: [
    {
      id: 'set',
      path: '/set',
      serviceIds: ['a', 'b'],
      authorizers: [{ type: 'ApiKey' as const, apiKeys: [{ name: 'me', key }] }],
    },
    { id: 'found', name: 'Found', path: '/found', serviceIds: ['b'], mode: 'search' as const },
  ],
}

describe('toolsets of a seed', () => {
  test('are made, and applied again or as they are exported they change nothing', async () => {
    await using gateway = await startGateway({ seed })
    const call = restOf(gateway)
    const { items } = (await call('GET', '/mcp-toolsets')).body
    assert.deepEqual(
      items.map(({ id, name, mode, serviceIds }: Record<string, unknown>) => [id, name, mode, serviceIds]),
      [
        ['set', 'set', 'merged', ['a', 'b']],
        ['found', 'Found', 'search', ['b']],
      ],
    )
    const exported = (await call('GET', '/seed')).body
    assert.ok(validate(seedSchema, exported).ok)
    for (const again of [seed, exported]) {
      const { body } = await call('POST', '/seed?prune=true', again)
      assert.deepEqual([body.created, body.updated, body.unchanged, body.pruned], [0, 0, 4, 0])
      assert.deepEqual(body.changes.at(-1), { kind: 'toolset', id: 'found', action: 'unchanged' })
    }
    assert.deepEqual((await call('GET', '/seed')).body, exported)
  })

  test('change with it, and go with prune', async () => {
    await using gateway = await startGateway({ seed })
    const call = restOf(gateway)
    const [set] = seed.toolsets
    const changed = { ...seed, toolsets: [{ ...set, serviceIds: ['b'] }] }
    const { body } = await call('POST', '/seed?prune=true', { ...changed, services: [seed.services[1]] })
    assert.deepEqual(
      body.changes.map(({ kind, id, action }: Record<string, string>) => `${kind} ${id} ${action}`),
      ['toolset set updated', 'service b unchanged', 'service a pruned', 'toolset found pruned'],
    )
    assert.deepEqual((await call('GET', '/mcp-toolsets')).body.items[0].serviceIds, ['b'])
  })

  test('are refused where they cannot be, with their place; nothing is applied', async () => {
    await using gateway = await startGateway({ seed })
    const call = restOf(gateway)
    const one = (more: object) => ({ version: 1, toolsets: [{ id: 'new', path: '/new', serviceIds: ['a'], ...more }] })
    for (const [body, field, status] of [
      [one({ serviceIds: ['nobody'] }), 'toolsets[0].serviceIds[0]', 400],
      [one({ serviceIds: ['set'] }), 'toolsets[0].serviceIds[0]', 400],
      [one({ path: '/a' }), 'toolsets[0].path', 409],
      [one({ id: 'a' }), 'toolsets[0].id', 409],
      [{ version: 1, services: [{ id: 'set', path: '/set', backend }] }, 'services[0].id', 409],
    ] as const) {
      const answer = await call('POST', '/seed', body)
      assert.deepEqual([answer.status, answer.body.errors[0].field], [status, field], JSON.stringify(answer.body))
    }
    const pruned = await call('POST', '/seed?prune=true', { version: 1, toolsets: [seed.toolsets[0]] })
    assert.equal(pruned.body.errors[0].field, 'toolsets[0].serviceIds[0]')
    assert.equal((await call('GET', '/mcp-toolsets')).body.items.length, 2)
  })

  test('of a file name what is in it', () => {
    const table: [object, RegExp][] = [
      [
        { serviceIds: ['aa'] },
        /toolsets\[0\]\.serviceIds\[0\]: there is no service aa in this file; did you mean "a"\?/,
      ],
      [{ id: 'a' }, /toolsets\[0\]\.id: is the same as services\[0\]\.id/],
      [{ path: '/a' }, /toolsets\[0\]\.path: is the same as services\[0\]\.path/],
      [
        { authorizers: [{ type: 'CustomJWT', pool: 'x' }] },
        /toolsets\[0\]\.authorizers\[0\]\.pool: there is no pool x/,
      ],
      [{ path: '/services/other/x' }, /\/services is taken/],
    ]
    for (const [more, message] of table) {
      const text = JSON.stringify({ ...seed, toolsets: [{ id: 'set', path: '/set', serviceIds: ['a'], ...more }] })
      assert.throws(
        () => parseSeed(text, 'seed.json', {}),
        (error) => error instanceof SeedError && message.test(error.message),
      )
    }
  })
})

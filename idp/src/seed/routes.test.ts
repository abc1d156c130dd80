import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Api, assertProblem, startApi } from '../management/management-fixture.ts'

const secret = 'a_secret_of_ones_own_0123456789_abcdef'
const agent = { clientId: 'agent', clientType: 'MACHINE_TO_MACHINE', clientSecret: secret }
const seed = { version: 1, pools: [{ id: 'lab', resources: [{ identifier: '/mcp' }], clients: [agent] }] }

describe('seeds over the management API', () => {
  let api: Api
  before(async () => {
    api = await startApi()
  })
  after(() => api.close())

  it('are applied, told of, exported and applied again', async () => {
    const applied = await api.post('/seed', seed)
    assert.equal(applied.status, 200)
    assert.deepEqual(applied.body, {
      created: 3,
      updated: 0,
      unchanged: 0,
      pruned: 0,
      changes: [
        { kind: 'pool', id: 'lab', action: 'created' },
        { kind: 'resource', id: 'lab/http://localhost:4701/mcp', action: 'created' },
        { kind: 'client', id: 'lab/agent', action: 'created' },
      ],
    })
    const exported = await api.get('/seed')
    assert.equal(exported.status, 200)
    assert.deepEqual([exported.body['version'], JSON.stringify(exported.body).includes(secret)], [1, false])
    const again = await api.post('/seed', exported.body)
    assert.deepEqual([again.body['unchanged'], again.body['updated']], [3, 0])
  })

  it('carry the request into their events', async () => {
    const { headers } = await api.post('/seed', { version: 1, pools: [{ id: 'noted' }] })
    const { items } = (await api.get('/events?limit=100')).body
    assert.ok(Array.isArray(items))
    const own = items.find(({ poolId }) => poolId === 'noted')
    assert.deepEqual([own.reason, own.requestId], ['created', headers.get('x-request-id')])
  })

  it('leave services to the gateway', async () => {
    const services = [{ id: 'everyday', path: '/mcp', backend: { type: 'builtin' } }]
    const { status, body } = await api.post('/seed', { version: 1, pools: [{ id: 'noted' }], services })
    assert.deepEqual([status, body['unchanged']], [200, 1])
  })

  it('prune when asked to', async () => {
    await api.post('/seed', { version: 1, pools: [{ id: 'surplus' }] })
    assert.equal((await api.post('/seed?prune=false', seed)).body['pruned'], 0)
    const pruned = await api.post('/seed?prune=true', seed)
    assert.ok(Number(pruned.body['pruned']) >= 1)
    assert.equal((await api.get('/user-pools/surplus')).status, 404)
    assert.equal((await api.get('/user-pools/lab')).status, 200)
  })

  it('may be as large as any body, and no larger', async () => {
    const bytes = 1024 * 1024
    const text = JSON.stringify(seed)
    assert.equal((await api.post('/seed', text + ' '.repeat(bytes - text.length))).status, 200)
    const expected = { status: 413, code: 'payload_too_large', says: /larger than 1048576 bytes; send less/ } as const
    await assertProblem(api, () => api.post('/seed', text + ' '.repeat(bytes + 1 - text.length)), expected)
  })

  it('are refused as a whole', async () => {
    const invalid = { status: 400, code: 'invalid_request' } as const
    const pools = (...all: object[]) => ({ version: 1, pools: [{ id: 'fresh' }, ...all] })
    const cases = [
      [{ pools: [] }, { ...invalid, field: 'version', says: /required/ }],
      [pools({ id: 'lab', colour: 'red' }), { ...invalid, field: 'pools[1].colour', says: /no such field/ }],
      [
        pools({ id: 'lab', clients: [{ ...agent, resources: ['/none'] }] }),
        { ...invalid, field: 'pools[1].clients[0].resources[0]', says: /create it first/ },
      ],
      [
        pools({ id: 'lab', clients: [{ ...agent, clientType: 'WEB_APPLICATION' }] }),
        { status: 409, code: 'immutable', field: 'pools[1].clients[0].clientType', says: /cannot change/ },
      ],
      [
        pools({ id: 'lab', clients: [agent, agent] }),
        { ...invalid, field: 'pools[1].clients[1].clientId', says: /the same as \[0\]\.clientId; give each its own/ },
      ],
      [
        pools({ id: 'lab', resources: [{ identifier: '/a' }, { identifier: 'http://localhost:4701/a' }] }),
        { ...invalid, field: 'pools[1].resources[1].identifier', says: /there twice; remove one/ },
      ],
      [
        pools({ id: 'other', name: 'fresh' }),
        { ...invalid, field: 'pools[1].name', says: /the same as \[0\]\.name; give each its own/ },
      ],
      [
        pools({ id: 'other', name: 'lab' }),
        { status: 409, code: 'duplicate', field: 'pools[1].name', says: /another name/ },
      ],
    ] as const
    for (const [body, expected] of cases) await assertProblem(api, () => api.post('/seed', body), expected)
    const query = { ...invalid, field: 'prune', says: /true, false/ }
    await assertProblem(api, () => api.post('/seed?prune=maybe', seed), query)
  })
})

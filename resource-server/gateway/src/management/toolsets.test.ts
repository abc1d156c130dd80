import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toolsetReply, validate } from '@postern/server'
import { eventually, restOf } from '../testing/rest.ts'
import { type Gateway, startGateway } from '../testing/start-gateway.ts'

const builtin = { type: 'builtin' } as const

/** A gateway with two services, `a` and `b`. */
async function open() {
  const gateway = await startGateway()
  const call = restOf(gateway)
  for (const id of ['a', 'b']) await gateway.createService({ id, name: id, path: `/${id}`, backend: builtin })
  return { gateway, call, [Symbol.asyncDispose]: () => gateway.close() }
}

const set = { id: 'set', name: 'both', path: '/set', serviceIds: ['a', 'b'] }

async function ready(gateway: Gateway, id: string) {
  return await eventually(`${id} to be Ready`, async () => {
    const { body } = await restOf(gateway)('GET', `/mcp-toolsets/${id}`)
    return body.status === 'Ready' ? body : undefined
  })
}

async function tools(url: string, key: string): Promise<string[] | number> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${key}`,
  }
  const response = await fetch(url, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })
  const body = await response.json()
  return response.ok ? body.result.tools.map(({ name }: { name: string }) => name) : response.status
}

describe('a toolset, made over REST', () => {
  test('is a thing of its own: made, shown, changed, called, deleted', async () => {
    await using world = await open()
    const { gateway, call } = world
    const created = await call('POST', '/mcp-toolsets', {
      ...set,
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'first' }] }],
    })
    assert.equal(created.status, 201, JSON.stringify(created.body))
    assert.equal(created.headers.get('location'), '/api/v1/mcp-toolsets/set')
    assert.ok(validate(toolsetReply, created.body).ok)
    const { createdAt, updatedAt, authorizers, ...rest } = created.body
    assert.equal(createdAt, updatedAt)
    assert.deepEqual(rest, {
      id: 'set',
      name: 'both',
      path: '/set',
      url: `${gateway.url}/set`,
      endpoint: gateway.url,
      status: 'Creating',
      serviceIds: ['a', 'b'],
      mode: 'merged',
      rootMetadata: false,
      projectName: 'default',
      warnings: [],
    })
    const { url } = await ready(gateway, 'set')
    const { key } = authorizers[0].apiKeys[0]
    assert.equal(
      (await tools(url, key)).toString(),
      'a__whoami,a__echo,a__current_time,b__whoami,b__echo,b__current_time',
    )

    const made = await call('POST', '/mcp-toolsets/set/api-keys', { name: 'second' })
    assert.equal(made.headers.get('location'), `/api/v1/mcp-toolsets/set/api-keys/${made.body.id}`)
    const keys = await call('GET', '/mcp-toolsets/set/api-keys')
    assert.deepEqual(
      keys.body.items.map(({ name }: { name: string }) => name),
      ['first', 'second'],
    )
    assert.equal((await call('GET', `/mcp-toolsets/set/api-keys/${made.body.id}`)).body.name, 'second')
    assert.equal((await call('DELETE', `/mcp-toolsets/set/api-keys/${made.body.id}`)).status, 204)
    assert.equal(await tools(url, made.body.key), 401)

    const patched = await call('PATCH', '/mcp-toolsets/set', { serviceIds: ['b'], name: 'one' })
    assert.deepEqual([patched.status, patched.body.name, patched.body.serviceIds], [200, 'one', ['b']])
    await ready(gateway, 'set')
    assert.deepEqual(await tools(url, key), ['b__whoami', 'b__echo', 'b__current_time'])
    const searching = await call('PATCH', '/mcp-toolsets/set', { mode: 'search' })
    assert.deepEqual([searching.body.mode, searching.body.serviceIds], ['search', ['b']])
    await ready(gateway, 'set')
    assert.deepEqual(await tools(url, key), ['mcp_search_tool', 'mcp_use_tool'])

    assert.equal((await call('DELETE', '/mcp-toolsets/set')).status, 204)
    assert.equal(await tools(url, key), 404)
    assert.equal((await call('GET', '/mcp-services/a')).status, 200, 'its services stay')
  })

  test('is no service, and no service is one', async () => {
    await using world = await open()
    const { call } = world
    await call('POST', '/mcp-toolsets', set)
    const idsAt = async (path: string) => (await call('GET', path)).body.items.map(({ id }: { id: string }) => id)
    assert.deepEqual([await idsAt('/mcp-services'), await idsAt('/mcp-toolsets')], [['a', 'b'], ['set']])
    const table: [string, string, unknown?][] = [
      ['GET', ''],
      ['PATCH', '', { name: 'x' }],
      ['DELETE', ''],
      ['GET', '/api-keys'],
      ['POST', '/api-keys', { name: 'x' }],
      ['GET', '/api-keys/some'],
      ['DELETE', '/api-keys/some'],
    ]
    for (const [method, path, body] of table) {
      const asService = await call(method, `/mcp-services/set${path}`, body)
      assert.deepEqual([asService.status, asService.body.detail], [404, 'there is no MCP service with this id'], method)
      const asToolset = await call(method, `/mcp-toolsets/a${path}`, body)
      assert.deepEqual([asToolset.status, asToolset.body.detail], [404, 'there is no MCP toolset with this id'], method)
    }
    assert.deepEqual((await call('GET', '/mcp-toolsets/set/api-keys')).body.items, [])
    const posted = await call('POST', '/mcp-services', {
      name: 'x',
      path: '/x',
      backend: { type: 'toolset', serviceIds: ['a'], mode: 'merged' },
    })
    assert.equal(posted.status, 400)
    assert.equal(posted.body.errors[0].field, 'backend.type')
    const patched = await call('PATCH', '/mcp-services/a', {
      backend: { type: 'toolset', serviceIds: ['b'], mode: 'merged' },
    })
    assert.equal(patched.status, 400)
  })

  test('the same client token makes it once', async () => {
    await using world = await open()
    const { call } = world
    const { id: _, ...anonymous } = set
    const make = (more: object = {}) => call('POST', '/mcp-toolsets', { ...anonymous, clientToken: 't', ...more })
    const [first, second] = [await make(), await make()]
    assert.equal(first.body.id, second.body.id)
    assert.match(first.body.id, /^set/)
    assert.deepEqual(
      [(await make({ serviceIds: ['a'] })).status, (await call('GET', '/mcp-toolsets')).body.items.length],
      [409, 1],
    )
  })

  test('is refused where it cannot be, with a mend, and nothing is made', async () => {
    await using world = await open()
    const { call } = world
    await call('POST', '/mcp-toolsets', set)
    const table: [object, number, string, RegExp][] = [
      [
        { serviceIds: ['a', 'nobody'] },
        400,
        'serviceIds[1]',
        /there is no service with this id; make it first, or leave it out/,
      ],
      [
        { serviceIds: ['set'] },
        400,
        'serviceIds[0]',
        /is a toolset, which cannot be in another one; name its services/,
      ],
      [{ serviceIds: ['a', 'a'] }, 400, 'serviceIds[1]', /is the same as \[0\]; remove one/],
      [{ serviceIds: [] }, 400, 'serviceIds', /name at least one service/],
      [{ serviceIds: undefined }, 400, 'serviceIds', /is required/],
      [
        { serviceIds: Array.from({ length: 51 }, (_, n) => `s${n}`) },
        400,
        'serviceIds',
        /more than 50 items; remove some/,
      ],
      [{ serviceIds: 'a' }, 400, 'serviceIds', /must be an array/],
      [{ mode: 'serach' }, 400, 'mode', /must be one of merged, search; did you mean "search"\?/],
      [{ backend: builtin }, 400, 'backend', /there is no such field/],
      [{ path: '/A' }, 409, 'path', /\/a belongs to service a; choose another path, or delete that service/],
      [{ path: '/SET' }, 409, 'path', /\/set belongs to toolset set; choose another path, or delete that toolset/],
      [{ id: 'a' }, 409, 'id', /there is a service a; choose another id/],
    ]
    for (const [more, status, field, message] of table) {
      const { body, status: given } = await call('POST', '/mcp-toolsets', { ...set, id: 'new', path: '/new', ...more })
      assert.deepEqual([given, body.errors?.[0]?.field], [status, field], JSON.stringify(body))
      assert.match(body.errors[0].message, message)
    }
    const service = { name: 'x', path: '/set', backend: builtin }
    const collided = await call('POST', '/mcp-services', service)
    assert.match(collided.body.detail, /^path: \/set belongs to toolset set/)
    const taken = await call('POST', '/mcp-services', { ...service, path: '/x', id: 'set' })
    assert.match(taken.body.detail, /there is a toolset set/)
    for (const [change, field] of [
      [{ serviceIds: ['nobody'] }, 'serviceIds[0]'],
      [{ serviceIds: ['set'] }, 'serviceIds[0]'],
      [{ path: '/other' }, 'path'],
    ] as const) {
      const { body } = await call('PATCH', '/mcp-toolsets/set', change)
      assert.equal(body.errors[0].field, field)
    }
    assert.deepEqual((await call('GET', '/mcp-toolsets/set')).body.serviceIds, ['a', 'b'])
    assert.equal((await call('GET', '/mcp-toolsets')).body.items.length, 1)
  })

  test('its services cannot be deleted as long as they are in it', async () => {
    await using world = await open()
    const { gateway, call } = world
    await call('POST', '/mcp-toolsets', set)
    await call('POST', '/mcp-toolsets', { ...set, id: 'alone', path: '/alone', serviceIds: ['a'] })
    const refused = await call('DELETE', '/mcp-services/a')
    assert.equal(refused.status, 409)
    assert.equal(refused.body.detail, 'the service is in toolsets set, alone; take it out of there first')
    assert.equal((await call('GET', '/mcp-services/a')).body.status, 'Ready')
    await call('DELETE', '/mcp-toolsets/alone')
    await ready(gateway, 'set')
    await call('PATCH', '/mcp-toolsets/set', { serviceIds: ['b'] })
    assert.equal((await call('DELETE', '/mcp-services/a')).status, 204)
  })

  test('stands in the OpenAPI document', async () => {
    await using gateway = await startGateway()
    const document = await (await fetch(`${gateway.url}/api/v1/openapi.json`)).json()
    const paths = Object.keys(document.paths).filter((path) => path.includes('toolset'))
    assert.ok(paths.length >= 4, paths.join())
    for (const name of ['Toolset', 'ToolsetCreate', 'ToolsetPatch']) assert.ok(document.components.schemas[name], name)
  })
})

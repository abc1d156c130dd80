import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callWire } from '@postern/server/testing'
import { eventually, restOf } from '../testing/rest.ts'
import { type Gateway, startGateway } from '../testing/start-gateway.ts'

const accessKey = { accessKeyId: 'AKLTexample', secretAccessKey: 'c2VjcmV0LWtleS1mb3ItdGVzdHM=' }
const backend = { type: 'builtin' as const }
const seed = {
  version: 1 as const,
  accessKeys: [accessKey],
  services: ['svc-a', 'svc-b'].map((id) => ({ id, path: `/${id}`, backend })),
}
let calls = 0

async function open() {
  const gateway = await startGateway({ seed })
  await eventually('the services to be Ready', async () => {
    const { items } = (await restOf(gateway)('GET', '/mcp-services')).body
    return items.every(({ status }: { status: string }) => status === 'Ready') ? true : undefined
  })
  return { gateway, call: callerOf(gateway), [Symbol.asyncDispose]: () => gateway.close() }
}

/** Requests alike within a second would have one signature. */
function callerOf({ url }: Pick<Gateway, 'url'>) {
  return (action: string, body: unknown = {}) => {
    calls += 1
    return callWire({ url, action, service: 'agentkit', accessKey, body, headers: { 'x-call': String(calls) } })
  }
}

const keyed = (...ApiKeys: { Name: string; Key?: string }[]) => ({
  AuthorizerType: 'ApiKey',
  Authorizer: { KeyAuth: { ApiKeys } },
})
const toolset = {
  Name: 'mcp-toolset-1',
  Path: '/mcp',
  MCPServiceIds: 'svc-a,svc-b',
  ProjectName: 'default',
  NetworkConfiguration: { EnablePublicNetwork: true, VpcConfiguration: { VpcId: 'vpc-1', SubnetIds: ['a'] } },
  AuthorizerConfiguration: keyed({ Name: 'one' }, { Name: 'two' }),
  Tags: [{ Key: 'a', Value: 'b' }],
}

async function toolsAt(url: string, bearer: string): Promise<string[] | number> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${bearer}`,
  }
  const response = await fetch(url, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })
  const body = await response.json()
  return response.ok ? body.result.tools.map(({ name }: { name: string }) => name) : response.status
}

const keysOf = (shown: { AuthorizerConfiguration: ReturnType<typeof keyed> }) =>
  shown.AuthorizerConfiguration.Authorizer.KeyAuth.ApiKeys

async function ready(call: ReturnType<typeof callerOf>, MCPToolsetId: string) {
  return await eventually('the toolset to be Ready', async () => {
    const { MCPToolset } = (await call('GetMCPToolset', { MCPToolsetId })).result
    return MCPToolset.Status === 'Ready' ? MCPToolset : undefined
  })
}

describe('toolsets of the originals', () => {
  it('are made with their keys, shown, and are two tools', async () => {
    await using world = await open()
    const { call, gateway } = world
    const created = await call('CreateMCPToolset', toolset)
    assert.equal(created.status, 200, created.code)
    const { MCPToolsetId, ...nothing } = created.result
    assert.deepEqual(nothing, {})
    const shown = await ready(call, MCPToolsetId)
    const Endpoint = `${gateway.url}/services/${MCPToolsetId}`
    assert.partialDeepStrictEqual(shown, {
      MCPToolsetId,
      Name: 'mcp-toolset-1',
      Path: '/mcp',
      ProjectName: 'default',
      MCPServices: [
        { MCPServiceId: 'svc-a', Name: 'svc-a', Status: 'Ready', Path: '/svc-a' },
        { MCPServiceId: 'svc-b', Name: 'svc-b', Status: 'Ready', Path: '/svc-b' },
      ],
      AssociatedRuntimes: [],
      NetworkConfigurations: [
        { Endpoint, NetworkType: 'public', VpcConfiguration: { VpcId: 'vpc-1', SubnetIds: ['a'] } },
      ],
      Tags: [{ Key: 'a', Value: 'b' }],
    })
    for (const { Key = '' } of keysOf(shown)) {
      assert.deepEqual(await toolsAt(`${Endpoint}/mcp`, Key), ['mcp_search_tool', 'mcp_use_tool'])
    }
    const rest = await restOf(gateway)('GET', `/mcp-toolsets/${MCPToolsetId}`)
    assert.deepEqual([rest.body.mode, rest.body.serviceIds], ['search', ['svc-a', 'svc-b']])
    assert.deepEqual((await call('ListMCPServices')).result.TotalCount, 2, 'they are no services')
    assert.equal((await call('GetMCPService', { MCPServiceId: MCPToolsetId })).code, 'NotFound.MCPService')
    assert.equal((await call('GetMCPToolset', { MCPToolsetId: 'svc-a' })).code, 'NotFound.MCPToolset')
  })

  it('name their services in any of four ways', async () => {
    await using world = await open()
    for (const MCPServiceIds of ['svc-a,svc-b', 'svc-a, svc-b', '["svc-a","svc-b"]', ['svc-a', 'svc-b']]) {
      const { MCPToolsetId } = (await world.call('CreateMCPToolset', { ...toolset, MCPServiceIds })).result
      const { MCPToolset } = (await world.call('GetMCPToolset', { MCPToolsetId })).result
      assert.equal(MCPToolset.MCPServices.length, 2, JSON.stringify(MCPServiceIds))
    }
    const one = await world.call('CreateMCPToolset', { ...toolset, MCPServiceIds: 'svc-b' })
    assert.equal(one.status, 200)
  })

  it('change in one step: services, keys', async () => {
    await using world = await open()
    const { call, gateway } = world
    const { MCPToolsetId } = (await call('CreateMCPToolset', toolset)).result
    const before = keysOf(await ready(call, MCPToolsetId))
    const AuthorizerConfiguration = keyed(before[0] ?? { Name: '' }, { Name: 'three' })
    const wrong = { MCPToolsetId, MCPServiceIds: 'nobody', AuthorizerConfiguration }
    assert.equal((await call('UpdateMCPToolset', wrong)).code, 'InvalidParameter.MCPServiceIds')
    assert.deepEqual(keysOf(await ready(call, MCPToolsetId)), before, 'nothing of it was done')
    const answer = await call('UpdateMCPToolset', { ...wrong, MCPServiceIds: '["svc-b"]', ClientToken: 'x' })
    assert.deepEqual([answer.status, answer.result], [200, { MCPToolsetId }])
    const shown = await ready(call, MCPToolsetId)
    assert.deepEqual(
      shown.MCPServices.map((one: { MCPServiceId: string }) => one.MCPServiceId),
      ['svc-b'],
    )
    const after = keysOf(shown)
    assert.deepEqual([after.map(({ Name }) => Name), after[0]?.Key], [['one', 'three'], before[0]?.Key])
    const url = `${gateway.url}/services/${MCPToolsetId}/mcp`
    assert.equal(await toolsAt(url, before[1]?.Key ?? ''), 401)
    assert.deepEqual((await call('DeleteMCPToolset', { MCPToolsetId })).result, { MCPToolsetId })
    assert.equal((await call('GetMCPToolset', { MCPToolsetId })).code, 'NotFound.MCPToolset')
  })

  it('are listed by pages and filters, once for one client token', async () => {
    await using world = await open()
    const { call } = world
    for (const Name of ['alpha', 'beta', 'alphabet']) await call('CreateMCPToolset', { ...toolset, Name })
    const repeated = { ...toolset, Name: 'alpha', ClientToken: 't' }
    const ids = [await call('CreateMCPToolset', repeated), await call('CreateMCPToolset', repeated)]
    assert.equal(ids[0]?.result.MCPToolsetId, ids[1]?.result.MCPToolsetId)
    const names = async (given: object) =>
      (await call('ListMCPToolsets', given)).result.MCPToolsets.map(({ Name }: { Name: string }) => Name)
    assert.deepEqual(await names({ PageNumber: 1, PageSize: 2 }), ['alpha', 'alphabet'])
    assert.deepEqual(await names({ Filters: [{ NameContains: 'bet' }] }), ['alphabet', 'beta'])
    const id = ids[0]?.result.MCPToolsetId
    assert.deepEqual(await names({ Filters: [{ Name: 'MCPToolsetId', Values: [id] }] }), ['alpha'])
  })

  it('tell the tools of their services', async () => {
    await using world = await open()
    const { call } = world
    const { MCPToolsetId } = (await call('CreateMCPToolset', toolset)).result
    const { Tools } = (await call('GetMCPTools', { MCPToolsetId })).result
    const all = JSON.parse(Tools)
    assert.equal(all.length, 6)
    assert.partialDeepStrictEqual(all[1], { MCPServiceId: 'svc-a', name: 'echo', inputSchema: { type: 'object' } })
    for (const MCPToolsetIds of [MCPToolsetId, [MCPToolsetId, MCPToolsetId]]) {
      const { MCPServiceTools } = (await call('ListMCPTools', { MCPToolsetIds })).result
      assert.deepEqual(
        MCPServiceTools.map(({ MCPServiceId }: { MCPServiceId: string }) => MCPServiceId),
        ['svc-a', 'svc-b'],
      )
      const own = MCPServiceTools[0].Tools
      assert.equal(JSON.parse(own).length, 3)
      const same = await call('UpdateMCPTools', { MCPServiceId: 'svc-a', Tools: own })
      assert.deepEqual([same.status, same.result], [200, { MCPServiceId: 'svc-a' }])
    }
    const other = await call('UpdateMCPTools', { MCPServiceId: 'svc-a', Tools: '[{"name":"mine"}]' })
    assert.deepEqual([other.status, other.code], [400, 'UnsupportedOperation'])
  })

  it('are refused in the words of the originals, and nothing is made', async () => {
    await using world = await open()
    const { call } = world
    const authorizer = 'InvalidParameter.AuthorizerConfiguration'
    const many = keyed(...Array.from({ length: 26 }, (_, index) => ({ Name: `key-${index}` })))
    const query = { AuthorizerType: 'ApiKey', Authorizer: { KeyAuth: { ApiKeys: [], ApiKeyLocation: 'Query' } } }
    const jwt = (custom: object) => ({ AuthorizerType: 'CustomJWT', Authorizer: { CustomJwtAuthorizer: custom } })
    const cases: [string, object, number, string][] = [
      ['CreateMCPToolset', { ...toolset, MCPServiceIds: undefined }, 400, 'MissingParameter'],
      ['CreateMCPToolset', { ...toolset, MCPServiceIds: '' }, 400, 'InvalidParameter.MCPServiceIds'],
      ['CreateMCPToolset', { ...toolset, MCPServiceIds: '[svc-a' }, 400, 'InvalidParameter.MCPServiceIds'],
      ['CreateMCPToolset', { ...toolset, MCPServiceIds: '[1]' }, 400, 'InvalidParameter.MCPServiceIds'],
      ['CreateMCPToolset', { ...toolset, MCPServiceIds: 'svc-a,svc-a' }, 400, 'InvalidParameter.MCPServiceIds'],
      ['CreateMCPToolset', { ...toolset, MCPServiceIds: ['nobody'] }, 400, 'InvalidParameter.MCPServiceIds'],
      ['CreateMCPToolset', { ...toolset, Path: '/../x' }, 400, 'InvalidParameter.Path'],
      ['CreateMCPToolset', { ...toolset, Name: '' }, 400, 'InvalidParameter.Name'],
      ['CreateMCPToolset', { ...toolset, AuthorizerConfiguration: keyed({ Name: 'x', Key: 'own' }) }, 400, authorizer],
      ['CreateMCPToolset', { ...toolset, AuthorizerConfiguration: many }, 409, 'QuotaExceeded'],
      ['CreateMCPToolset', { ...toolset, AuthorizerConfiguration: query }, 400, authorizer],
      [
        'CreateMCPToolset',
        { ...toolset, AuthorizerConfiguration: jwt({ DiscoveryUrl: 'http://x.example/y' }) },
        400,
        authorizer,
      ],
      [
        'CreateMCPToolset',
        {
          ...toolset,
          AuthorizerConfiguration: jwt({ DiscoveryUrl: 'https://id.example/.well-known/openid-configuration', Odd: 1 }),
        },
        400,
        authorizer,
      ],
      ['UpdateMCPToolset', { MCPToolsetId: 'nobody' }, 404, 'NotFound.MCPToolset'],
      ['DeleteMCPToolset', { MCPToolsetId: 'svc-a' }, 404, 'NotFound.MCPToolset'],
      ['GetMCPTools', { MCPToolsetId: 'svc-a' }, 404, 'NotFound.MCPToolset'],
      ['ListMCPTools', { MCPToolsetIds: 'nobody' }, 404, 'NotFound.MCPToolset'],
      ['ListMCPTools', {}, 400, 'MissingParameter'],
      ['UpdateMCPTools', { MCPServiceId: 'nobody', Tools: '[]' }, 404, 'NotFound.MCPService'],
      ['UpdateMCPTools', { MCPServiceId: 'svc-a', Tools: '{' }, 400, 'InvalidParameter.Tools'],
      ['UpdateMCPTools', { MCPServiceId: 'svc-a', Tools: '{}' }, 400, 'InvalidParameter.Tools'],
    ]
    for (const [action, body, status, code] of cases) {
      const answer = await call(action, body)
      assert.deepEqual([answer.status, answer.code], [status, code], `${action} ${JSON.stringify(body)}`)
    }
    assert.deepEqual((await call('ListMCPToolsets')).result.MCPToolsets, [])
    await call('CreateMCPToolset', toolset)
    assert.deepEqual((await call('DeleteMCPService', { MCPServiceId: 'svc-a' })).code, 'Conflict')
  })
})

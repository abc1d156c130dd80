import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callWire } from '@postern/server/testing'
import { eventually, restOf } from '../testing/rest.ts'
import { type Gateway, type StartGatewayOptions, startGateway } from '../testing/start-gateway.ts'

const accessKey = { accessKeyId: 'AKLTexample', secretAccessKey: 'c2VjcmV0LWtleS1mb3ItdGVzdHM=' }
const seed = { version: 1 as const, accessKeys: [accessKey] }
let calls = 0

async function open(options: StartGatewayOptions = {}) {
  const gateway = await startGateway({ seed, ...options })
  return { gateway, call: callerOf(gateway), [Symbol.asyncDispose]: () => gateway.close() }
}

/** Requests alike within a second would have one signature. */
function callerOf({ url }: Pick<Gateway, 'url'>) {
  return (action: string, body: unknown = {}) => {
    calls += 1
    return callWire({ url, action, service: 'agentkit', accessKey, body, headers: { 'x-call': String(calls) } })
  }
}
type Call = ReturnType<typeof callerOf>

/** An MCP server in one line: it answers initialize and tools/list. */
const script = `
process.stdin.on('data', (chunk) => {
  for (const line of String(chunk).split('\\n').filter(Boolean)) {
    const { id, method } = JSON.parse(line)
    if (id === undefined) continue
    const serverInfo = { name: 'tiny', version: '1' }
    const result = method === 'initialize' ? { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo } : { tools: [] }
    console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
  }
})`
const config = {
  mcpServers: { tiny: { command: process.execPath, args: ['-e', script], env: { TOKEN: 'env-secret-value' } } },
}
const backendOf = (value: unknown) => ({
  BackendType: 'CustomPublic',
  BackendConfiguration: {
    CustomMcpConfiguration: {
      PublicPackage: { McpType: 'Remote', PackageManagerType: 'NPX', RawConfig: JSON.stringify(value) },
    },
  },
})
const keyed = (...names: string[]) => ({
  AuthorizerType: 'ApiKey',
  Authorizer: { KeyAuth: { ApiKeys: names.map((Name) => ({ Name })) } },
})
const service = {
  Name: 'mcp-service-1',
  ProtocolType: 'MCP',
  Path: '/mcp',
  ProjectName: 'default',
  NetworkConfiguration: { EnablePublicNetwork: true, EnablePrivateNetwork: false },
  InboundAuthorizerConfiguration: keyed('one', 'two', 'three'),
  ...backendOf(config),
}
const trusting = (given: object = {}) => ({
  AuthorizerType: 'CustomJWT',
  Authorizer: {
    CustomJwtAuthorizer: { DiscoveryUrl: 'https://id.example/.well-known/openid-configuration', ...given },
  },
})

async function ready(call: Call, MCPServiceId: string) {
  return await eventually('the service to be Ready', async () => {
    const { MCPService } = (await call('GetMCPService', { MCPServiceId })).result
    return MCPService.Status === 'Ready' ? MCPService : undefined
  })
}

async function statusAt(url: string, bearer: string): Promise<number> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${bearer}`,
  }
  const response = await fetch(url, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })
  await response.arrayBuffer()
  return response.status
}

type Shown = { Name: string; Key: string }
const keysOf = (shown: { InboundAuthorizerConfiguration: { Authorizer: { KeyAuth: { ApiKeys: Shown[] } } } }) =>
  shown.InboundAuthorizerConfiguration.Authorizer.KeyAuth.ApiKeys

describe('the gateway API of the originals', () => {
  it('makes a service as the tutorial does: three keys that open it, shown again', async () => {
    await using world = await open()
    const { call, gateway } = world
    const created = await call('CreateMCPService', { ...service, Tags: [{ Key: 'a', Value: 'b' }], Odd: 1 })
    assert.equal(created.status, 200, created.code)
    const { MCPServiceId, ...nothing } = created.result
    assert.deepEqual(nothing, {})
    const shown = await ready(call, MCPServiceId)
    const endpoint = `${gateway.url}/services/${MCPServiceId}`
    assert.deepEqual(shown.NetworkConfigurations, [{ Endpoint: endpoint, NetworkType: 'public' }])
    assert.partialDeepStrictEqual(shown, {
      MCPServiceId,
      Name: 'mcp-service-1',
      Path: '/mcp',
      ProtocolType: 'MCP',
      ProjectName: 'default',
      ...backendOf(config),
      Tags: [{ Key: 'a', Value: 'b' }],
      Odd: 1,
      FailedLogFileUrl: '',
    })
    assert.deepEqual(
      keysOf(shown).map(({ Name }) => Name),
      ['one', 'two', 'three'],
    )
    for (const { Key } of keysOf(shown)) assert.equal(await statusAt(`${endpoint}/mcp`, Key), 200)
    assert.equal(await statusAt(`${endpoint}/mcp`, `pst_${'x'.repeat(43)}`), 401)
    const rest = await restOf(gateway)('GET', `/mcp-services/${MCPServiceId}`)
    for (const secret of ['env-secret-value', ...keysOf(shown).map(({ Key }) => Key)]) {
      assert.ok(!JSON.stringify(rest.body).includes(secret), 'shown again here alone')
    }
    assert.equal(rest.body.url, `${endpoint}/mcp`)
  })

  it('shows a network as it was given, and takes keys where Get says that they are', async () => {
    await using world = await open()
    const { call } = world
    const VpcConfiguration = { VpcId: 'vpc-1', SubnetIds: ['subnet-1'], EnableSharedInternetAccess: true }
    const NetworkConfiguration = { EnablePublicNetwork: true, EnablePrivateNetwork: true, VpcConfiguration }
    const KeyAuth = { ApiKeys: [{ Name: 'one' }], ApiKeyLocation: 'header', Parameter: 'authorization' }
    const InboundAuthorizerConfiguration = { AuthorizerType: 'ApiKey', Authorizer: { KeyAuth } }
    const given = { ...service, NetworkConfiguration, InboundAuthorizerConfiguration }
    const created = await call('CreateMCPService', given)
    assert.equal(created.status, 200, created.message)
    const shown = await ready(call, created.result.MCPServiceId)
    assert.deepEqual(shown.NetworkConfigurations[0].VpcConfiguration, VpcConfiguration)
    const { ApiKeyLocation, Parameter } = shown.InboundAuthorizerConfiguration.Authorizer.KeyAuth
    assert.deepEqual([ApiKeyLocation, Parameter], ['Header', 'Authorization'])
    const [listed] = (await call('ListMCPServices')).result.MCPServices
    assert.deepEqual(listed.NetworkConfigurations, shown.NetworkConfigurations)
    const { MCPServiceId } = created.result
    for (const where of [{ ApiKeyLocation: 'Query' }, { Parameter: 'key' }]) {
      const Authorizer = { KeyAuth: { ...KeyAuth, ...where } }
      const change = { MCPServiceId, InboundAuthorizerConfiguration: { AuthorizerType: 'ApiKey', Authorizer } }
      const refused = await call('UpdateMCPService', change)
      assert.equal(refused.code, 'InvalidParameter.InboundAuthorizerConfiguration')
      assert.match(refused.message, /leave it out, or send/)
    }
    assert.deepEqual(keysOf(await ready(call, MCPServiceId)), keysOf(shown), 'nothing was changed')
  })

  it('gives any number of services one path, and one service for one client token', async () => {
    await using world = await open()
    const { call } = world
    const ids = []
    for (const ClientToken of ['t1', 't1', 't2'])
      ids.push((await call('CreateMCPService', { ...service, ClientToken })).result.MCPServiceId)
    assert.equal(ids[0], ids[1])
    assert.notEqual(ids[0], ids[2])
    const { result } = await call('ListMCPServices', { PageNumber: 1, PageSize: 10 })
    assert.deepEqual(
      result.MCPServices.map(({ Path }: { Path: string }) => Path),
      ['/mcp', '/mcp'],
    )
    const other = await call('CreateMCPService', { ...service, ClientToken: 't1', Name: 'another' })
    assert.deepEqual([other.status, other.code], [409, 'Duplicated'])
  })

  it('trusts a pool: tokens for their own client where no audience is named, with an event that says so', async () => {
    await using world = await open()
    const { call, gateway } = world
    const make = async (given: object) => {
      const { result } = await call('CreateMCPService', { ...service, InboundAuthorizerConfiguration: trusting(given) })
      const { body } = await restOf(gateway)('GET', `/mcp-services/${result.MCPServiceId}`)
      const { MCPService } = (await call('GetMCPService', result)).result
      return {
        id: result.MCPServiceId,
        authorizer: body.authorizers[0],
        shown: MCPService.InboundAuthorizerConfiguration,
      }
    }
    const loose = await make({ AllowedClients: [] })
    assert.equal(loose.authorizer.acceptClientIdAudience, true)
    assert.deepEqual(loose.shown, trusting({ AllowedClients: [] }))
    const strict = await make({
      AllowedClients: ['a'],
      AllowedAudiences: ['https://mcp.example'],
      AllowedScopes: ['read'],
    })
    assert.deepEqual(
      [
        strict.authorizer.acceptClientIdAudience,
        strict.authorizer.allowedAudiences,
        strict.authorizer.requiredScopes,
        strict.authorizer.allowedClients,
      ],
      [undefined, ['https://mcp.example'], ['read'], ['a']],
    )
    const events = await eventually('the event', async () => {
      const { body } = await restOf(gateway)('GET', '/events?kind=admin.changed&reason=setting_loosened')
      return body.items.length > 0 ? body.items : undefined
    })
    assert.deepEqual(
      events.map(({ serviceId }: { serviceId: string }) => serviceId),
      [loose.id],
    )
  })

  it('rotates keys: what comes with its value stays, a name alone is made anew, the rest goes', async () => {
    await using world = await open()
    const { call } = world
    const { MCPServiceId } = (await call('CreateMCPService', service)).result
    const before = keysOf(await ready(call, MCPServiceId))
    const ApiKeys = [before[0], { Name: 'two' }, { Name: 'four' }]
    const change = { AuthorizerType: 'ApiKey', Authorizer: { KeyAuth: { ApiKeys } } }
    const answer = await call('UpdateMCPService', { MCPServiceId, InboundAuthorizerConfiguration: change })
    assert.deepEqual([answer.status, answer.result], [200, { MCPServiceId }])
    const shown = await ready(call, MCPServiceId)
    const after = keysOf(shown)
    assert.deepEqual(
      after.map(({ Name }) => Name),
      ['one', 'two', 'four'],
    )
    assert.equal(after[0]?.Key, before[0]?.Key)
    const url = `${shown.NetworkConfigurations[0].Endpoint}/mcp`
    for (const { Key } of after) assert.equal(await statusAt(url, Key), 200)
    for (const { Key } of before.slice(1)) assert.equal(await statusAt(url, Key), 401)
  })

  it('changes backend and authorizer, and deletes', async () => {
    await using world = await open()
    const { call } = world
    const { MCPServiceId } = (await call('CreateMCPService', service)).result
    await ready(call, MCPServiceId)
    const next = { mcpServers: { next: { ...config.mcpServers.tiny, args: ['-e', `${script};`] } } }
    await call('UpdateMCPService', { MCPServiceId, ...backendOf(next), InboundAuthorizerConfiguration: trusting() })
    const shown = await ready(call, MCPServiceId)
    assert.deepEqual(JSON.parse(shown.BackendConfiguration.CustomMcpConfiguration.PublicPackage.RawConfig), next)
    assert.equal(shown.InboundAuthorizerConfiguration.AuthorizerType, 'CustomJWT')
    assert.deepEqual((await call('DeleteMCPService', { MCPServiceId })).result, { MCPServiceId })
    assert.deepEqual((await call('GetMCPService', { MCPServiceId })).code, 'NotFound.MCPService')
  })

  it('lists by pages, tokens and filters', async () => {
    await using world = await open()
    const { call } = world
    for (const Name of ['alpha', 'beta', 'alphabet']) {
      const Tags = Name === 'beta' ? [{ Key: 'k', Value: 'v' }] : []
      await call('CreateMCPService', { ...service, Name, Tags, ProjectName: Name === 'beta' ? 'lab' : 'default' })
    }
    const list = async (given: object) => {
      const { result } = await call('ListMCPServices', given)
      return { names: result.MCPServices.map(({ Name }: Shown) => Name), token: result.NextToken }
    }
    assert.deepEqual(await list({}), { names: ['alphabet', 'beta', 'alpha'], token: '' })
    const first = await list({ MaxResults: 2 })
    assert.deepEqual(first.names, ['alphabet', 'beta'])
    assert.deepEqual(await list({ MaxResults: 2, NextToken: first.token }), { names: ['alpha'], token: '' })
    assert.deepEqual((await list({ PageNumber: 2, PageSize: 2 })).names, ['alpha'])
    assert.deepEqual((await list({ ProjectName: 'lab' })).names, ['beta'])
    assert.deepEqual((await list({ Filters: [{ Name: 'Name', Values: ['alpha'] }] })).names, ['alpha'])
    assert.deepEqual((await list({ Filters: [{ NameContains: 'alpha' }] })).names, ['alphabet', 'alpha'])
    assert.deepEqual((await list({ TagFilters: [{ Key: 'k', Values: ['v'] }] })).names, ['beta'])
    assert.equal((await call('ListMCPServices', { NextToken: 'none-of-ours' })).status, 400)
  })

  it('keeps no secret where the setting says so', async () => {
    await using world = await open({ env: { POSTERN_SHOW_SECRETS_AGAIN: 'false' } })
    const { MCPServiceId } = (await world.call('CreateMCPService', service)).result
    const { MCPService } = (await world.call('GetMCPService', { MCPServiceId })).result
    assert.deepEqual(
      keysOf(MCPService).map(({ Key }) => Key),
      ['', '', ''],
    )
    assert.ok(!JSON.stringify(MCPService).includes('env-secret-value'))
  })

  it('refuses in the words of the originals, and makes nothing', async () => {
    await using world = await open()
    const { call } = world
    const inbound = (value: unknown) => ({ ...service, InboundAuthorizerConfiguration: value })
    const own = { AuthorizerType: 'ApiKey', Authorizer: { KeyAuth: { ApiKeys: [{ Name: 'x', Key: 'my-own-value' }] } } }
    const keyedIn = (where: object) => ({
      AuthorizerType: 'ApiKey',
      Authorizer: { KeyAuth: { ApiKeys: [{ Name: 'x' }], ...where } },
    })
    const many = keyed(...Array.from({ length: 26 }, (_, index) => `key-${index}`))
    const authorizer = 'InvalidParameter.InboundAuthorizerConfiguration'
    const wrongBackend = 'InvalidParameter.BackendConfiguration'
    const domain = (Domain: string) => ({
      ...service,
      BackendType: 'Domain',
      BackendConfiguration: { CustomConfiguration: { Domain } },
    })
    const cases = [
      ['CreateMCPService', { ...service, Name: undefined }, 400, 'MissingParameter'],
      ['CreateMCPService', { ...service, Path: '/mcp/../x' }, 400, 'InvalidParameter.Path'],
      ['CreateMCPService', { ...service, Path: '/api' }, 400, 'InvalidParameter.Path'],
      ['CreateMCPService', { ...service, ProtocolType: 'GRPC' }, 400, 'InvalidParameter.ProtocolType'],
      ['CreateMCPService', { ...service, BackendType: 'Vke' }, 400, 'InvalidParameter.BackendType'],
      ['CreateMCPService', { ...service, ...backendOf({ mcpServers: {} }) }, 400, wrongBackend],
      ['CreateMCPService', { ...service, ...backendOf({ mcpServers: { a: { command: 7 } } }) }, 400, wrongBackend],
      ['CreateMCPService', domain('evil.example/@internal'), 400, wrongBackend],
      ['CreateMCPService', inbound(own), 400, authorizer],
      ['CreateMCPService', inbound(many), 409, 'QuotaExceeded'],
      ['CreateMCPService', inbound(keyed('a', 'a')), 400, authorizer],
      ['CreateMCPService', inbound(trusting({ AllowedClients: ['1', '2', '3', '4', '5', '6'] })), 409, 'QuotaExceeded'],
      ['CreateMCPService', inbound(trusting({ RequiredClaims: { a: 1 } })), 400, authorizer],
      ['CreateMCPService', inbound(trusting({ DiscoveryUrl: 'http://id.example/x' })), 400, authorizer],
      ['CreateMCPService', inbound({ AuthorizerType: 'None' }), 400, authorizer],
      ['CreateMCPService', inbound(keyedIn({ ApiKeyLocation: 'Query' })), 400, authorizer],
      ['CreateMCPService', inbound(keyedIn({ Parameter: 'X-Api-Key' })), 400, authorizer],
      [
        'CreateMCPService',
        {
          ...domain('mcp.example'),
          OutboundAuthorizerConfiguration: { AuthorizerType: 'Identity', Authorizer: { IdentityAuthorizer: {} } },
        },
        400,
        'InvalidParameter.OutboundAuthorizerConfiguration',
      ],
      [
        'CreateMCPService',
        { ...service, NetworkConfiguration: { VpcConfiguration: 'vpc-1' } },
        400,
        'InvalidParameter.NetworkConfiguration',
      ],
      ['GetMCPService', { MCPServiceId: 'no-such-service' }, 404, 'NotFound.MCPService'],
      ['UpdateMCPService', { MCPServiceId: 'no-such-service' }, 404, 'NotFound.MCPService'],
      ['DeleteMCPService', {}, 400, 'MissingParameter'],
      ['CreateMCPSomething', {}, 404, 'InvalidActionOrVersion'],
    ] as const
    for (const [action, body, status, code] of cases) {
      const answer = await call(action, body)
      assert.deepEqual([answer.status, answer.code], [status, code], `${action} ${JSON.stringify(body).slice(0, 400)}`)
    }
    assert.deepEqual((await call('ListMCPServices')).result.MCPServices, [])
  })

  it('does nothing for who has not signed', async () => {
    await using world = await open()
    const wrong = { ...accessKey, secretAccessKey: 'another-secret-key' }
    const { url } = world.gateway
    const refused = await callWire({
      url,
      action: 'CreateMCPService',
      service: 'agentkit',
      accessKey: wrong,
      body: service,
    })
    assert.deepEqual([refused.status, refused.code], [401, 'SignatureDoesNotMatch'])
    const elsewhere = await callWire({ url, action: 'CreateUserPool', service: 'id', accessKey, body: { Name: 'x' } })
    assert.deepEqual([elsewhere.status, elsewhere.code], [404, 'ServiceNotFound'])
    assert.deepEqual((await world.call('ListMCPServices')).result.MCPServices, [])
  })
})

describe('a seed', () => {
  it('may name the place of a service of the originals, its own alone', async () => {
    const backend = { type: 'builtin' as const }
    await using world = await open({
      seed: { ...seed, services: [{ id: 'svc-1', path: '/services/svc-1/mcp', backend }] },
    })
    const { MCPService } = (await world.call('GetMCPService', { MCPServiceId: 'svc-1' })).result
    assert.equal(MCPService.Path, '/mcp')
    const foreign = { ...seed, services: [{ id: 'svc-1', path: '/services/svc-2/mcp', backend }] }
    await assert.rejects(open({ seed: foreign }), /services is taken/)
  })
})

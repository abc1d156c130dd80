// What the Python SDKs send, done by a started identity provider and gateway, and answered in the types that their models
// demand.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway } from '@postern/gateway/testing'
import { startIdp } from '@postern/idp/testing'
import { callWire } from '@postern/server/testing'
import { misfits, shapes } from './python-shapes.ts'
import { recorded } from './recorded.ts'

const accessKey = { accessKeyId: 'AKLTpython', secretAccessKey: 'cHl0aG9uLXNlY3JldC1rZXk=' }
const seed = { version: 1 as const, accessKeys: [accessKey] }

const script = `
process.stdin.on('data', (chunk) => {
  for (const line of String(chunk).split('\\n').filter(Boolean)) {
    const { id, method } = JSON.parse(line)
    if (id === undefined) continue
    const serverInfo = { name: 'tiny', version: '1' }
    const tools = [{ name: 'think', inputSchema: { type: 'object' } }]
    const result = method === 'initialize' ? { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo } : { tools }
    console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
  }
})`
/** Instead of a package that would be fetched. */
const RawConfig = JSON.stringify({ mcpServers: { tiny: { command: process.execPath, args: ['-e', script] } } })

/** By action. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire carries, and its shape is what it asserts
type Changes = Readonly<Record<string, (body: any) => void | Promise<void>>>

describe('the actions, as the Python SDKs call them', () => {
  let idp: Awaited<ReturnType<typeof startIdp>>
  let gateway: Awaited<ReturnType<typeof startGateway>>
  let calls = 0
  before(async () => {
    idp = await startIdp({ seed })
    gateway = await startGateway({ seed, idp })
  })
  after(async () => {
    await gateway.close()
    await idp.close()
  })

  async function call(service: string, action: string, body: object) {
    calls += 1
    const { url } = service === 'id' ? idp : gateway
    const headers = { 'x-sdk-invocation-id': String(calls) }
    const answer = await callWire({ url, action, service, accessKey, body, headers })
    assert.equal(answer.status, 200, `${action}: ${answer.message}`)
    assert.deepEqual(misfits(answer.result, shapes[action] ?? 'text'), [], action)
    return answer.result
  }

  async function whenReady(MCPServiceId: string) {
    for (const end = Date.now() + 20_000; Date.now() < end; ) {
      const { MCPService } = await call('agentkit', 'GetMCPService', { MCPServiceId })
      if (MCPService.Status === 'Ready') return MCPService
      assert.equal(MCPService.Status, 'Creating', MCPService.StatusReason)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('the service was never Ready')
  }

  it('every recorded request is done, and answered in the types of its model', async () => {
    assert.deepEqual(recorded.map(({ name }) => name).toSorted(), Object.keys(shapes).toSorted())
    /** Ids as they are here, by those of the recording. */
    const ids = new Map<string, string>()
    let tools = '[]'
    const changed: Changes = {
      CreateMCPService: (input) => {
        input.BackendConfiguration.CustomMcpConfiguration.PublicPackage.RawConfig = RawConfig
      },
      UpdateMCPTools: (input) => {
        input.Tools = tools
      },
    }
    const done: Changes = {
      CreateMCPService: async ({ MCPServiceId }) => {
        ids.set('svc-recorded', MCPServiceId)
        const { InboundAuthorizerConfiguration: inbound } = await whenReady(MCPServiceId)
        assert.equal(inbound.Authorizer.KeyAuth.ApiKeys.length, 3)
      },
      CreateMCPToolset: ({ MCPToolsetId }) => void ids.set('set-recorded', MCPToolsetId),
      CreateUserPool: ({ Uid }) => void ids.set('pool-recorded', Uid),
      CreateUserPoolClient: ({ Uid }) => void ids.set('client-recorded', Uid),
      ListMCPTools: ({ MCPServiceTools: [own] }) => {
        tools = own.Tools
      },
      UpdateUserPoolClient: ({ IdToken, Name, AllowedCors }) => {
        assert.deepEqual([IdToken, Name, AllowedCors], [{ LifetimeSeconds: 600 }, 'renamed', ['http://localhost:3000']])
      },
    }
    for (const { name, service, body } of recorded) {
      const input = JSON.parse([...ids].reduce((text, [theirs, ours]) => text.replaceAll(theirs, ours), body))
      await changed[name]?.(input)
      await done[name]?.(await call(service, name, input))
    }
    assert.match(tools, /think/)
  })

  it('and so are the fields that the tutorial leaves out', async () => {
    const pool = await call('id', 'CreateUserPool', { Name: 'pool', Tags: [{ Key: 'team' }], Brand: {} })
    const web = { Name: 'web', ClientType: 'WEB_APPLICATION', AllowedCallbackUrls: ['http://localhost:3000/cb'] }
    const client = await call('id', 'CreateUserPoolClient', { UserPoolUid: pool.Uid, ...web })
    assert.match(client.LoginPageUrl, /^http/)
    const openapi = { openapi: '3.0.0', info: { title: 'x', version: '1' }, paths: {} }
    const given = {
      Name: 'api',
      Path: '/mcp',
      ProtocolType: 'HTTP',
      BackendType: 'Domain',
      BackendConfiguration: { CustomConfiguration: { Domain: 'api.example', Port: 8443, ProtocolType: 'HTTPS' } },
      ProtocolConfiguration: {
        HttpApiConfiguration: { Configuration: Buffer.from(JSON.stringify(openapi)).toString('base64'), Type: 'json' },
      },
      InboundAuthorizerConfiguration: {
        AuthorizerType: 'CustomJWT',
        Authorizer: { CustomJwtAuthorizer: { DiscoveryUrl: pool.DiscoveryUrl } },
      },
      OutboundAuthorizerConfiguration: {
        AuthorizerType: 'ApiKey',
        Authorizer: { KeyAuth: { ApiKeys: [{ Name: 'backend', Key: 'Bearer backend-key' }] } },
      },
      NetworkConfiguration: {
        EnablePublicNetwork: true,
        VpcConfiguration: { VpcId: 'vpc-1', SubnetIds: ['subnet-1'], EnableSharedInternetAccess: false },
      },
      Tags: [{ Key: 'team', Value: 'a' }],
    }
    const { MCPServiceId } = await call('agentkit', 'CreateMCPService', given)
    const { MCPService } = await call('agentkit', 'GetMCPService', { MCPServiceId })
    const { VpcConfiguration } = given.NetworkConfiguration
    assert.deepEqual(MCPService.NetworkConfigurations[0].VpcConfiguration, VpcConfiguration)
    assert.ok(MCPService.ProtocolConfiguration.ProtocolConvertConfiguration.length > 0)
    assert.deepEqual(MCPService.Tags, given.Tags)
    const ids = { MCPServiceIds: MCPServiceId, Name: 'set', Path: '/mcp' }
    const AuthorizerConfiguration = given.InboundAuthorizerConfiguration
    const { MCPToolsetId } = await call('agentkit', 'CreateMCPToolset', { ...ids, AuthorizerConfiguration })
    await call('agentkit', 'GetMCPToolset', { MCPToolsetId })
    await call('agentkit', 'ListMCPToolsets', {})
    await call('agentkit', 'ListMCPServices', {})
  })
})

describe('the table of shapes', () => {
  it('tells a wrong type, an empty list and a field that is missing', () => {
    const shape = shapes['ListUserPools'] ?? 'text'
    assert.deepEqual(misfits({ Data: [], PageNumber: '1', PageSize: 1.5 }, shape), [
      'Result.Data: is empty',
      'Result.PageNumber: "1" is no integer',
      'Result.PageSize: 1.5 is no integer',
      'Result.TotalCount: undefined is no integer',
    ])
    const converted = { ProtocolConfiguration: { ProtocolConvertConfiguration: {} } }
    const found = misfits({ MCPServices: [converted], NextToken: '' }, shapes['ListMCPServices'] ?? 'text')
    assert.ok(found.includes('Result.MCPServices[0].ProtocolConfiguration.ProtocolConvertConfiguration: {} is no text'))
  })
})

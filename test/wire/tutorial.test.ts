// The tutorial's order of calls (pool, client, service, token, tools) and every other action, signed by the official Node
// SDK of the originals.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startGateway } from '@postern/gateway/testing'
import { startIdp } from '@postern/idp/testing'
import openapi from '@volcengine/openapi'

const { Service } = openapi
const accessKey = { accessKeyId: 'AKLTtutorial', secretAccessKey: 'dHV0b3JpYWwtc2VjcmV0LWtleQ==' }
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
const RawConfig = JSON.stringify({ mcpServers: { tiny: { command: process.execPath, args: ['-e', script] } } })
const service = {
  ProtocolType: 'MCP',
  Path: '/mcp',
  NetworkConfiguration: { EnablePublicNetwork: true, EnablePrivateNetwork: false },
  BackendType: 'CustomPublic',
  BackendConfiguration: {
    CustomMcpConfiguration: { PublicPackage: { McpType: 'Remote', PackageManagerType: 'NPX', RawConfig } },
  },
  ProjectName: 'default',
}

describe('the tutorial', () => {
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

  async function call(serviceName: 'id' | 'agentkit', action: string, body: object) {
    const sdk = new Service({
      accessKeyId: accessKey.accessKeyId,
      secretKey: accessKey.secretAccessKey,
      serviceName,
      defaultVersion: '2025-10-30',
      region: 'cn-beijing',
      host: new URL(serviceName === 'id' ? idp.url : gateway.url).host,
      protocol: 'http:',
    })
    calls += 1
    // Two alike in one second would have one signature; fields that nobody knows are taken.
    const answer = JSON.parse(JSON.stringify(await sdk.createJSONAPI(action)({ ...body, ClientCall: calls })))
    assert.equal(answer.ResponseMetadata.Error, undefined, JSON.stringify(answer))
    assert.deepEqual([answer.ResponseMetadata.Action, answer.ResponseMetadata.Service], [action, serviceName])
    return answer.Result
  }

  async function whenReady(MCPServiceId: string) {
    for (const end = Date.now() + 20_000; Date.now() < end; ) {
      const { MCPService } = await call('agentkit', 'GetMCPService', { MCPServiceId })
      if (MCPService.Status === 'Ready') return MCPService
      assert.equal(MCPService.Status, 'Creating')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('the service was never Ready')
  }

  async function tools(url: string, bearer: string) {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${bearer}`,
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    })
    return { status: response.status, text: await response.text() }
  }

  async function tokenFor(discoveryUrl: string, clientId: string, secret: string): Promise<string> {
    const { token_endpoint: endpoint } = await (await fetch(discoveryUrl)).json()
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    return (await response.json()).access_token
  }

  async function poolWithClient(Name: string) {
    const { Uid: UserPoolUid } = await call('id', 'CreateUserPool', {
      Name,
      SignInAttributes: ['preferred_username'],
      RequiredSignUpAttributes: ['preferred_username'],
      ProjectName: 'default',
    })
    const { DiscoveryUrl } = await call('id', 'GetUserPool', { UserPoolUid })
    const given = { UserPoolUid, Name: 'client', ClientType: 'MACHINE_TO_MACHINE' }
    const { Uid: ClientUid, ClientSecret } = await call('id', 'CreateUserPoolClient', given)
    return {
      UserPoolUid,
      ClientUid,
      ClientSecret,
      DiscoveryUrl,
      token: () => tokenFor(DiscoveryUrl, ClientUid, ClientSecret),
    }
  }

  it('part one: a service behind three keys', async () => {
    const ApiKeys = ['1', '2', '3'].map((n) => ({ Name: `key-${n}` }))
    const InboundAuthorizerConfiguration = { AuthorizerType: 'ApiKey', Authorizer: { KeyAuth: { ApiKeys } } }
    const { MCPServiceId } = await call('agentkit', 'CreateMCPService', {
      ...service,
      Name: 'keys',
      InboundAuthorizerConfiguration,
    })
    const shown = await whenReady(MCPServiceId)
    const url = `${shown.NetworkConfigurations[0].Endpoint}/mcp`
    const keys = shown.InboundAuthorizerConfiguration.Authorizer.KeyAuth.ApiKeys
    assert.equal(keys.length, 3)
    // agentkit-sdk-python takes a text alone there and threw the whole answer away.
    assert.equal(shown.ProtocolConfiguration.ProtocolConvertConfiguration, '')
    for (const { Key } of keys) assert.match((await tools(url, Key)).text, /think/)
  })

  it('part two: a service behind the tokens of a pool, and of no other pool', async () => {
    const pool = await poolWithClient('user-pool-1')
    const trust = (AllowedClients: string[]) => ({
      AuthorizerType: 'CustomJWT',
      Authorizer: { CustomJwtAuthorizer: { DiscoveryUrl: pool.DiscoveryUrl, AllowedClients } },
    })
    const given = { ...service, Name: 'tokens', InboundAuthorizerConfiguration: trust([]) }
    const { MCPServiceId } = await call('agentkit', 'CreateMCPService', given)
    const shown = await whenReady(MCPServiceId)
    const url = `${shown.NetworkConfigurations[0].Endpoint}/mcp`
    const bearer = await pool.token()
    const answer = await tools(url, bearer)
    assert.deepEqual([answer.status, answer.text.includes('think')], [200, true], answer.text)
    const stranger = await poolWithClient('user-pool-2')
    assert.equal((await tools(url, await stranger.token())).status, 401)
    await call('agentkit', 'UpdateMCPService', {
      MCPServiceId,
      InboundAuthorizerConfiguration: trust(['somebody-else']),
    })
    assert.equal((await tools(url, bearer)).status, 403)
  })

  it('every other action', async () => {
    const { UserPoolUid, ClientUid } = await poolWithClient('user-pool-3')
    const page = { PageNumber: 1, PageSize: 10 }
    assert.equal((await call('id', 'UpdateUserPool', { UserPoolUid, Description: 'x' })).Description, 'x')
    assert.ok((await call('id', 'ListUserPools', page)).TotalCount > 0)
    assert.equal((await call('id', 'GetUserPoolClient', { UserPoolUid, ClientUid })).Uid, ClientUid)
    assert.equal((await call('id', 'UpdateUserPoolClient', { UserPoolUid, ClientUid, Name: 'y' })).Name, 'y')
    assert.equal((await call('id', 'ListUserPoolClients', { UserPoolUid, ...page })).TotalCount, 1)
    await call('id', 'DeleteUserPoolClient', { UserPoolUid, ClientUid })
    await call('id', 'DeleteUserPool', { UserPoolUid })
    const { MCPServices } = await call('agentkit', 'ListMCPServices', page)
    for (const { MCPServiceId } of MCPServices) await call('agentkit', 'DeleteMCPService', { MCPServiceId })
    assert.deepEqual((await call('agentkit', 'ListMCPServices', page)).MCPServices, [])
  })
})

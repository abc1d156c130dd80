// Every toolset action, signed by the official Node SDK of the originals; then what the notebook of the originals does
// with a toolset.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { startGateway } from '@postern/gateway/testing'
import openapi from '@volcengine/openapi'

const accessKey = { accessKeyId: 'AKLTtoolsets', secretAccessKey: 'dG9vbHNldHMtc2VjcmV0LWtleQ==' }
const seed = {
  version: 1 as const,
  accessKeys: [accessKey],
  services: [{ id: 'clock', path: '/clock', backend: { type: 'builtin' as const } }],
}

function signer(url: string) {
  const sdk = new openapi.Service({
    accessKeyId: accessKey.accessKeyId,
    secretKey: accessKey.secretAccessKey,
    serviceName: 'agentkit',
    defaultVersion: '2025-10-30',
    region: 'cn-beijing',
    host: new URL(url).host,
    protocol: 'http:',
  })
  let calls = 0
  return async (action: string, body: object) => {
    calls += 1
    // Two alike in one second would have one signature; fields that nobody knows are taken.
    // biome-ignore lint/suspicious/noExplicitAny: a test reads what the wire carries, and its shape is what it asserts
    const answer: any = await sdk.createJSONAPI(action)({ ...body, Call: calls })
    assert.equal(answer.ResponseMetadata.Error, undefined, action)
    return answer.Result
  }
}

test('the eight actions, and the two tools', { timeout: 60_000 }, async (t) => {
  const gateway = await startGateway({ seed })
  t.after(() => gateway.close())
  const call = signer(gateway.url)
  const { MCPToolsetId } = await call('CreateMCPToolset', {
    Name: 'tools',
    Path: '/mcp',
    MCPServiceIds: ['clock'],
    AuthorizerConfiguration: { AuthorizerType: 'ApiKey', Authorizer: { KeyAuth: { ApiKeys: [{ Name: 'agent' }] } } },
  })
  let { MCPToolset } = await call('GetMCPToolset', { MCPToolsetId })
  for (let tries = 0; MCPToolset.Status !== 'Ready' && tries < 500; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    MCPToolset = (await call('GetMCPToolset', { MCPToolsetId })).MCPToolset
  }
  assert.equal(MCPToolset.Status, 'Ready')

  const [{ Key }] = MCPToolset.AuthorizerConfiguration.Authorizer.KeyAuth.ApiKeys
  const [{ Endpoint }] = MCPToolset.NetworkConfigurations
  const client = new Client({ name: 'notebook', version: '1' })
  const requestInit = { headers: { Authorization: `Bearer ${Key}` } }
  const transport = new StreamableHTTPClientTransport(new URL(`${Endpoint}/mcp`), { requestInit })
  await client.connect(transport as Parameters<Client['connect']>[0])
  const search = { task_description: ['what time is it'] }
  const found = await client.callTool({ name: 'mcp_search_tool', arguments: search })
  const [best] = JSON.parse(textOf(found).split('\n')[1] ?? '')
  assert.deepEqual([best.server_id, best.tool_name], ['clock', 'current_time'])
  const { server_id, server_name, tool_id, tool_name } = best
  const use_tool_info = [{ server_id, server_name, tool_id, tool_name, argument: { timeZone: 'Asia/Shanghai' } }]
  const used = await client.callTool({ name: 'mcp_use_tool', arguments: { use_tool_info } })
  assert.match(JSON.parse(textOf(used))[0].result[0].text, /Asia\/Shanghai/)
  await client.close()

  const { Tools } = await call('GetMCPTools', { MCPToolsetId })
  assert.equal(JSON.parse(Tools).length, 3)
  const { MCPServiceTools } = await call('ListMCPTools', { MCPToolsetIds: MCPToolsetId })
  const [own] = MCPServiceTools
  assert.deepEqual(await call('UpdateMCPTools', own), { MCPServiceId: 'clock' })
  assert.deepEqual(await call('UpdateMCPToolset', { MCPToolsetId, MCPServiceIds: 'clock' }), { MCPToolsetId })
  assert.equal((await call('ListMCPToolsets', {})).MCPToolsets[0].MCPToolsetId, MCPToolsetId)
  assert.deepEqual(await call('DeleteMCPToolset', { MCPToolsetId }), { MCPToolsetId })
  assert.deepEqual((await call('ListMCPToolsets', {})).MCPToolsets, [])
})

function textOf(result: object): string {
  const content = 'content' in result && Array.isArray(result.content) ? result.content : []
  return content[0]?.text ?? ''
}

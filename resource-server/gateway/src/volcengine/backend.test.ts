import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from '@postern/server'
import { type BackendRequest, backendOf } from './backend.ts'

const domain = (CustomConfiguration: NonNullable<BackendRequest['BackendConfiguration']>['CustomConfiguration']) => ({
  ProtocolType: 'MCP',
  BackendType: 'Domain',
  Path: '/mcp',
  BackendConfiguration: { CustomConfiguration },
})
const raw = (server: unknown) => ({
  ProtocolType: 'MCP',
  BackendType: 'CustomPublic',
  Path: '/mcp',
  BackendConfiguration: {
    CustomMcpConfiguration: { PublicPackage: { RawConfig: JSON.stringify({ mcpServers: { one: server } }) } },
  },
})
const outbound = (keyAuth: Record<string, unknown> & { ApiKeys?: { Name: string; Key?: string }[] }) => ({
  AuthorizerType: 'ApiKey',
  Authorizer: { KeyAuth: keyAuth },
})

test('a domain is an MCP server at the path of the service', () => {
  const backend = backendOf({
    ...domain({ Domain: 'mcp.example', Port: 8443, ProtocolType: 'HTTPS' }),
    OutboundAuthorizerConfiguration: outbound({ ApiKeys: [{ Name: 'k', Key: 'Bearer x' }] }),
  })
  assert.deepEqual(backend, {
    type: 'http',
    url: 'https://mcp.example:8443/mcp',
    headers: { Authorization: 'Bearer x' },
  })
  assert.deepEqual(backendOf(domain({ Domain: 'localhost', ProtocolType: 'HTTP' })), {
    type: 'http',
    url: 'http://localhost/mcp',
  })
})

test('a backend without a credential is asked for by saying so, or nothing', () => {
  const remote = domain({ Domain: 'mcp.example' })
  for (const OutboundAuthorizerConfiguration of [
    {},
    { AuthorizerType: 'None' },
    { AuthorizerType: '', Authorizer: {} },
  ]) {
    const backend = backendOf({ ...remote, OutboundAuthorizerConfiguration })
    assert.deepEqual(backend, { type: 'http', url: 'https://mcp.example/mcp' })
  }
})

test('with ProtocolType HTTP it is an API with its document', () => {
  const document = Buffer.from('openapi: 3.0.0').toString('base64')
  const request = { ...domain({ Domain: 'api.example' }), ProtocolType: 'HTTP' }
  const backend = backendOf({
    ...request,
    ProtocolConfiguration: { HttpApiConfiguration: { Configuration: document, Type: 'yaml' } },
    OutboundAuthorizerConfiguration: outbound({ ApiKeys: [{ Name: 'k', Key: 'x' }], Parameter: 'X-Key' }),
  })
  assert.deepEqual(backend, {
    type: 'openapi',
    document,
    baseUrl: 'https://api.example',
    headers: { 'X-Key': 'x' },
  })
  refused(request, 'InvalidParameter.ProtocolConfiguration')
})

test('RawConfig is one server, local or remote', () => {
  assert.deepEqual(backendOf(raw({ command: 'npx', args: ['-y', 'x'], env: { A: 'b' } })), {
    type: 'stdio',
    command: 'npx',
    args: ['-y', 'x'],
    env: { A: 'b' },
  })
  assert.deepEqual(backendOf(raw({ url: 'https://mcp.example/mcp' })), { type: 'http', url: 'https://mcp.example/mcp' })
})

function refused(request: BackendRequest, code: string): void {
  assert.throws(
    () => backendOf(request),
    (error) => error instanceof WireError && error.code === code && error.status === 400,
  )
}

test('what cannot be run here, or is no host, is refused', () => {
  const wrong = 'InvalidParameter.BackendConfiguration'
  refused({ ...domain({}), BackendType: 'Function' }, 'InvalidParameter.BackendType')
  refused(domain({}), wrong)
  for (const Domain of ['a/b', 'user@host', 'host?x', 'host#x', 'a b', 'http://host'])
    refused(domain({ Domain }), wrong)
  refused(domain({ Domain: 'mcp.example', ProtocolType: 'HTTP' }), wrong)
  refused(raw({ command: 'x\0y' }), wrong)
  refused(raw({}), wrong)
  const images = { CustomMcpConfiguration: { PrivatePackage: { ImageUrl: 'x' } } }
  refused({ ...raw({}), BackendConfiguration: images }, wrong)
  const keys = { ApiKeys: [{ Name: 'k', Key: 'x' }] }
  const remote = domain({ Domain: 'mcp.example' })
  const wrongOutbound = 'InvalidParameter.OutboundAuthorizerConfiguration'
  const identity = { CredentialProviderName: 'github', ProviderType: 'oauth2' }
  for (const OutboundAuthorizerConfiguration of [
    outbound({ ...keys, ApiKeyLocation: 'Query' }),
    outbound({ ApiKeys: [{ Name: 'k' }] }),
    outbound({ ApiKeys: [{ Name: 'k', Key: '' }] }),
    outbound({ ApiKeys: [] }),
    { AuthorizerType: 'ApiKey' },
    { AuthorizerType: 'None', Authorizer: { KeyAuth: { ApiKeys: [{ Name: 'k' }] } } },
    { AuthorizerType: 'Identity', Authorizer: { IdentityAuthorizer: identity } },
    { AuthorizerType: 'ApiKey', Authorizer: { KeyAuth: keys, IdentityAuthorizer: identity } },
    { Authorizer: { IdentityAuthorizer: identity } },
    { AuthorizerType: 'OAuth2' },
  ]) {
    refused({ ...remote, OutboundAuthorizerConfiguration }, wrongOutbound)
  }
  const local = raw({ command: 'node' })
  refused({ ...local, OutboundAuthorizerConfiguration: outbound(keys) }, wrongOutbound)
  refused({ ...remote, OutboundAuthorizerConfiguration: outbound({ ...keys, Parameter: 'Host' }) }, wrong)
})

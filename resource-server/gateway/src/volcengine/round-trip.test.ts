import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { callWire } from '@postern/server/testing'
import { restOf } from '../testing/rest.ts'
import { type StartGatewayOptions, startGateway } from '../testing/start-gateway.ts'

const accessKey = { accessKeyId: 'AKLTexample', secretAccessKey: 'c2VjcmV0LWtleS1mb3ItdGVzdHM=' }
const seed = { version: 1 as const, accessKeys: [accessKey] }
const discoveryUrl = 'https://id.example/.well-known/openid-configuration'
let calls = 0

async function open(options: StartGatewayOptions = {}) {
  const gateway = await startGateway({ seed, ...options })
  const call = (action: string, body: unknown = {}) => {
    // Requests alike within a second would have one signature.
    calls += 1
    const headers = { 'x-call': String(calls) }
    return callWire({ url: gateway.url, action, service: 'agentkit', accessKey, body, headers })
  }
  return { gateway, call, rest: restOf(gateway), [Symbol.asyncDispose]: () => gateway.close() }
}
type World = Awaited<ReturnType<typeof open>>

const services = { room: 'mcp-services', kind: 'MCPService', field: 'InboundAuthorizerConfiguration' }
const toolsets = { room: 'mcp-toolsets', kind: 'MCPToolset', field: 'AuthorizerConfiguration' }
const strict = { type: 'CustomJWT', discoveryUrl, claims: { tier: ['gold'] }, requiredScopes: ['use'] }

for (const { room, kind, field } of [services, toolsets]) {
  const make = async ({ rest }: World, ...authorizers: object[]): Promise<string> => {
    const name = `one-${calls}`
    const plain = { name, path: `/${name}`, backend: { type: 'builtin' } }
    const made = await rest('POST', '/mcp-services', kind === 'MCPService' ? { ...plain, authorizers } : plain)
    if (kind === 'MCPService') return made.body.id
    const body = { name, path: `/set-${name}`, serviceIds: [made.body.id], authorizers }
    return (await rest('POST', '/mcp-toolsets', body)).body.id
  }
  const shownBy = async ({ call }: World, id: string) => (await call(`Get${kind}`, { [`${kind}Id`]: id })).result[kind]
  const update = ({ call }: World, id: string, inbound: unknown) =>
    call(`Update${kind}`, { [`${kind}Id`]: id, [field]: inbound })
  const authorizersOf = async ({ rest }: World, id: string) => (await rest('GET', `/${room}/${id}`)).body.authorizers
  const trusting = (given: object) => ({
    AuthorizerType: 'CustomJWT',
    Authorizer: { CustomJwtAuthorizer: { DiscoveryUrl: discoveryUrl, ...given } },
  })

  describe(`what Get${kind} shows, sent back by Update${kind}`, () => {
    it('lets in whom it did, and nobody else', async () => {
      await using world = await open()
      for (const given of [
        strict,
        { type: 'CustomJWT', discoveryUrl },
        { ...strict, allowedAudiences: [] },
        { ...strict, allowedClients: ['a'], allowedAudiences: ['https://mcp.example'] },
        { ...strict, acceptClientIdAudience: true },
        { ...strict, allowedAudiences: ['https://mcp.example'], acceptClientIdAudience: true },
      ]) {
        const id = await make(world, given)
        const before = await authorizersOf(world, id)
        const shown = (await shownBy(world, id))[field]
        const answer = await update(world, id, shown)
        assert.equal(answer.status, 200, answer.message)
        const [{ allowedAudiences: _, ...after }] = await authorizersOf(world, id)
        const [{ allowedAudiences: audiences, ...same }] = before
        assert.deepEqual(after, same)
        assert.deepEqual((await authorizersOf(world, id))[0].allowedAudiences ?? [], audiences ?? [])
      }
    })

    it('keeps what a change leaves out, for the same issuer alone', async () => {
      await using world = await open()
      const id = await make(world, { ...strict, allowedClients: ['a'], allowedAudiences: ['https://mcp.example'] })
      const changed = async (given: object) => {
        assert.equal((await update(world, id, trusting(given))).status, 200)
        const [{ issuer: _, type: __, discoveryUrl: ___, ...rest }] = await authorizersOf(world, id)
        return rest
      }
      const { claims, requiredScopes } = strict
      const base = { claims, requiredScopes, allowedAudiences: ['https://mcp.example'] }
      assert.deepEqual(await changed({ AllowedClients: ['b'] }), { ...base, allowedClients: ['b'] })
      const inserted = { DiscoveryUrl: 'https://id.example/.well-known/oauth-authorization-server' }
      assert.deepEqual(await changed(inserted), { ...base, allowedClients: ['b'] }, 'the same issuer')
      assert.deepEqual(await changed({ AllowedClients: [], AllowedScopes: [] }), {
        claims,
        allowedAudiences: ['https://mcp.example'],
      })
      assert.deepEqual(await changed({ AllowedAudiences: [] }), { claims, acceptClientIdAudience: true }, 'asked for')
      assert.deepEqual(await changed({ AllowedAudiences: ['x'] }), { claims, allowedAudiences: ['x'] })
      const elsewhere = { DiscoveryUrl: 'https://other.example/.well-known/openid-configuration' }
      assert.deepEqual(await changed(elsewhere), { acceptClientIdAudience: true }, 'another issuer, another authorizer')
    })

    it('is refused where there are two authorizers, of which it shows one', async () => {
      await using world = await open()
      const id = await make(world, { ...strict }, { type: 'ApiKey', apiKeys: [{ name: 'ci' }] })
      const before = await authorizersOf(world, id)
      for (const inbound of [(await shownBy(world, id))[field], { AuthorizerType: 'ApiKey' }]) {
        const { status, code, message } = await update(world, id, inbound)
        assert.deepEqual([status, code], [400, `InvalidParameter.${field}`])
        assert.ok(message?.includes(`leave it out, or PATCH /api/v1/${room}/${id} with both or one`), message)
      }
      assert.deepEqual(await authorizersOf(world, id), before)
      const renamed = await world.call(`Update${kind}`, { [`${kind}Id`]: id, Name: 'another' })
      assert.equal(renamed.status, 200)
      assert.deepEqual(await authorizersOf(world, id), before)
    })

    it('makes a key anew within its bounds, and none that has expired', async () => {
      const lifetime = 600_000
      const now = Date.now()
      let time = now
      await using world = await open({ clock: { now: () => time } })
      const expiresAt = new Date(now + lifetime).toISOString()
      const bounds = { tools: ['echo'], scopes: ['use'], expiresAt }
      const id = await make(world, { type: 'ApiKey', apiKeys: [{ name: 'narrow', ...bounds }] })
      const shown = (await shownBy(world, id))[field]
      const answer = await update(world, id, shown)
      assert.equal(answer.status, 200, answer.message)
      const [{ apiKeys }] = await authorizersOf(world, id)
      const [{ tools, scopes, expiresAt: end }] = apiKeys
      assert.deepEqual({ tools, scopes, expiresAt: end }, bounds)
      time = now + lifetime
      const byName = { AuthorizerType: 'ApiKey', Authorizer: { KeyAuth: { ApiKeys: [{ Name: 'narrow' }] } } }
      const late = await update(world, id, byName)
      assert.deepEqual([late.status, late.code], [400, `InvalidParameter.${field}`])
      assert.match(late.message ?? '', /has expired.*leave it out, or give it another name/)
      assert.deepEqual((await authorizersOf(world, id))[0].apiKeys, apiKeys)
    })
  })
}

const secrets = { env: 'env-secret-value', outbound: 'outbound-secret-value' }
const keyed = { AuthorizerType: 'ApiKey', Authorizer: { KeyAuth: { ApiKeys: [{ Name: 'one' }] } } }
const config = { mcpServers: { tiny: { command: process.execPath, args: ['-e', ''], env: { TOKEN: secrets.env } } } }
const plain = { ProtocolType: 'MCP', Path: '/mcp', ProjectName: 'default', InboundAuthorizerConfiguration: keyed }
const local = {
  ...plain,
  Name: 'local',
  BackendType: 'CustomPublic',
  BackendConfiguration: { CustomMcpConfiguration: { PublicPackage: { RawConfig: JSON.stringify(config) } } },
}
const remote = {
  ...plain,
  Name: 'remote',
  BackendType: 'Domain',
  BackendConfiguration: { CustomConfiguration: { Domain: '127.0.0.1', Port: 1, ProtocolType: 'http' } },
  OutboundAuthorizerConfiguration: {
    AuthorizerType: 'ApiKey',
    Authorizer: { KeyAuth: { ApiKeys: [{ Name: 'k', Key: secrets.outbound }], Parameter: 'x-api-key' } },
  },
}

describe('secrets', () => {
  it('are shown by Get, never by List, and by neither once they are not to be shown again', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'postern-shown-'))
    const on = await open({ dataDir })
    try {
      const ids: string[] = []
      for (const one of [local, remote]) ids.push((await on.call('CreateMCPService', one)).result.MCPServiceId)
      const set = { Name: 'set', Path: '/mcp', MCPServiceIds: ids, AuthorizerConfiguration: keyed }
      const { MCPToolsetId } = (await on.call('CreateMCPToolset', set)).result
      const everything = async ({ call }: World) => {
        const got = [
          ...(await Promise.all(ids.map((MCPServiceId) => call('GetMCPService', { MCPServiceId })))),
          await call('GetMCPToolset', { MCPToolsetId }),
        ]
        const listed = [await call('ListMCPServices'), await call('ListMCPToolsets')]
        return {
          got: JSON.stringify(got.map(({ result }) => result)),
          listed: JSON.stringify(listed.map(({ result }) => result)),
        }
      }
      const before = await everything(on)
      const values = [...new Set(before.got.match(/pst_[\w-]{43}/g))]
      assert.equal(values.length, 3)
      const all = [...values, ...Object.values(secrets)]
      for (const secret of all) {
        assert.ok(before.got.includes(secret))
        assert.ok(!before.listed.includes(secret), 'a list shows none')
      }
      assert.equal(before.listed.match(/"Key":""/g)?.length, 3)
      await on.gateway.close()

      await using off = await open({ dataDir, env: { POSTERN_SHOW_SECRETS_AGAIN: 'false' } })
      const after = await everything(off)
      for (const secret of all) for (const text of Object.values(after)) assert.ok(!text.includes(secret))
      const [MCPServiceId] = ids
      const { MCPService } = (await off.call('GetMCPService', { MCPServiceId })).result
      assert.partialDeepStrictEqual(MCPService, {
        BackendType: 'CustomPublic',
        BackendConfiguration: {},
        OutboundAuthorizerConfiguration: {},
        InboundAuthorizerConfiguration: { Authorizer: { KeyAuth: { ApiKeys: [{ Name: 'one', Key: '' }] } } },
      })
      const changed = await off.call('UpdateMCPService', { MCPServiceId, BackendType: 'CustomPublic' })
      assert.equal(changed.status, 200, 'what is left out is as it was, though it is not shown')
      const { body } = await off.rest('GET', `/mcp-services/${MCPServiceId}`)
      assert.equal(body.backend.env.TOKEN, '***')
    } finally {
      await on.gateway.close().catch(() => {})
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createGatewayServer } from '@postern/gateway'
import { type Gateway, startGateway } from '@postern/gateway/testing'
import { createIdpServer } from '@postern/idp'
import { type Idp, startIdp } from '@postern/idp/testing'
import { createLogger, loadSecrets, readSettings } from '@postern/server'

/** An issuer whose keys cannot be had yet is warned of as well; these tests are about the resource at the pool. */
const aboutRegistration = (warnings: readonly string[]): string[] =>
  warnings.filter((warning) => !warning.startsWith('the keys of '))

type Json = Record<string, unknown>

async function call(server: { url: string; adminToken: string }, method: string, path: string, body?: unknown) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  // biome-ignore lint/suspicious/noExplicitAny: what the wire carries is what is asserted
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as any }
}

async function toolNames(url: string, bearer: string): Promise<string[]> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${bearer}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  const { result } = JSON.parse(text.replace(/^(event: .*\n)?data: /, '')) as { result: { tools: { name: string }[] } }
  return result.tools.map(({ name }) => name)
}

async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${what} did not come within 10 s`)
}

const builtin = { type: 'builtin' } as const

describe('a service that trusts a pool of our own provider', () => {
  let idp: Idp
  let gateway: Gateway
  before(async () => {
    idp = await startIdp()
    gateway = await startGateway({ idp })
  })
  after(async () => {
    await gateway.close()
    await idp.close()
  })

  const resourcesOf = async (poolId: string): Promise<Json[]> =>
    (await call(idp, 'GET', `/user-pools/${poolId}/resources`)).body.items

  test("is a resource there when it is Ready, and the pool's next token opens it", async () => {
    const pool = await idp.createPool({ name: 'first' })
    const agent = await pool.createClient({ name: 'agent' })
    const service = await gateway.createService({
      name: 'tools',
      path: '/first/mcp',
      backend: builtin,
      authorizers: [{ type: 'CustomJWT', discoveryUrl: pool.discoveryUrl, requiredScopes: ['tools:call'] }],
    })
    assert.deepEqual(service.warnings, [])
    const [resource, ...others] = await resourcesOf(pool.id)
    assert.deepEqual(others, [])
    assert.equal(resource?.['identifier'], service.url)
    assert.equal(resource?.['name'], 'tools')
    assert.deepEqual(resource?.['scopes'], [{ name: 'tools:call' }])
    assert.deepEqual(await toolNames(service.url, await pool.token({ client: agent })), [
      'whoami',
      'echo',
      'current_time',
    ])
  })

  test('finds the resource that is there already, and adds only the scopes that it lacks', async () => {
    const pool = await idp.createPool({ name: 'second' })
    const url = `${gateway.url}/second/mcp`
    await pool.createResource({ identifier: `${url}/`, name: 'mine', scopes: [{ name: 'read', description: 'reads' }] })
    const service = await gateway.createService({
      name: 'tools',
      path: '/second/mcp',
      backend: builtin,
      authorizers: [{ type: 'CustomJWT', discoveryUrl: pool.discoveryUrl, requiredScopes: ['read', 'write'] }],
    })
    assert.deepEqual(service.warnings, [])
    const [resource, ...others] = await resourcesOf(pool.id)
    assert.deepEqual(others, [])
    assert.equal(resource?.['name'], 'mine')
    assert.deepEqual(resource?.['scopes'], [{ name: 'read', description: 'reads' }, { name: 'write' }])
  })

  test('a later change of its scopes reaches the pool, and its deletion leaves the resource', async () => {
    const pool = await idp.createPool({ name: 'third' })
    const authorizer = { type: 'CustomJWT', discoveryUrl: pool.discoveryUrl }
    const service = await gateway.createService({
      name: 'tools',
      path: '/third/mcp',
      backend: builtin,
      authorizers: [{ type: 'CustomJWT', discoveryUrl: pool.discoveryUrl }],
    })
    const authorizers = [{ ...authorizer, requiredScopes: ['late'] }]
    assert.equal((await call(gateway, 'PATCH', `/mcp-services/${service.id}`, { authorizers })).status, 200)
    await until(async () => {
      const [resource] = await resourcesOf(pool.id)
      return JSON.stringify(resource?.['scopes']) === '[{"name":"late"}]' ? true : undefined
    }, 'the scope')
    assert.equal((await call(gateway, 'DELETE', `/mcp-services/${service.id}`)).status, 204)
    assert.equal((await resourcesOf(pool.id)).length, 1)
  })

  test('a pool that is made after the service: the warning says what to post, then goes by itself', async () => {
    const discoveryUrl = `${idp.url}/pools/late/.well-known/openid-configuration`
    const service = await gateway.createService({
      name: 'tools',
      path: '/late/mcp',
      backend: builtin,
      authorizers: [{ type: 'CustomJWT', discoveryUrl }],
    })
    const [warning = '', ...others] = aboutRegistration(service.warnings)
    assert.deepEqual(others, [])
    assert.match(warning, /not registered as a resource of pool late/)
    const [, method, url, body] = /(POST) (\S+) (\{.*\})$/.exec(warning) ?? []
    assert.equal(method, 'POST')
    assert.equal(url, `${idp.url}/api/v1/user-pools/late/resources`)
    assert.deepEqual(JSON.parse(body ?? ''), { identifier: service.url, name: 'tools', scopes: [] })
    assert.ok(!warning.includes(idp.adminToken))

    await idp.createPool({ id: 'late', name: 'late' })
    await until(async () => {
      const { body: now } = await call(gateway, 'GET', `/mcp-services/${service.id}`)
      return aboutRegistration(now.warnings).length === 0 ? true : undefined
    }, 'the registration')
    assert.equal((await resourcesOf('late'))[0]?.['identifier'], service.url)
  })
})

describe('what cannot be registered says so', () => {
  test('a provider that is not there yet is waited for, whatever starts first', async () => {
    const reserved = createServer().listen(0, '127.0.0.1')
    await once(reserved, 'listening')
    const { port } = reserved.address() as AddressInfo
    reserved.close()
    await once(reserved, 'close')
    const adminToken = 'an-admin-token-for-both-of-them'
    await using gateway = await startGateway({
      idp: { url: `http://localhost:${port}`, adminToken },
      seed: {
        version: 1,
        pools: [{ id: 'default', name: 'default' }],
        services: [
          { id: 'early', path: '/mcp', backend: builtin, authorizers: [{ type: 'CustomJWT', pool: 'default' }] },
        ],
      },
    })
    const early = await until(async () => {
      const { body } = await call(gateway, 'GET', '/mcp-services/early')
      return body.status === 'Ready' ? body : undefined
    }, 'Ready')
    assert.match(early.warnings[0], /no answer from .* \(ECONNREFUSED\)/)

    const folder = await mkdtemp(join(tmpdir(), 'postern-gateway-idp-'))
    try {
      const settings = readSettings(
        { POSTERN_DATA_DIR: folder, POSTERN_IDP_PORT: String(port), POSTERN_ADMIN_TOKEN: adminToken },
        'idp',
      )
      const idp = await createIdpServer({
        settings,
        secrets: await loadSecrets(settings),
        log: createLogger({ level: 'silent', name: 'idp' }),
        seed: (directory) => directory.pools.create({ id: 'default', name: 'default' }),
      })
      try {
        await until(async () => {
          const { body } = await call(gateway, 'GET', '/mcp-services/early')
          return aboutRegistration(body.warnings).length === 0 ? true : undefined
        }, 'the registration')
        const { body } = await call({ url: idp.url, adminToken }, 'GET', '/user-pools/default/resources')
        assert.equal(body.items[0].identifier, `${gateway.url}/mcp`)
      } finally {
        await idp.close()
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('a provider with another admin token: the warning names the variable, and nothing was made', async () => {
    await using idp = await startIdp()
    const pool = await idp.createPool({ name: 'pool' })
    await using gateway = await startGateway({ idp: { url: idp.url, adminToken: 'not-the-token-of-that-provider' } })
    const service = await gateway.createService({
      name: 'tools',
      path: '/mcp',
      backend: builtin,
      authorizers: [{ type: 'CustomJWT', discoveryUrl: pool.discoveryUrl }],
    })
    assert.match(service.warnings[0] ?? '', /POSTERN_ADMIN_TOKEN.*POST http/)
    assert.ok(!service.warnings[0]?.includes('not-the-token-of-that-provider'))
    assert.deepEqual((await call(idp, 'GET', `/user-pools/${pool.id}/resources`)).body.items, [])
  })

  test('a foreign issuer is nobody to register at: it sees no management request and no admin token', async () => {
    await using idp = await startIdp()
    const asked: string[] = []
    const foreign = createServer((req: IncomingMessage, res: ServerResponse) => {
      // Its public metadata may be asked for; nothing else, and never with a credential.
      if (!req.url?.includes('/.well-known/') || req.headers.authorization) asked.push(req.url ?? '')
      res.writeHead(404).end()
    }).listen(0, '127.0.0.1')
    await once(foreign, 'listening')
    const { port } = foreign.address() as AddressInfo
    try {
      await using gateway = await startGateway({ idp })
      const service = await gateway.createService({
        name: 'tools',
        path: '/mcp',
        backend: builtin,
        authorizers: [
          {
            type: 'CustomJWT',
            discoveryUrl: `http://localhost:${port}/pools/default/.well-known/openid-configuration`,
          },
        ],
      })
      assert.deepEqual(aboutRegistration(service.warnings), [])
      assert.deepEqual(asked, [])
    } finally {
      foreign.close()
    }
  })
})

test('the provider is reached by its internal URL, and the resource keeps the public one', async () => {
  await using idp = await startIdp()
  const pool = await idp.createPool({ id: 'inside', name: 'inside' })
  assert.equal(pool.id, 'inside')
  const publicUrl = 'http://idp.localhost:9'
  await using gateway = await startGateway({
    idp: { url: publicUrl, adminToken: idp.adminToken },
    env: { POSTERN_IDP_INTERNAL_URL: idp.url },
  })
  const service = await gateway.createService({
    name: 'tools',
    path: '/mcp',
    backend: builtin,
    authorizers: [{ type: 'CustomJWT', discoveryUrl: `${publicUrl}/pools/inside/.well-known/openid-configuration` }],
  })
  assert.deepEqual(aboutRegistration(service.warnings), [])
  const { body } = await call(idp, 'GET', '/user-pools/inside/resources')
  assert.equal(body.items[0].identifier, service.url)
})

test('in production the provider is spoken to on its admin address', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postern-gateway-idp-'))
  const env = {
    POSTERN_MODE: 'production',
    POSTERN_DATA_DIR: folder,
    POSTERN_IDP_URL: 'https://idp.example',
    POSTERN_GATEWAY_URL: 'https://mcp.example',
    POSTERN_IDP_PORT: '0',
    POSTERN_GATEWAY_PORT: '0',
    POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
    POSTERN_ENCRYPTION_KEY: 'A'.repeat(43),
    POSTERN_ADMIN_TOKEN: 'an-admin-token-of-production-that-is-long-enough',
  }
  const log = createLogger({ level: 'silent', name: 'test' })
  const idpSettings = readSettings(env, 'idp')
  const secrets = await loadSecrets(idpSettings)
  try {
    const idp = await createIdpServer({ settings: idpSettings, secrets, log })
    await idp.directory.pools.create({ id: 'p', name: 'p' })
    const settings = readSettings(env, 'gateway')
    const gateway = await createGatewayServer({ settings, secrets, log, idpManagementUrl: idp.adminUrl })
    try {
      const { service } = await gateway.catalog.services.create({
        name: 'tools',
        path: '/mcp',
        projectName: 'default',
        backend: builtin,
        authorizers: [
          { type: 'CustomJWT', discoveryUrl: 'https://idp.example/pools/p/.well-known/openid-configuration' },
        ],
      })
      await gateway.catalog.settled()
      assert.deepEqual(aboutRegistration(gateway.catalog.services.get(service.id).warnings), [])
      const [resource] = (await idp.directory.resources.list('p', { limit: 10 })).items
      assert.equal(resource?.identifier, 'https://mcp.example/mcp')
    } finally {
      await gateway.close()
      await idp.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

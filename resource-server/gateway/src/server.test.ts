import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { readSettings } from '@postern/server'
import { captureLog, noPostgres, startPostgres, temporaryFolder } from '@postern/server/testing'
import { createGatewayServer } from './server.ts'
import { eventually, restOf } from './testing/rest.ts'
import { type Gateway, startGateway } from './testing/start-gateway.ts'

const adminToken = 'admin-token-of-the-server-tests-long-enough'
const discoveryUrl = 'https://idp.example/pools/p/.well-known/openid-configuration'
const builtin = { type: 'builtin' as const }

async function start(env: Record<string, string>) {
  const folder = await temporaryFolder()
  const { log, text } = captureLog()
  const settings = readSettings({ POSTERN_DATA_DIR: folder.path, POSTERN_GATEWAY_PORT: '0', ...env }, 'gateway')
  const secrets = { adminToken, encryptionKey: settings.encryptionKey ?? randomBytes(32) }
  const server = await createGatewayServer({ settings, secrets, log })
  return { server, logged: text, [Symbol.asyncDispose]: () => server.close().finally(folder.remove) }
}

describe('paths', () => {
  test('metadata is path-inserted, at the root where one service has it, and nowhere for keys alone', async () => {
    await using gateway = await startGateway()
    const authorizers = [{ type: 'CustomJWT' as const, discoveryUrl, requiredScopes: ['read'] }]
    const service = await gateway.createService({ name: 'a', path: '/team/a', backend: builtin, authorizers })
    await gateway.createService({ name: 'b', path: '/b', backend: builtin })
    const wellKnown = `${gateway.url}/.well-known/oauth-protected-resource`
    const inserted = await fetch(`${wellKnown}/team/a`)
    assert.equal(inserted.status, 200)
    assert.equal(inserted.headers.get('access-control-allow-origin'), '*')
    assert.deepEqual(await inserted.json(), {
      resource: service.url,
      authorization_servers: ['https://idp.example/pools/p'],
      scopes_supported: ['read'],
      bearer_methods_supported: ['header'],
      resource_name: 'a',
    })
    for (const path of ['', '/', '/b', '/team', '/team/a/b', '/nothing']) {
      assert.equal((await fetch(wellKnown + path)).status, 404, path)
    }
    await restOf(gateway)('PATCH', `/mcp-services/${service.id}`, { rootMetadata: true })
    const root = await fetch(wellKnown)
    assert.equal(root.status, 200)
    assert.equal(((await root.json()) as { resource: string }).resource, service.url)
  })

  test('what lies beside and below a service is not the service', async () => {
    await using gateway = await startGateway()
    await gateway.createService({ name: 'a', path: '/team/a', backend: builtin })
    for (const [path, status] of [
      ['/team/a', 401],
      ['/team/a/', 401],
      ['/team/a?x=1', 401],
      ['/team', 404],
      ['/team/a/b', 404],
      ['/TEAM/A', 404],
      ['//team/a', 404],
      ['/team/./a', 404],
      ['/team/%61', 404],
      // Spoken to by the SDKs of the originals, and no service.
      ['/', 401],
    ] as const) {
      const response = await fetchRaw(gateway.url, path)
      assert.equal(response, status, path)
    }
  })
})

/** fetch tidies paths up before it sends them; this does not. */
async function fetchRaw(origin: string, path: string): Promise<number> {
  const { port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const sending = request({ host: '127.0.0.1', port, path, method: 'POST' }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sending.on('error', reject)
    sending.end()
  })
}

test('in production the management API, events and metrics are on the admin address alone', async () => {
  const port = await freePort()
  await using running = await start({
    POSTERN_MODE: 'production',
    POSTERN_IDP_URL: 'https://idp.example',
    POSTERN_GATEWAY_URL: 'https://mcp.example',
    POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
    POSTERN_ENCRYPTION_KEY: 'A'.repeat(43),
    POSTERN_GATEWAY_PORT: String(port),
  })
  const { url, adminUrl } = running.server
  assert.equal(url, 'https://mcp.example')
  const call = restOf({ url: adminUrl, adminToken })
  const made = await call('POST', '/mcp-services', { name: 'a', path: '/a', backend: builtin })
  assert.equal(made.status, 201)
  assert.equal(made.body.url, 'https://mcp.example/a')
  const stdio = await call('POST', '/mcp-services', {
    name: 'b',
    path: '/b',
    backend: { type: 'stdio', command: 'sh' },
  })
  assert.equal(stdio.status, 400)
  assert.equal(stdio.body.errors[0].field, 'backend.command')
  assert.equal((await fetch(`${adminUrl}/metrics`)).status, 200)
  assert.equal((await fetch(`${adminUrl}/a`)).status, 404, 'services are not on the admin address')
  const open = `http://127.0.0.1:${port}`
  const headers = { authorization: `Bearer ${adminToken}` }
  for (const path of ['/api/v1/mcp-services', '/api/v1/events', '/api/v1/seed', '/api/v1/openapi.json', '/metrics']) {
    assert.equal((await fetch(open + path, { headers })).status, 404, path)
  }
  assert.equal((await fetch(`${open}/readyz`)).status, 200)
  assert.equal((await fetch(`${open}/a`, { method: 'POST' })).status, 401)
  assert.ok(!running.logged().includes(adminToken))
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

test('metrics count requests by closed labels, and logs and metrics hold no secret', async () => {
  await using running = await start({})
  const { url } = running.server
  const call = restOf({ url, adminToken })
  const authorizers = [{ type: 'ApiKey', apiKeys: [{ name: 'k' }] }]
  const { body } = await call('POST', '/mcp-services', { name: 'a', path: '/a', backend: builtin, authorizers })
  await eventually('Ready', () => (running.server.catalog.services.get(body.id).status === 'Ready' ? true : undefined))
  const { key } = body.authorizers[0].apiKeys[0]
  for (const bearer of [key, `pst_${'x'.repeat(43)}`]) {
    const response = await fetch(body.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${bearer}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    })
    await response.arrayBuffer()
  }
  const metrics = await (await fetch(`${url}/metrics`)).text()
  assert.match(
    metrics,
    /postern_http_request_seconds_count\{.*method="tools\/list",route="mcp-service",status="200".*\} 1/,
  )
  assert.match(metrics, /postern_http_request_seconds_count\{.*route="mcp-service",status="401".*\} 1/)
  const events = JSON.stringify((await call('GET', '/events')).body)
  assert.match(events, /access\.verified/)
  assert.match(events, /api_key_unknown/)
  for (const text of [metrics, events, running.logged()]) {
    assert.ok(!text.includes(key))
    assert.ok(!text.includes('x'.repeat(43)))
    assert.ok(!text.includes(adminToken))
  }
})

describe('with Postgres', { skip: noPostgres() }, () => {
  test('services, keys and their uses are kept as in SQLite', async () => {
    const postgres = await startPostgres()
    try {
      const POSTERN_DATABASE_URL = await postgres.url('gateway')
      const POSTERN_ENCRYPTION_KEY = 'A'.repeat(43)
      const first = await startGateway({ env: { POSTERN_DATABASE_URL, POSTERN_ENCRYPTION_KEY } })
      const service = await first.createService({
        id: 'kept',
        name: 'kept',
        path: '/kept',
        backend: builtin,
        authorizers: [
          { type: 'ApiKey', apiKeys: [{ name: 'k' }] },
          { type: 'CustomJWT', discoveryUrl },
        ],
        clientToken: 'token',
      })
      const call = restOf(first)
      assert.equal((await call('POST', '/mcp-services', { name: 'x', path: '/KEPT', backend: builtin })).status, 409)
      await call('PATCH', '/mcp-services/kept', { name: 'renamed' })
      await call('POST', '/mcp-services', { id: 'gone', name: 'gone', path: '/gone', backend: builtin })
      assert.equal((await call('DELETE', '/mcp-services/gone')).status, 204)
      // Warnings are not kept: whether an issuer can be reached is found out anew, and shows when it is.
      const kept = async (gateway: Gateway) => {
        const { items } = (await restOf(gateway)('GET', '/mcp-services')).body
        return items.map(({ warnings: _, ...service }: { warnings: unknown }) => service)
      }
      const before = await kept(first)
      await first.close()
      const port = Number(new URL(first.url).port)
      await using second = await startGateway({ env: { POSTERN_DATABASE_URL, POSTERN_ENCRYPTION_KEY }, port })
      assert.deepEqual(await kept(second), before)
      assert.equal(before[0].name, 'renamed')
      assert.equal(service.apiKeys.length, 1)
    } finally {
      await postgres.close()
    }
  })
})

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import express from 'express'
import { type SeenResponse, seen } from '../testing/expect.ts'
import { createFakeIssuer, type FakeIssuer } from '../testing/fake-issuer.ts'
import { MCPAuth, type MCPAuthConfig } from './index.ts'

const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

type Ask = (path: string, init?: RequestInit) => Promise<SeenResponse>

async function serve(use: (app: express.Express) => unknown): Promise<Ask> {
  const app = express()
  use(app)
  app.use((_req, res) => void res.status(404).end('next'))
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  opened.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return async (path, init) => seen(await fetch(`http://127.0.0.1:${port}${path}`, init))
}

const authorizationServers = [{ issuer: 'https://as.example', type: 'oidc' as const }]
const place = '/.well-known/oauth-protected-resource'

function protecting(...documents: Record<string, unknown>[]): MCPAuth {
  const protectedResources = documents.map((document) => ({ metadata: { authorizationServers, ...document } }))
  // As a program in JavaScript would give it: the types know no members but those of RFC 9728.
  return new MCPAuth({ protectedResources } as MCPAuthConfig)
}

describe('protectedResourceMetadataRouter', () => {
  test('F23 each resource has its document', async () => {
    const mcpAuth = protecting(
      { resource: 'https://mcp.example/a', scopesSupported: ['read'] },
      { resource: 'https://mcp.example/a/b', resourceName: 'B' },
      { resource: 'https://mcp.example' },
    )
    const ask = await serve((app) => app.use(mcpAuth.protectedResourceMetadataRouter()))
    for (const [path, resource] of [
      ['/a', 'https://mcp.example/a'],
      ['/a/b', 'https://mcp.example/a/b'],
      ['', 'https://mcp.example'],
    ]) {
      const { status, body } = await ask(place + path)
      assert.deepEqual([status, JSON.parse(body).resource], [200, resource])
    }
    assert.equal((await ask(`${place}/c`)).body, 'next')
    assert.equal((await ask('/mcp')).body, 'next')
    assert.deepEqual(JSON.parse((await ask(`${place}/a`)).body), {
      resource: 'https://mcp.example/a',
      authorization_servers: ['https://as.example'],
      scopes_supported: ['read'],
      bearer_methods_supported: ['header'],
      resource_name: 'https://mcp.example/a',
    })
  })

  test('F19 members have the names of the standard; members of one’s own stay as they are', async () => {
    const mcpAuth = protecting({
      resource: 'https://mcp.example/mcp',
      resourceDocumentation: 'https://mcp.example/docs',
      bearerMethodsSupported: ['header'],
      xFoo: { barBaz: 1 },
      x_foo: 2,
    })
    const ask = await serve((app) => app.use(mcpAuth.protectedResourceMetadataRouter()))
    const document = JSON.parse((await ask(`${place}/mcp`)).body)
    assert.equal(document.resource_documentation, 'https://mcp.example/docs')
    assert.deepEqual([document.xFoo, document.x_foo], [{ barBaz: 1 }, 2])
  })

  test('serves where it is mounted, and to HEAD, OPTIONS and nothing else', async () => {
    const router = protecting({ resource: 'https://mcp.example/mcp' }).protectedResourceMetadataRouter()
    const ask = await serve((app) => app.use('/behind/a/proxy', router))
    const url = `/behind/a/proxy${place}/mcp`
    assert.equal((await ask(url)).status, 200)
    assert.equal((await ask(`${place}/mcp`)).body, 'next')
    const head = await ask(url, { method: 'HEAD' })
    assert.deepEqual([head.status, head.body], [200, ''])
    assert.equal((await ask(url, { method: 'OPTIONS' })).status, 204)
    const posted = await ask(url, { method: 'POST' })
    assert.deepEqual([posted.status, posted.headers['allow']], [405, 'GET, HEAD, OPTIONS'])
  })

  test('F15 the document is public behind the guard, too', async () => {
    const mcpAuth = protecting({ resource: 'https://mcp.example/mcp' })
    const ask = await serve((app) => app.use(mcpAuth.bearerAuth('jwt')).use(mcpAuth.protectedResourceMetadataRouter()))
    assert.equal((await ask(`${place}/mcp`)).status, 200)
    assert.equal((await ask('/mcp')).status, 401)
  })

  test('F1 F2 nothing of a request gets into it', async () => {
    const ask = await serve((app) =>
      app.use(protecting({ resource: 'https://mcp.example/mcp' }).protectedResourceMetadataRouter()),
    )
    const headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
    assert.doesNotMatch((await ask(`${place}/mcp`, { headers })).body, /evil/)
  })
})

describe('delegatedRouter', () => {
  const path = '/.well-known/oauth-authorization-server'

  async function start(more: object = {}): Promise<{ issuer: FakeIssuer; document: object }> {
    const issuer = await createFakeIssuer()
    opened.push(() => issuer.close())
    const document = {
      issuer: issuer.issuer,
      jwks_uri: issuer.jwksUri,
      authorization_endpoint: `${issuer.issuer}/authorize`,
      token_endpoint: `${issuer.issuer}/token`,
      response_types_supported: ['code'],
      x_foo: { barBaz: 1 },
      ...more,
    }
    issuer.fail('metadata', { body: document })
    return { issuer, document }
  }

  test('F25 serves the document of the server, all of it, fetched once for all who ask', async () => {
    const { issuer, document } = await start()
    const clock = createTestClock()
    const mcpAuth = new MCPAuth({ server: { issuer: issuer.issuer, type: 'oauth' }, kit: { clock } })
    const ask = await serve((app) => app.use(mcpAuth.delegatedRouter()))
    assert.equal(issuer.fetches.metadata, 0)
    for (const answer of await Promise.all([ask(path), ask(path), ask(`${path}/`)])) {
      assert.equal(answer.headers['access-control-allow-origin'], '*')
      assert.deepEqual(JSON.parse(answer.body), document)
    }
    assert.equal(issuer.fetches.metadata, 1)
    clock.advance(3_600_000)
    assert.equal((await ask(path)).status, 200)
    assert.equal(issuer.fetches.metadata, 2)
    assert.equal((await ask('/.well-known/openid-configuration')).body, 'next')
    assert.equal((await ask(path, { method: 'POST' })).status, 405)
  })

  test('an outage is said so, and not hammered', async () => {
    const { issuer } = await start()
    const clock = createTestClock()
    const mcpAuth = new MCPAuth({ server: { issuer: issuer.issuer, type: 'oidc' }, kit: { clock } })
    const ask = await serve((app) => app.use(mcpAuth.delegatedRouter()))
    issuer.fail('metadata', { status: 500 })
    for (let times = 0; times < 3; times += 1) {
      const { status, headers, body } = await ask(path)
      assert.deepEqual([status, headers['retry-after'], body], [503, '5', '{"error":"temporarily_unavailable"}'])
    }
    assert.equal(issuer.fetches.metadata, 1)
    const { document } = await start({ issuer: issuer.issuer })
    issuer.fail('metadata', { body: document })
    clock.advance(1000)
    assert.equal((await ask(path)).status, 200)
  })

  test('E1 another issuer’s document is not served', async () => {
    const { issuer } = await start({ issuer: 'https://honest.example' })
    const mcpAuth = new MCPAuth({ server: { issuer: issuer.issuer, type: 'oidc' } })
    const ask = await serve((app) => app.use(mcpAuth.delegatedRouter()))
    assert.equal((await ask(path)).status, 503)
  })
})

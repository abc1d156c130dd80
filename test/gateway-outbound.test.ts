/** The gateway calls an API with a token of its own, which a pool of our provider gives it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { startGateway } from '@postern/gateway/testing'
import { startIdp } from '@postern/idp/testing'
import { createResourceServer } from '@postern/resource-server'
import { guard } from '@postern/resource-server/node'

const document = {
  openapi: '3.1.0',
  info: { title: 'Pets', version: '1' },
  paths: { '/pets': { get: { operationId: 'listPets' } } },
}

async function callTool(url: string, key: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${key}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'listPets', arguments: {} } }),
  })
  assert.equal(response.status, 200)
  return await response.text()
}

test('an API behind the kit is called with a token from a pool, for the API and with the scope it wants', async () => {
  await using idp = await startIdp()
  await using gateway = await startGateway()
  const server = createServer((req, res) => protect(req, res, () => res.end('["Rex"]')))
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const api = `http://localhost:${(server.address() as AddressInfo).port}`
  const pool = await idp.createPool({ name: 'apis' })
  await pool.createResource({ identifier: api, scopes: [{ name: 'pets:read' }] })
  const client = await pool.createClient({ name: 'gateway' })
  const callers: string[] = []
  const rs = createResourceServer({
    resource: api,
    issuers: [{ issuer: pool.issuer }],
    requiredScopes: ['pets:read'],
    onEvent: ({ kind, clientId }) => void callers.push(`${kind} ${clientId ?? ''}`),
  })
  const protect = guard(rs)
  try {
    const service = await gateway.createService({
      name: 'Pets',
      path: '/pets',
      backend: {
        type: 'openapi',
        document,
        baseUrl: api,
        oauth: {
          discoveryUrl: pool.discoveryUrl,
          clientId: client.clientId,
          clientSecret: client.clientSecret ?? '',
          scopes: ['pets:read'],
          resource: api,
        },
      },
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'laptop' }] }],
    })
    const key = service.apiKeys[0]?.key ?? ''
    assert.match(await callTool(service.url, key), /\[\\"Rex\\"\]/)
    assert.match(await callTool(service.url, key), /\[\\"Rex\\"\]/)
    assert.deepEqual([...new Set(callers)], [`access.verified ${client.clientId}`])
  } finally {
    server.closeAllConnections()
    server.close()
    rs.close()
  }
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { temporaryFolder } from '@postern/server/testing'
import { eventually, restOf } from '../testing/rest.ts'
import { type Gateway, startGateway } from '../testing/start-gateway.ts'

/** An http server that holds every request back until it is opened; then it answers as `upstream` does. */
async function startValve(upstream: string) {
  let isOpen = false
  let asked = 0
  const server = createServer(async (req, res) => {
    asked += 1
    if (!isOpen) return
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    const headers = new Headers()
    for (const name of ['authorization', 'content-type', 'accept', 'mcp-session-id', 'mcp-protocol-version']) {
      const value = req.headers[name]
      if (typeof value === 'string') headers.set(name, value)
    }
    const method = req.method ?? 'GET'
    const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }
    const answer = await fetch(upstream, { method, headers, ...body })
    const text = await answer.text()
    res.writeHead(answer.status, Object.fromEntries(answer.headers))
    res.end(text)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    asked: () => asked,
    open: () => {
      isOpen = true
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function startUpstream() {
  const gateway = await startGateway()
  const service = await gateway.createService({
    name: 'upstream',
    path: '/mcp',
    backend: { type: 'builtin' },
    authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'downstream' }] }],
  })
  const headers = { authorization: `Bearer ${service.apiKeys[0]?.key}` }
  return { url: service.url, headers, [Symbol.asyncDispose]: gateway.close }
}

const show = async (gateway: Gateway, id: string) => (await restOf(gateway)('GET', `/mcp-services/${id}`)).body

test('a service that was being made when the gateway ended is taken up again, and its keys hold', async () => {
  await using folder = await disposable()
  await using upstream = await startUpstream()
  await using valve = await startValve(upstream.url)
  const first = await startGateway({ dataDir: folder.path })
  const { port } = new URL(first.url)
  const backend = { type: 'http', url: valve.url, headers: upstream.headers }
  const authorizers = [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }]
  const { body } = await restOf(first)('POST', '/mcp-services', { name: 'x', path: '/x', backend, authorizers })
  await eventually('the check', () => (valve.asked() > 0 ? true : undefined))
  await first.close()

  valve.open()
  await using second = await startGateway({ dataDir: folder.path, port: Number(port) })
  const ready = await eventually('Ready', async () => {
    const now = await show(second, body.id)
    return now.status === 'Creating' ? undefined : now
  })
  assert.equal(ready.status, 'Ready', ready.statusReason)
  assert.deepEqual(ready.authorizers[0].apiKeys[0].hint, body.authorizers[0].apiKeys[0].hint)
  const response = await fetch(body.url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${body.authorizers[0].apiKeys[0].key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  assert.equal(response.status, 200)
  assert.match(await response.text(), /current_time/)
})

test('one that was being updated serves what it served, and its update is taken up again', async () => {
  await using folder = await disposable()
  await using upstream = await startUpstream()
  await using valve = await startValve(upstream.url)
  const first = await startGateway({ dataDir: folder.path })
  const service = await first.createService({ name: 'x', path: '/x', backend: { type: 'builtin' } })
  const backend = { type: 'http', url: valve.url, headers: upstream.headers }
  await restOf(first)('PATCH', `/mcp-services/${service.id}`, { backend })
  await eventually('the check', () => (valve.asked() > 0 ? true : undefined))
  await first.close()

  await using second = await startGateway({ dataDir: folder.path })
  assert.equal((await show(second, service.id)).status, 'Updating')
  valve.open()
  // The check that was under way while the valve was shut waits for ever: asking again begins a new one.
  await restOf(second)('PATCH', `/mcp-services/${service.id}`, {
    backend: { ...backend, headers: { ...upstream.headers, 'x-try': '2' } },
  })
  await eventually('Ready', async () => ((await show(second, service.id)).status === 'Ready' ? true : undefined))
})

test('one that failed is tried again at the next start', async () => {
  await using folder = await disposable()
  await using upstream = await startUpstream()
  const reserved = createServer().listen(0, '127.0.0.1')
  await once(reserved, 'listening')
  const { port } = reserved.address() as AddressInfo
  reserved.close()
  await once(reserved, 'close')
  const first = await startGateway({ dataDir: folder.path })
  const backend = { type: 'http', url: `http://127.0.0.1:${port}/mcp`, headers: upstream.headers }
  const { body } = await restOf(first)('POST', '/mcp-services', { name: 'x', path: '/x', backend })
  await eventually('CreateFailed', async () =>
    (await show(first, body.id)).status === 'CreateFailed' ? true : undefined,
  )
  await first.close()

  await using second = await startGateway({ dataDir: folder.path })
  const failed = await eventually('CreateFailed again', async () => {
    const now = await show(second, body.id)
    return now.status === 'CreateFailed' ? now : undefined
  })
  assert.ok(failed.statusReason)
  const { body: events } = await restOf(second)('GET', `/events?serviceId=${body.id}&reason=backend_failed`)
  assert.equal(events.items.length, 2)
})

test('what was deleted stays deleted, and what changed stays changed', async () => {
  await using folder = await disposable()
  const first = await startGateway({ dataDir: folder.path })
  const kept = await first.createService({
    name: 'kept',
    path: '/kept',
    backend: { type: 'builtin' },
    authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'one' }, { name: 'two' }] }],
  })
  const gone = await first.createService({ name: 'gone', path: '/gone', backend: { type: 'builtin' } })
  const call = restOf(first)
  await call('DELETE', `/mcp-services/${gone.id}`)
  await call('PATCH', `/mcp-services/${kept.id}`, { name: 'renamed', isolation: 'shared' })
  await call('DELETE', `/mcp-services/${kept.id}/api-keys/${kept.apiKeys[0]?.id}`)
  const before = await show(first, kept.id)
  await first.close()

  await using second = await startGateway({ dataDir: folder.path, port: Number(new URL(first.url).port) })
  assert.equal((await restOf(second)('GET', `/mcp-services/${gone.id}`)).status, 404)
  assert.deepEqual(await show(second, kept.id), before)
  assert.equal(before.name, 'renamed')
  assert.deepEqual(
    before.authorizers[0].apiKeys.map(({ name }: { name: string }) => name),
    ['two'],
  )
})

test('a provider that moved is followed: what trusts its pools is stored without its origin', async () => {
  await using folder = await disposable()
  const first = await startGateway({ dataDir: folder.path, env: { POSTERN_IDP_URL: 'http://localhost:4700' } })
  const made = await restOf(first)('POST', '/mcp-services', {
    id: 'x',
    name: 'x',
    path: '/x',
    backend: { type: 'builtin' },
    authorizers: [
      { type: 'CustomJWT', discoveryUrl: 'http://localhost:4700/.well-known/openid-configuration/pools/p' },
    ],
  })
  assert.equal(made.status, 201)
  await first.close()
  await using second = await startGateway({ dataDir: folder.path, env: { POSTERN_IDP_URL: 'http://localhost:4999' } })
  assert.deepEqual((await show(second, 'x')).authorizers, [
    {
      type: 'CustomJWT',
      discoveryUrl: 'http://localhost:4999/.well-known/openid-configuration/pools/p',
      issuer: 'http://localhost:4999/pools/p',
    },
  ])
})

async function disposable() {
  const folder = await temporaryFolder()
  return { path: folder.path, [Symbol.asyncDispose]: folder.remove }
}

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { serviceReply, validate } from '@postern/server'
import { eventually, restOf } from '../testing/rest.ts'
import { type Gateway, startGateway } from '../testing/start-gateway.ts'

const secret = 'a-secret-that-must-not-be-seen'
const broken = { type: 'stdio', command: process.execPath, args: ['-e', 'process.exit(3)'] } as const

async function status(gateway: Gateway, id: string, ...wanted: string[]) {
  return eventually(`${id} to be ${wanted.join(' or ')}`, async () => {
    const { body } = await restOf(gateway)('GET', `/mcp-services/${id}`)
    return wanted.includes(body.status) ? body : undefined
  })
}

async function ask(url: string, bearer: string, tool: string): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${bearer}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } }),
  })
  await response.arrayBuffer()
  return response.status
}

describe('a service, made over REST', () => {
  test('answers 201 at once with what the contract says, and becomes Ready', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const created = await call('POST', '/mcp-services', {
      name: 'tools',
      path: '/team/mcp',
      backend: { type: 'builtin' },
    })
    assert.equal(created.status, 201)
    assert.equal(created.headers.get('location'), `/api/v1/mcp-services/${created.body.id}`)
    const { id, createdAt, updatedAt, ...rest } = created.body
    assert.match(id, /^[a-z0-9][a-z0-9-]{0,62}$/)
    assert.equal(createdAt, updatedAt)
    assert.deepEqual(rest, {
      name: 'tools',
      path: '/team/mcp',
      url: `${gateway.url}/team/mcp`,
      endpoint: gateway.url,
      status: 'Creating',
      backend: { type: 'builtin' },
      authorizers: [{ type: 'ApiKey', apiKeys: [] }],
      isolation: 'caller',
      rootMetadata: false,
      projectName: 'default',
      warnings: [],
    })
    const ready = await status(gateway, id, 'Ready')
    assert.ok(validate(serviceReply, ready).ok)
    assert.equal(ready.statusReason, undefined)
  })

  test('while it is being made its callers are told to come again, and its status survives nothing it should not', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const stuck = { type: 'stdio', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] }
    const authorizers = [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }]
    const { body } = await call('POST', '/mcp-services', { name: 'stuck', path: '/stuck', backend: stuck, authorizers })
    assert.equal(await ask(body.url, 'nonsense', 'echo'), 401)
    assert.equal(await ask(body.url, body.authorizers[0].apiKeys[0].key, 'echo'), 503)
    assert.equal((await call('GET', `/mcp-services/${body.id}`)).body.status, 'Creating')
    assert.equal((await call('DELETE', `/mcp-services/${body.id}`)).status, 204)
    assert.equal((await call('GET', `/mcp-services/${body.id}`)).status, 404)
    assert.equal(await ask(body.url, body.authorizers[0].apiKeys[0].key, 'echo'), 404)
  })

  test('a command that does not exist: CreateFailed with a readable reason, without any env value', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const backend = { type: 'stdio', command: 'no-such-command-here', args: ['x'], env: { TOKEN: secret } }
    const { body } = await call('POST', '/mcp-services', { name: 'x', path: '/x', backend })
    assert.deepEqual(body.backend, { ...backend, env: { TOKEN: '***' } })
    const failed = await status(gateway, body.id, 'CreateFailed', 'Ready')
    assert.equal(failed.status, 'CreateFailed')
    assert.match(failed.statusReason, /no-such-command-here/)
    assert.ok(!JSON.stringify(failed).includes(secret))
  })

  test('a command that prints its secrets before it fails shows none of them', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const args = ['-e', 'console.error("boom " + process.env.TOKEN); process.exit(1)']
    const backend = { type: 'stdio', command: process.execPath, args, env: { TOKEN: secret } }
    const { body } = await call('POST', '/mcp-services', { name: 'x', path: '/x', backend })
    const failed = await status(gateway, body.id, 'CreateFailed', 'Ready')
    assert.equal(failed.status, 'CreateFailed')
    assert.ok(failed.statusReason.length > 0)
    assert.ok(!JSON.stringify(failed).includes(secret))
    const { body: events } = await call('GET', '/events?kind=service.state')
    assert.deepEqual(
      events.items.map((event: { outcome: string; reason: string }) => [event.outcome, event.reason]),
      [
        ['error', 'backend_failed'],
        ['ok', 'created'],
      ],
    )
    assert.ok(!JSON.stringify(events).includes(secret))
  })

  test('a failed one is tried again when its backend is put right', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const { body } = await call('POST', '/mcp-services', { name: 'x', path: '/x', backend: broken })
    await status(gateway, body.id, 'CreateFailed')
    const again = await call('PATCH', `/mcp-services/${body.id}`, { backend: broken })
    assert.equal(again.body.status, 'Creating')
    assert.equal(again.body.statusReason, undefined)
    await status(gateway, body.id, 'CreateFailed')
    await call('PATCH', `/mcp-services/${body.id}`, { backend: { type: 'builtin' } })
    await status(gateway, body.id, 'Ready')
  })
})

describe('a service, changed over REST', () => {
  test('a new backend that fails leaves the old one at work: UpdateFailed', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const service = await gateway.createService({
      name: 'x',
      path: '/x',
      backend: { type: 'builtin' },
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }],
    })
    const key = service.apiKeys[0]?.key ?? ''
    const patched = await call('PATCH', `/mcp-services/${service.id}`, { backend: broken })
    assert.equal(patched.status, 200)
    assert.equal(patched.body.status, 'Updating')
    assert.equal(await ask(service.url, key, 'echo'), 200)
    const failed = await status(gateway, service.id, 'UpdateFailed')
    assert.equal(failed.backend.type, 'stdio')
    assert.ok(failed.statusReason)
    assert.equal(await ask(service.url, key, 'echo'), 200)
    await call('PATCH', `/mcp-services/${service.id}`, { backend: { type: 'builtin' } })
    const ready = await status(gateway, service.id, 'Ready')
    assert.equal(ready.statusReason, undefined)
  })

  test('back to the backend that serves, its secrets still masked, after another kind had failed', async () => {
    await using gateway = await startGateway()
    await using upstream = await startGateway()
    const call = restOf(gateway)
    const keyed = [{ type: 'ApiKey' as const, apiKeys: [{ name: 'one' }] }]
    const tools = await upstream.createService({
      name: 'u',
      path: '/u',
      backend: { type: 'builtin' },
      authorizers: keyed,
    })
    const headers = { authorization: `Bearer ${tools.apiKeys[0]?.key}` }
    const service = await gateway.createService({
      name: 'x',
      path: '/x',
      backend: { type: 'http', url: tools.url, headers },
      authorizers: keyed,
    })
    await call('PATCH', `/mcp-services/${service.id}`, { backend: broken })
    await status(gateway, service.id, 'UpdateFailed')
    assert.equal((await call('PATCH', `/mcp-services/${service.id}`, { backend: service.backend })).status, 200)
    await status(gateway, service.id, 'Ready')
    assert.equal(await ask(service.url, service.apiKeys[0]?.key ?? '', 'echo'), 200)
  })

  test('authorizers take effect with the answer, and keys go with their authorizer', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const service = await gateway.createService({
      name: 'x',
      path: '/x',
      backend: { type: 'builtin' },
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }],
    })
    const key = service.apiKeys[0]?.key ?? ''
    assert.equal(await ask(service.url, key, 'echo'), 200)
    const jwt = { type: 'CustomJWT', discoveryUrl: 'https://idp.example/.well-known/openid-configuration' }
    const without = await call('PATCH', `/mcp-services/${service.id}`, { authorizers: [jwt] })
    assert.equal(without.body.status, 'Ready')
    assert.deepEqual(without.body.authorizers, [{ ...jwt, issuer: 'https://idp.example' }])
    assert.equal(await ask(service.url, key, 'echo'), 401)
    const back = await call('PATCH', `/mcp-services/${service.id}`, { authorizers: [jwt, { type: 'ApiKey' }] })
    assert.deepEqual(back.body.authorizers[1], { type: 'ApiKey', apiKeys: [] })
    assert.equal(await ask(service.url, key, 'echo'), 401)
  })

  test('"***" keeps what is stored, and a change that changes nothing writes nothing', async () => {
    await using gateway = await startGateway()
    await using upstream = await startGateway()
    const call = restOf(gateway)
    const tools = await upstream.createService({
      name: 'u',
      path: '/u',
      backend: { type: 'builtin' },
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'gateway' }] }],
    })
    const headers = { authorization: `Bearer ${tools.apiKeys[0]?.key}` }
    const service = await gateway.createService({
      name: 'x',
      path: '/x',
      backend: { type: 'http', url: tools.url, headers },
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }],
    })
    assert.deepEqual(service.backend, { type: 'http', url: tools.url, headers: { authorization: '***' } })
    const { apiKeys, ...shown } = service
    const same = await call('PATCH', `/mcp-services/${service.id}`, {
      backend: { headers: { authorization: '***' }, url: tools.url, type: 'http' },
      name: 'x',
    })
    assert.equal(same.body.status, 'Ready')
    assert.equal(same.body.updatedAt, shown.updatedAt)
    const more = { type: 'http', url: tools.url, headers: { authorization: '***', 'x-team': 'blue' } }
    assert.equal((await call('PATCH', `/mcp-services/${service.id}`, { backend: more })).body.status, 'Updating')
    await status(gateway, service.id, 'Ready')
    assert.equal(await ask(service.url, apiKeys[0]?.key ?? '', 'echo'), 200)
  })

  test('a second change overtakes the check of the first', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const service = await gateway.createService({ name: 'x', path: '/x', backend: { type: 'builtin' } })
    const stuck = { type: 'stdio', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] }
    assert.equal((await call('PATCH', `/mcp-services/${service.id}`, { backend: stuck })).body.status, 'Updating')
    assert.equal(
      (await call('PATCH', `/mcp-services/${service.id}`, { backend: { type: 'builtin' } })).body.status,
      'Updating',
    )
    const ready = await status(gateway, service.id, 'Ready', 'UpdateFailed')
    assert.equal(ready.status, 'Ready')
    assert.deepEqual(ready.backend, { type: 'builtin' })
  })
})

describe('API keys over REST', () => {
  test('a key is shown once; then its hint; and it ends with DELETE', async () => {
    await using gateway = await startGateway()
    const call = restOf(gateway)
    const service = await gateway.createService({ name: 'x', path: '/x', backend: { type: 'builtin' } })
    const path = `/mcp-services/${service.id}/api-keys`
    const made = await call('POST', path, {
      name: 'agent',
      tools: ['echo'],
      scopes: ['a'],
      expiresAt: '2999-01-31T12:00:00+01:00',
    })
    assert.equal(made.status, 201)
    const { key, ...rest } = made.body
    assert.match(key, /^pst_[A-Za-z0-9_-]{43}$/)
    assert.equal(rest.hint, `pst_…${key.slice(-4)}`)
    assert.equal(rest.expiresAt, '2999-01-31T11:00:00.000Z')
    assert.equal(rest.lastUsedAt, null)
    const location = `/mcp-services/${service.id}/api-keys/${rest.id}`
    assert.equal(made.headers.get('location'), `/api/v1${location}`)
    assert.deepEqual((await call('GET', location)).body, rest)
    assert.deepEqual((await call('GET', path)).body, { items: [rest], nextCursor: null })
    assert.deepEqual((await call('GET', `/mcp-services/${service.id}`)).body.authorizers[0].apiKeys, [rest])
    assert.equal(await ask(service.url, key, 'echo'), 200)
    assert.ok((await call('GET', location)).body.lastUsedAt)
    assert.equal((await call('DELETE', location)).status, 204)
    assert.equal(await ask(service.url, key, 'echo'), 401)
    assert.equal((await call('GET', location)).status, 404)
  })

  test('a key of one service does not open another', async () => {
    await using gateway = await startGateway()
    const keyed = [{ type: 'ApiKey' as const, apiKeys: [{ name: 'one' }] }]
    const builtin = { type: 'builtin' as const }
    const first = await gateway.createService({ name: 'a', path: '/a', backend: builtin, authorizers: keyed })
    const second = await gateway.createService({ name: 'b', path: '/b', backend: builtin, authorizers: keyed })
    assert.equal(await ask(second.url, first.apiKeys[0]?.key ?? '', 'echo'), 401)
    assert.equal(await ask(second.url, second.apiKeys[0]?.key ?? '', 'echo'), 200)
  })
})

test('a client token makes the same service once, and never another', async () => {
  await using gateway = await startGateway()
  const call = restOf(gateway)
  const asked = {
    name: 'x',
    path: '/x',
    clientToken: 'token-1',
    backend: { type: 'stdio', command: 'nothing', env: { TOKEN: secret } },
    authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'one' }] }],
  }
  const first = await call('POST', '/mcp-services', asked)
  const again = await call('POST', '/mcp-services', { ...asked, backend: { ...asked.backend } })
  assert.equal(again.status, 201)
  assert.equal(again.body.id, first.body.id)
  assert.ok(first.body.authorizers[0].apiKeys[0].key)
  assert.equal(again.body.authorizers[0].apiKeys[0].key, undefined, 'a key is shown once')
  for (const other of [
    { ...asked, name: 'y' },
    { ...asked, path: '/y' },
  ]) {
    const refused = await call('POST', '/mcp-services', other)
    assert.equal(refused.status, 409)
    assert.equal(refused.body.errors[0].field, 'clientToken')
  }
  const rivals = await Promise.all(
    Array.from({ length: 5 }, () => call('POST', '/mcp-services', { ...asked, path: '/z', clientToken: 'token-2' })),
  )
  assert.deepEqual(new Set(rivals.map((rival) => rival.status)), new Set([201]))
  assert.equal(new Set(rivals.map((rival) => rival.body.id)).size, 1)
  assert.equal((await call('GET', '/mcp-services')).body.items.length, 2)
  await call('DELETE', `/mcp-services/${first.body.id}`)
  assert.notEqual((await call('POST', '/mcp-services', asked)).body.id, first.body.id)
})

test('lists are paged, oldest first', async () => {
  await using gateway = await startGateway()
  const call = restOf(gateway)
  const paths = Array.from({ length: 5 }, (_, n) => `/service-${n}`)
  for (const path of paths) await call('POST', '/mcp-services', { name: path, path, backend: { type: 'builtin' } })
  const seen: string[] = []
  let query = '?limit=2'
  for (let page = 0; page < 3; page++) {
    const { body } = await call('GET', `/mcp-services${query}`)
    seen.push(...body.items.map(({ path }: { path: string }) => path))
    assert.equal(body.nextCursor === null, page === 2)
    query = `?limit=2&cursor=${encodeURIComponent(body.nextCursor)}`
  }
  assert.deepEqual(seen, paths)
})

test('every change of a service and of its keys is an event, with the request that asked for it', async () => {
  await using gateway = await startGateway()
  const call = restOf(gateway)
  const service = await gateway.createService({ id: 'noted', name: 'x', path: '/x', backend: { type: 'builtin' } })
  await call('PATCH', `/mcp-services/${service.id}`, { name: 'y' })
  const jwt = { type: 'CustomJWT', discoveryUrl: 'https://idp.example/.well-known/openid-configuration' }
  const authorizers = [{ type: 'ApiKey' }, { ...jwt, acceptClientIdAudience: true }]
  await call('PATCH', `/mcp-services/${service.id}`, { authorizers })
  const { body: key } = await call('POST', `/mcp-services/${service.id}/api-keys`, { name: 'k' })
  await call('DELETE', `/mcp-services/${service.id}/api-keys/${key.id}`)
  await call('DELETE', `/mcp-services/${service.id}`)
  const { body } = await call('GET', '/events?serviceId=noted')
  const events = body.items.toReversed() as { kind: string; reason: string; requestId?: string }[]
  assert.deepEqual(
    events.map(({ kind, reason }) => `${kind} ${reason}`),
    [
      'service.state created',
      'service.state ok',
      'service.state updated',
      'service.state updated',
      'admin.changed setting_loosened',
      'admin.changed created',
      'admin.changed deleted',
      'service.state deleted',
    ],
  )
  assert.ok(events.slice(2).every(({ requestId }) => requestId))
})

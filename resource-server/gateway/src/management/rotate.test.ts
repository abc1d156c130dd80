import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { generateApiKey } from '@postern/core'
import { createTestClock, type TestClock } from '@postern/core/testing'
import { startRecordingUpstream } from '../protocol/fixtures/recording-upstream.ts'
import { initialize, post, postModern, rpc } from '../protocol/fixtures/wire.ts'
import { eventually, restOf } from '../testing/rest.ts'
import { type Gateway, startGateway } from '../testing/start-gateway.ts'

const hour = 3_600_000

async function open(t: TestContext, more: { dataDir?: string } = {}) {
  const clock = createTestClock(Date.now())
  const gateway = await startGateway({ clock, ...more })
  t.after(gateway.close)
  const service = await gateway.createService({
    id: 's',
    name: 's',
    path: '/s',
    backend: { type: 'builtin' },
    authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'the CI', tools: ['echo'] }, { name: 'other' }] }],
  })
  const [made] = service.apiKeys
  assert.ok(made)
  return { gateway, clock, call: restOf(gateway), first: made.key, path: `/mcp-services/s/api-keys/${made.id}` }
}

async function statusOf({ url }: Gateway, key: string): Promise<number> {
  const response = await fetch(`${url}/s`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  await response.text()
  return response.status
}

test('while a key is rotated both of its values are good, under one name; then the new one alone', async (t) => {
  const { gateway, clock, call, first, path } = await open(t)
  const rotated = await call('POST', `${path}/rotate`, { grace: 3600 })
  assert.equal(rotated.status, 200)
  const { key: second, ...shown } = rotated.body
  assert.match(second, /^pst_[\w-]{43}$/)
  assert.notEqual(second, first)
  assert.equal(shown.hint, `pst_…${second.slice(-4)}`)
  assert.deepEqual([shown.name, shown.tools, shown.expiresAt], ['the CI', ['echo'], null])
  assert.deepEqual(shown.previous, {
    hint: `pst_…${first.slice(-4)}`,
    expiresAt: new Date(clock.now() + hour).toISOString(),
    lastUsedAt: null,
  })
  assert.equal('key' in (await call('GET', path)).body, false, 'its value is shown once')

  assert.deepEqual([await statusOf(gateway, first), await statusOf(gateway, second)], [200, 200])
  clock.advance(hour - 1000)
  assert.equal(await statusOf(gateway, first), 200)
  const { body } = await call('GET', path)
  const now = new Date(clock.now()).toISOString()
  assert.deepEqual([body.previous.lastUsedAt, body.lastUsedAt], [now, now], 'who still uses the old one can be seen')
  clock.advance(1000)
  assert.deepEqual([await statusOf(gateway, first), await statusOf(gateway, second)], [401, 200])
  const { body: over } = await call('GET', path)
  assert.equal(over.previous, undefined)
  clock.advance(hour)
  assert.equal(await statusOf(gateway, first), 401)
  assert.equal((await call('GET', path)).body.lastUsedAt, over.lastUsedAt, 'a value that is over is no use of the key')
  const events = await eventually('the refusal', async () => {
    const { body: found } = await call('GET', '/events?kind=access.refused')
    return found.items.length > 0 ? found.items : undefined
  })
  assert.deepEqual([events[0].reason, events[0].status], ['api_key_expired', 401])
  const { body: told } = await call('GET', '/events?kind=key.rotated')
  assert.deepEqual([told.items.length, told.items[0].apiKeyName, told.items[0].serviceId], [1, 'the CI', 's'])
})

test('a call that is under way outlives the value that it came with, rotated or deleted', async (t) => {
  const upstream = await startRecordingUpstream()
  t.after(() => upstream.close())
  const { gateway, call } = await open(t)
  const backend = { type: 'http' as const, url: upstream.url }
  const keys = [{ name: 'rotated' }, { name: 'deleted' }]
  const service = { id: 'late', name: 'late', path: '/late', backend }
  const { apiKeys } = await gateway.createService({ ...service, authorizers: [{ type: 'ApiKey', apiKeys: keys }] })
  const url = `${gateway.url}/late`
  const params = { name: 'hold', arguments: {} }
  const values = apiKeys.map(({ key }) => key)
  const sessions = await Promise.all(values.map((key) => initialize(url, key)))
  const held = values.flatMap((key, index) => [
    post(url, key, rpc('tools/call', params)),
    post(url, key, rpc('tools/call', params), { 'mcp-session-id': sessions[index] ?? '' }),
    post(url, key, [rpc('tools/call', params)]),
    postModern(url, key, 'tools/call', params),
  ])
  await upstream.waiting(held.length)
  const [rotated, deleted] = apiKeys
  const path = '/mcp-services/late/api-keys'
  const { status, body } = await call('POST', `${path}/${rotated?.id}/rotate`, { grace: 0 })
  assert.equal(status, 200)
  assert.equal((await call('DELETE', `${path}/${deleted?.id}`)).status, 204)
  for (const value of values) {
    assert.equal((await post(url, value, rpc('tools/call', params))).status, 401, 'no further one is let in')
    assert.equal((await postModern(url, value, 'tools/call', params)).status, 401)
  }
  upstream.release()
  for (const answer of await Promise.all(held)) {
    assert.equal(answer.status, 200)
    assert.match(answer.text, /"text":"hold"/)
  }
  for (const value of values) assert.equal((await post(url, value, rpc('tools/list'))).status, 401)
  assert.equal((await post(url, body.key, rpc('tools/list'))).status, 200)
})

test('there are two values at most, and without grace all older ones end at once', async (t) => {
  const { gateway, clock, call, first, path } = await open(t)
  const { key: second } = (await call('POST', `${path}/rotate`, {})).body
  const third = await call('POST', `${path}/rotate`, { grace: 60 })
  assert.deepEqual([third.status, third.body.code, third.body.errors[0].field], [409, 'limit', 'grace'])
  assert.match(third.body.detail, /two values of this key are good until .*; wait for that, or give grace 0/)
  assert.deepEqual([await statusOf(gateway, first), await statusOf(gateway, second)], [200, 200])

  const { key: fourth, previous } = (await call('POST', `${path}/rotate`, { grace: 0 })).body
  assert.equal(previous, undefined)
  assert.deepEqual(
    [await statusOf(gateway, first), await statusOf(gateway, second), await statusOf(gateway, fourth)],
    [401, 401, 200],
  )
  const { key: fifth } = (await call('POST', `${path}/rotate`, { grace: 60 })).body
  clock.advance(60_000)
  assert.equal((await call('POST', `${path}/rotate`, {})).status, 200, 'when the grace is over, it can go on')
  assert.deepEqual([await statusOf(gateway, fourth), await statusOf(gateway, fifth)], [401, 200])
})

test('an old value never outlives what it was made for; a key that has expired needs a new end', async (t) => {
  const { gateway, clock, call } = await open(t)
  const expiresAt = new Date(clock.now() + hour).toISOString()
  const { body: made } = await call('POST', '/mcp-services/s/api-keys', { name: 'short', expiresAt })
  const path = `/mcp-services/s/api-keys/${made.id}`
  const { body: rotated } = await call('POST', `${path}/rotate`, { grace: 86_400, expiresAt: null })
  assert.deepEqual([rotated.expiresAt, rotated.previous.expiresAt], [null, expiresAt])
  clock.advance(hour)
  assert.deepEqual([await statusOf(gateway, made.key), await statusOf(gateway, rotated.key)], [401, 200])

  const end = new Date(clock.now() + hour).toISOString()
  const { body: other } = await call('POST', '/mcp-services/s/api-keys', { name: 'gone', expiresAt: end })
  clock.advance(2 * hour)
  const dead = `/mcp-services/s/api-keys/${other.id}/rotate`
  const refused = await call('POST', dead, {})
  assert.deepEqual([refused.status, refused.body.errors[0].field], [400, 'expiresAt'])
  assert.match(refused.body.detail, /has expired.*give a later time, or null/)
  assert.equal((await call('POST', dead, { expiresAt: null })).status, 200)
})

test('what cannot be rotated', async (t) => {
  const { call, path } = await open(t)
  for (const [at, body, status, field] of [
    [path, { key: generateApiKey() }, 400, 'key'],
    [path, { grace: 604_801 }, 400, 'grace'],
    [path, { graceSeconds: 1 }, 400, 'graceSeconds'],
    ['/mcp-services/s/api-keys/nothing', {}, 404, undefined],
    ['/mcp-services/nothing/api-keys/nothing', {}, 404, undefined],
  ] as const) {
    const answer = await call('POST', `${at}/rotate`, body)
    assert.deepEqual([answer.status, answer.body.errors?.[0]?.field], [status, field])
  }
  assert.equal((await call('GET', path)).body.previous, undefined)
  assert.equal((await call('GET', `${path}/rotate`)).status, 405)
})

test('it stays so over a restart, and no seed brings an old value back', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-rotate-'))
  t.after(() => rm(dataDir, { recursive: true, force: true }))
  const value = generateApiKey()
  const seed = {
    version: 1 as const,
    services: [
      {
        id: 's',
        path: '/s',
        backend: { type: 'builtin' as const },
        authorizers: [{ type: 'ApiKey' as const, apiKeys: [{ name: 'seeded', key: value }] }],
      },
    ],
  }
  const clock: TestClock = createTestClock(Date.now())
  const start = () => startGateway({ dataDir, seed, clock })
  let gateway = await start()
  const call = restOf(gateway)
  const [{ id }] = (await call('GET', '/mcp-services/s/api-keys')).body.items
  const { body: rotated } = await call('POST', `/mcp-services/s/api-keys/${id}/rotate`, { grace: 3600 })
  assert.equal(await statusOf(gateway, value), 200)
  await gateway.close()

  gateway = await start()
  assert.deepEqual([await statusOf(gateway, value), await statusOf(gateway, rotated.key)], [200, 200])
  clock.advance(hour)
  await gateway.close()

  gateway = await start()
  t.after(() => gateway.close())
  assert.deepEqual([await statusOf(gateway, value), await statusOf(gateway, rotated.key)], [401, 200])
  const twin = { ...seed.services[0], authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'another', key: value }] }] }
  const applied = await restOf(gateway)('POST', '/seed', { version: 1, services: [twin] })
  assert.equal(applied.status, 409, 'nor gives it another name')
})

test('a seed brings a value only where it says another: not after any number of rotations, nor its end', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-rotate-'))
  t.after(() => rm(dataDir, { recursive: true, force: true }))
  const clock: TestClock = createTestClock(Date.now())
  const leaked = generateApiKey()
  const end = clock.now() + 10 * hour
  const seedWith = (...apiKeys: { name: string; key: string; expiresAt?: string }[]) => ({
    version: 1 as const,
    services: [
      {
        id: 's',
        path: '/s',
        backend: { type: 'builtin' as const },
        authorizers: [{ type: 'ApiKey' as const, apiKeys }],
      },
    ],
  })
  const seed = seedWith({ name: 'seeded', key: leaked, expiresAt: new Date(end).toISOString() })
  const first = await startGateway({ dataDir, seed, clock })
  const call = restOf(first)
  const [{ id }] = (await call('GET', '/mcp-services/s/api-keys')).body.items
  const path = `/mcp-services/s/api-keys/${id}/rotate`
  const expiresAt = new Date(end + hour).toISOString()
  await call('POST', path, { grace: 0 })
  const { key: live } = (await call('POST', path, { grace: 0, expiresAt })).body
  await first.close()

  const again = await startGateway({ dataDir, seed, clock })
  t.after(() => again.close())
  const rest = restOf(again)
  assert.deepEqual([await statusOf(again, leaked), await statusOf(again, live)], [401, 200], 'what leaked stays away')
  assert.equal((await rest('GET', `/mcp-services/s/api-keys/${id}`)).body.expiresAt, expiresAt, 'its end is its own')
  assert.equal((await rest('POST', '/seed', seed)).body.unchanged, 1)
  const exported = (await rest('GET', '/seed')).body
  assert.equal((await rest('POST', '/seed', exported)).status, 200)
  for (let count = 0; count < 2; count += 1) await rest('POST', path, { grace: 0 })
  const { key: newest } = (await rest('POST', path, { grace: 0 })).body
  for (const older of [seed, exported]) {
    await rest('POST', '/seed', older)
    assert.equal(await statusOf(again, newest), 200, 'nor what a seed said in between')
  }
  const twin = await rest('POST', '/seed', seedWith({ name: 'another', key: leaked }))
  assert.equal(twin.status, 409, 'nor does it come back under another name')

  const next = generateApiKey()
  assert.equal((await rest('POST', '/seed', seedWith({ name: 'seeded', key: next }))).status, 200)
  assert.deepEqual([await statusOf(again, newest), await statusOf(again, next)], [401, 200], 'another value is brought')
  const sooner = new Date(clock.now() + hour).toISOString()
  await rest('POST', '/seed', seedWith({ name: 'seeded', key: next, expiresAt: sooner }))
  const { body } = await rest('GET', `/mcp-services/s/api-keys/${id}`)
  assert.equal(body.expiresAt, sooner, 'the end of its own value is for the seed to say')
})

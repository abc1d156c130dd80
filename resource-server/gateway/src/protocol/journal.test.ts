import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventInput } from '@postern/core'
import { startTestGateway } from './fixtures/test-gateway.ts'
import { post, postModern, rpc } from './fixtures/wire.ts'

test('each request is one event and one measurement, with its tool by name and nothing of its content', async (t) => {
  const gateway = await startTestGateway({ services: [{ id: 'mcp', backend: { type: 'builtin' } }] })
  t.after(gateway.close)
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  const long = `t${'x'.repeat(500)}`
  await post(url, key, rpc('tools/call', { name: 'echo', arguments: { message: 'a private matter' } }))
  await postModern(url, key, 'tools/call', { name: long })
  await post(url, key, rpc('made/up'))
  await post(url, key, [rpc('ping')])
  await post(url, 'wrong', rpc('tools/list'))
  assert.deepEqual(
    gateway.finished.map(({ serviceId, method, status }) => [serviceId, method, status]),
    [
      ['mcp', 'tools/call', 200],
      ['mcp', 'tools/call', 200],
      ['mcp', 'other', 200],
      ['mcp', 'batch', 200],
      ['mcp', 'other', 401],
    ],
  )
  assert.deepEqual(
    gateway.events.map(({ kind, serviceId, tool, status }: EventInput) => [kind, serviceId, tool, status]),
    [
      ['access.verified', 'mcp', 'echo', 200],
      ['access.verified', 'mcp', long.slice(0, 128), 200],
      ['access.verified', 'mcp', undefined, 200],
      ['access.verified', 'mcp', undefined, 200],
      ['access.refused', 'mcp', undefined, 401],
    ],
  )
  assert.ok(gateway.events.every(({ durationMs }) => typeof durationMs === 'number'))
  assert.equal(new Set(gateway.events.map(({ requestId }) => requestId)).size, 5)
  assert.doesNotMatch(JSON.stringify(gateway.events), /private matter/)
})

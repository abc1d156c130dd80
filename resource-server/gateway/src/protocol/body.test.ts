import assert from 'node:assert/strict'
import { test } from 'node:test'
import { odd } from '../backends/fixtures/harness.ts'
import type { Json } from '../backends/json-rpc.ts'
import { callModern, said } from './fixtures/asking-wire.ts'
import { startTestGateway } from './fixtures/test-gateway.ts'
import { auth, parse, post, rpc, send } from './fixtures/wire.ts'

const refused = {
  code: -32600,
  message: 'Invalid request: the body is nested deeper than 64 levels; send what is deeper as a text',
}

function nested(depth: number): Json {
  return JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
}

test('a body is nested as deep as its bound and no deeper, in either era and with a call that can be parked', async (t) => {
  const gateway = await startTestGateway({ services: [{ id: 'mcp', backend: odd() }] })
  t.after(gateway.close)
  const url = `${gateway.origin}/mcp`
  const key = await gateway.catalog.addKey('mcp', { name: 'k' })
  const legacy = async (args: { [name: string]: Json }) => {
    const { status, text } = await post(url, key, rpc('tools/call', { name: 'echo', arguments: args }))
    return { status, ...parse(text) }
  }
  const modern = (args: { [name: string]: Json }) => callModern(url, key, 'echo', { arguments: args })
  for (const call of [legacy, modern]) {
    // Around it are the message, its params and its arguments.
    const args = { deep: nested(64 - 3) }
    assert.deepEqual(said(await call(args)), args)
    for (const depth of [64 - 2, 3000]) {
      const { status, error, id } = await call({ deep: nested(depth) })
      assert.deepEqual([status, error, id], [400, refused, null])
    }
  }
  const body = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const { status, text } = await send(url, { headers: { ...auth(key), 'content-type': 'application/json' }, body })
  assert.deepEqual([status, parse(text).error], [400, refused])
  assert.deepEqual(said(await modern({ still: 'there' })), { still: 'there' })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScriptedUpstream } from '../fixtures/scripted-upstream.ts'
import { startTestGateway } from '../fixtures/test-gateway.ts'
import { parse, postModern } from '../fixtures/wire.ts'

test('a list that was made for one caller is kept for no other, whatever the backend says of the whole', async (t) => {
  const tools = ['read', 'drop'].map((name) => ({ name, inputSchema: { type: 'object' } }))
  const upstream = await startScriptedUpstream(
    'modern',
    { tools: {} },
    { 'tools/list': () => ({ resultType: 'complete', ttlMs: 60_000, cacheScope: 'public', tools }) },
  )
  const gateway = await startTestGateway({
    services: [{ id: 's', backend: { type: 'http', url: upstream.url } }],
  })
  t.after(() => Promise.all([gateway.close(), upstream.close()]))
  const list = async (narrow: { readonly tools?: readonly string[] }) => {
    const key = await gateway.catalog.addKey('s', { name: 'k', ...narrow })
    const { result = {} } = parse((await postModern(`${gateway.origin}/s`, key, 'tools/list')).text)
    return { tools: result['tools'], ttlMs: result['ttlMs'], cacheScope: result['cacheScope'] }
  }
  assert.deepEqual(await list({}), { tools, ttlMs: 60_000, cacheScope: 'public' })
  assert.deepEqual(await list({ tools: ['read'] }), { tools: [tools[0]], ttlMs: 0, cacheScope: 'private' })
  // What everything is left of is the caller's own all the same: the next one may see less.
  assert.deepEqual(await list({ tools: ['read', 'drop'] }), { tools, ttlMs: 0, cacheScope: 'private' })
})

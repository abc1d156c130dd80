import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createResourceServer } from '../resource-server.ts'
import { createFakeIssuer } from '../testing/fake-issuer.ts'
import { guard } from './fetch.ts'

test('nothing watches the stream of an answer to HEAD, which nobody reads or cancels', async () => {
  const resource = 'https://mcp.example/mcp'
  const issuer = await createFakeIssuer({ audience: resource })
  const rs = createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }] })
  try {
    const answer = new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } })
    const handler = guard(rs)(() => answer)
    const headers = { authorization: `Bearer ${issuer.mint()}` }
    const head = await handler(new Request(resource, { method: 'HEAD', headers }))
    assert.equal(head.body, answer.body)
    const get = await handler(new Request(resource, { headers }))
    assert.notEqual(get.body, answer.body)
    await get.body?.cancel()
  } finally {
    rs.close()
    await issuer.close()
  }
})

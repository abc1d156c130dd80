/** What a modern backend gave a client to bring back outlives the gateway that passed it on, and helps nobody else. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startGateway } from '@postern/gateway/testing'
import { startFixture } from '../conformance/fixture/fixture-server.ts'

const name = 'test_input_required_result_request_state'

async function call(url: string, key: string, more: object = {}): Promise<Record<string, unknown>> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'wire', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  }
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${key}`,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name, arguments: {}, ...more, _meta },
    }),
  })
  const text = await response.text()
  return JSON.parse(text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '{}'))
}

test('a gateway that was started again knows the states that it gave out; no other gateway does', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-state-'))
  const fixture = await startFixture('modern')
  t.after(async () => {
    await fixture.close()
    await rm(dataDir, { recursive: true, force: true })
  })
  const service = {
    id: 'fixture',
    name: 'Fixture',
    path: '/mcp',
    backend: { type: 'http' as const, url: fixture.url },
    authorizers: [{ type: 'ApiKey' as const, apiKeys: [{ name: 'one' }] }],
  }
  const first = await startGateway({ dataDir })
  const { apiKeys } = await first.createService(service)
  const key = apiKeys[0]?.key ?? assert.fail()
  const { result } = await call(`${first.url}/mcp`, key)
  await first.close()
  const { requestState } = result as { requestState: string }
  const answers = { requestState, inputResponses: { confirm: { action: 'accept', content: { ok: true } } } }

  await using stranger = await startGateway()
  const elsewhere = await stranger.createService(service)
  const refused = await call(elsewhere.url, elsewhere.apiKeys[0]?.key ?? '', answers)
  assert.equal((refused['error'] as { code: number }).code, -32602)

  await using again = await startGateway({ dataDir })
  assert.match(JSON.stringify(await call(`${again.url}/mcp`, key, answers)), /state-ok/)
})

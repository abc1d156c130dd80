import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPreflight, preflightReply } from './cors.ts'
import type { InboundRequest } from './request.ts'

function request(method: string, headers: Record<string, string>): InboundRequest {
  return { method, url: '/mcp', header: (name) => headers[name] }
}

const asking = { origin: 'https://app.example', 'access-control-request-method': 'POST' }

test('a preflight is an OPTIONS with an origin and a method asked for', () => {
  assert.ok(isPreflight(request('OPTIONS', asking)))
  assert.ok(!isPreflight(request('POST', asking)))
  assert.ok(!isPreflight(request('OPTIONS', { origin: 'https://app.example' })))
  assert.ok(!isPreflight(request('OPTIONS', { 'access-control-request-method': 'POST' })))
})

test('the answer allows what MCP clients send, and credentials never', () => {
  const { status, headers, body } = preflightReply(request('OPTIONS', asking))
  assert.deepEqual([status, body], [204, undefined])
  assert.equal(headers['access-control-allow-origin'], '*')
  assert.equal(headers['access-control-allow-credentials'], undefined)
  assert.match(headers['access-control-expose-headers'] ?? '', /\bWWW-Authenticate\b/)
  const allowed = (headers['access-control-allow-headers'] ?? '').toLowerCase().split(', ')
  for (const name of [
    'authorization',
    'dpop',
    'content-type',
    'mcp-protocol-version',
    'mcp-session-id',
    'mcp-method',
    'mcp-name',
  ]) {
    assert.ok(allowed.includes(name), name)
  }
})

test('Mcp-Param headers are allowed by name; nothing else is echoed', () => {
  const names = 'mcp-param-region, X-Evil, mcp-param-a\r\nx: y, , Mcp-Param-Zone'
  const { headers } = preflightReply(request('OPTIONS', { ...asking, 'access-control-request-headers': names }))
  assert.match(headers['access-control-allow-headers'] ?? '', /, Mcp-Name, mcp-param-region, Mcp-Param-Zone$/)
})

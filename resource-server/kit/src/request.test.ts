import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromFetchRequest, splitUrl } from './request.ts'

test('splits path and query, of a path or of a whole URL', () => {
  assert.deepEqual(splitUrl('/mcp'), { path: '/mcp', query: '' })
  assert.deepEqual(splitUrl('/mcp?a=b?c'), { path: '/mcp', query: '?a=b?c' })
  assert.deepEqual(splitUrl('https://mcp.example/mcp?a=b'), { path: '/mcp', query: '?a=b' })
  assert.deepEqual(splitUrl('https://mcp.example'), { path: '/', query: '' })
  assert.deepEqual(splitUrl('https://mcp.example?a=b/c'), { path: '/', query: '?a=b/c' })
  assert.deepEqual(splitUrl('//evil.example/mcp'), { path: '//evil.example/mcp', query: '' })
})

test('a fetch request shows its headers whatever their case', () => {
  const inbound = fromFetchRequest(new Request('https://mcp.example/mcp', { headers: { AUTHORIZATION: 'Bearer a' } }))
  assert.equal(inbound.header('authorization'), 'Bearer a')
  assert.equal(inbound.header('origin'), undefined)
  assert.equal(inbound.method, 'GET')
})

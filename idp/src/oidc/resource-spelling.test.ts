import assert from 'node:assert/strict'
import { parse } from 'node:querystring'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { respell, respellQuery, toForm } from './resource-spelling.ts'
import { hotPool } from './test-records.ts'

const identifier = 'https://mcp.example/mcp'
const resource = {
  id: 'r',
  poolId: 'p',
  identifier,
  name: null,
  scopes: [],
  accessTokenTtl: null,
  createdAt: 0,
  updatedAt: 0,
}
const pool = hotPool({ resources: [resource] })

describe('a resource', () => {
  for (const [sent, spelled] of [
    ['https://mcp.example/mcp/', identifier],
    ['HTTPS://MCP.EXAMPLE:443/mcp', identifier],
    ['https://mcp.example/MCP', undefined],
    ['https://mcp.example/mcp//', undefined],
    ['http://mcp.example/mcp', undefined],
    [identifier, undefined],
    ['not a URL', undefined],
  ] as const) {
    test(`${sent} is ${spelled ?? 'left as it is'}`, () => {
      assert.equal(respell(pool, { resource: sent })?.['resource'], spelled)
    })
  }

  test('sent twice stays sent twice', () => {
    const sent = ['https://mcp.example/mcp/', 'https://x.example']
    assert.deepEqual(respell(pool, { resource: sent })?.['resource'], [identifier, 'https://x.example'])
  })
})

describe('offline_access', () => {
  test('is taken out of the scope, and nothing else is', () => {
    assert.equal(respell(pool, { scope: 'a offline_access b' })?.['scope'], 'a b')
    assert.equal(respell(pool, { scope: 'offline_access' })?.['scope'], undefined)
    assert.equal(respell(pool, { scope: 'my.offline_access' }), undefined)
  })
})

test('whatever else a request says comes out as it went in', () => {
  const text = fc.string({ unit: 'binary' })
  const params = fc.dictionary(
    text.filter((name) => name !== '__proto__'),
    text,
  )
  fc.assert(
    fc.property(params, (others) => {
      const sent = { ...others, scope: 'a', resource: `${identifier}/` }
      const query = respellQuery(pool, `?${toForm(sent)}`)
      assert.deepEqual({ ...parse(query.slice(1)) }, { ...parse(toForm({ ...sent, resource: identifier })) })
    }),
  )
})

test('a query with nothing to respell is not touched', () => {
  const query = '?a=%zz&resource=https%3A%2F%2Fmcp.example%2Fmcp&b'
  assert.equal(respellQuery(pool, query), query)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateApiKey } from '@postern/core'
import { limits } from '@postern/server'
import { auditedArguments } from './audited-arguments.ts'

test('arguments as JSON, without what has the name or the look of a credential', () => {
  assert.equal(
    auditedArguments({ path: '/a', depth: 2, deep: { list: [1, null, true] } }),
    '{"path":"/a","depth":2,"deep":{"list":[1,null,true]}}',
  )
  assert.equal(auditedArguments(undefined), undefined)
  const key = generateApiKey()
  const jwt = `eyJhbGciOiJFUzI1NiJ9.${'x'.repeat(50)}.${'y'.repeat(80)}`
  const text = auditedArguments({
    password: 'hunter22',
    headers: { authorization: 'Bearer abcdefghijkl' },
    note: `the key is ${key}, the token ${jwt}, or Bearer abcdefghijklmnop`,
    [key]: 1,
  })
  for (const secret of ['hunter22', key, jwt, 'abcdefghijkl']) assert.equal(text?.includes(secret), false, secret)
})

test('bounded, however large, deep or wide they are, and no token is cut to half of one', () => {
  const key = generateApiKey()
  let deep: Record<string, unknown> = {}
  for (let depth = 0; depth < 1000; depth += 1) deep = { deep }
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`name-${index}`, 'x'.repeat(1000)]))
  for (const value of [deep, wide, { long: 'x'.repeat(4_000_000) }]) {
    const text = auditedArguments(value as never) ?? ''
    assert.ok(text.length <= limits.eventArguments && text.length > 10)
  }
  for (let before = limits.eventArguments - 80; before < limits.eventArguments; before += 1) {
    assert.doesNotMatch(auditedArguments({ a: `${'x'.repeat(before)} ${key}` }) ?? '', /pst_/)
  }
})

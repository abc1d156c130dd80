import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expandScopes, parseScope } from '@postern/core'
import fc from 'fast-check'
import type { TokenContext } from '../checks/context.ts'
import { limits } from '../limits.ts'
import { readOptions } from '../options/read-options.ts'
import { Refusal } from '../refusal.ts'
import { createGrants } from './granted.ts'

const issuers = [{ issuer: 'https://as.example' }]
const [rules = assert.fail()] = readOptions({ resource: 'https://mcp.example/mcp', issuers }).issuers
const hierarchy = { admin: ['write'], write: ['read'] }

function saying(scope: unknown): TokenContext {
  return { header: {}, claims: { scope }, rules, now: 0 }
}

const names = fc.constantFrom('admin', 'write', 'read', 'other', 'toString', '__proto__', 'x'.repeat(300))
const claims = fc.oneof(
  fc.array(names).map((list) => list.join(' ')),
  fc.array(names),
  fc.constant(undefined),
)

test('whatever was asked before, a claim grants what it says and what that implies', () => {
  fc.assert(
    fc.property(fc.array(claims, { minLength: 1, maxLength: 40 }), (asked) => {
      const grants = createGrants(hierarchy)
      for (const claim of [...asked, ...asked]) {
        const scopes = typeof claim === 'string' ? (parseScope(claim) ?? []) : (claim ?? [])
        const { names: granted, list } = grants(saying(claim))
        assert.deepEqual(granted, expandScopes(scopes, hierarchy))
        assert.deepEqual(list, [...granted])
        assert.ok(Object.isFrozen(list))
      }
    }),
  )
})

test('more texts than are kept are read all the same; a list is read anew', () => {
  const grants = createGrants({})
  for (let index = 0; index < 3 * limits.scopeTexts; index += 1) {
    const text = `a${index % (2 * limits.scopeTexts)}`
    assert.deepEqual(grants(saying(text)).list, [text])
  }
  const list = ['read']
  assert.deepEqual(grants(saying(list)).list, ['read'])
  list.push('write')
  assert.deepEqual(grants(saying(list)).list, ['read', 'write'])
})

test('what is malformed is refused each time', () => {
  const grants = createGrants({})
  for (const claim of ['a  b', 'a  b', '"', ['a b'], [1], 1, { a: 1 }]) {
    assert.throws(
      () => grants(saying(claim)),
      (error) => error instanceof Refusal && error.reason === 'malformed_claim',
    )
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAuthInfo, freezeDeep, isAuthInfo } from './auth-info.ts'

const input = {
  kind: 'jwt',
  token: 't',
  issuer: 'https://as.example',
  subject: 's',
  clientId: 'c',
  scopes: ['read'],
  audience: ['https://mcp.example/mcp'],
  expiresAt: 1,
  resource: 'https://mcp.example/mcp',
  claims: { nested: { list: [{ a: 1 }] } },
} as const

test('nothing of it can be changed, however deep', () => {
  const auth = createAuthInfo({ ...input, claims: structuredClone({ nested: { list: [{ a: 1 }] } }) })
  assert.throws(() => Object.assign(auth, { subject: 'admin' }), TypeError)
  assert.throws(() => auth.scopes.push('admin'), TypeError)
  assert.throws(() => Object.assign(auth.extra, { a: 1 }), TypeError)
  assert.throws(() => Object.defineProperty(auth.claims['nested'], 'list', { value: [] }), TypeError)
})

test('the resource is a URL of its own at each reading', () => {
  const auth = createAuthInfo(input)
  auth.resource.pathname = '/evil'
  assert.equal(auth.resource.href, 'https://mcp.example/mcp')
  assert.ok({ ...auth }.resource instanceof URL)
})

test('what is not known is absent rather than undefined', () => {
  const { expiresAt: _, ...rest } = input
  const auth = createAuthInfo(rest)
  assert.ok(!('expiresAt' in auth))
  assert.ok(!('resourceMetadataUrl' in auth))
  assert.deepEqual(auth.extra, {})
})

test('freezing ends on cycles and leaves foreign objects alone', () => {
  const date = new Date(0)
  const cyclic: { self?: unknown; date: Date } = { date }
  cyclic.self = cyclic
  freezeDeep(cyclic)
  assert.ok(Object.isFrozen(cyclic))
  assert.ok(!Object.isFrozen(date))
})

test('what only looks like one is none', () => {
  const auth = createAuthInfo(input)
  assert.ok(isAuthInfo(auth))
  for (const other of [{ ...auth }, undefined, null, 'auth']) assert.ok(!isAuthInfo(other))
})

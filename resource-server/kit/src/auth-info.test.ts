import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAuthInfo, freezeDeep, freezeJson, isAuthInfo, withoutResource } from './auth-info.ts'

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

test('claims are frozen however deep, and what somebody put on the prototype of all is left alone', () => {
  const settings = {}
  const claims = JSON.parse('{"nested": {"list": [{"a": 1}]}, "__proto__": {"b": {}}}')
  Object.defineProperty(Object.prototype, 'settings', { value: settings, enumerable: true, configurable: true })
  try {
    freezeJson(claims)
  } finally {
    Reflect.deleteProperty(Object.prototype, 'settings')
  }
  const own = Object.getOwnPropertyDescriptor(claims, '__proto__')?.value
  for (const frozen of [claims, claims.nested.list, claims.nested.list[0], own, own.b])
    assert.ok(Object.isFrozen(frozen))
  assert.ok(!Object.isFrozen(settings))
})

test('what only looks like one is none', () => {
  const auth = createAuthInfo(input)
  assert.ok(isAuthInfo(auth))
  for (const other of [{ ...auth }, undefined, null, 'auth']) assert.ok(!isAuthInfo(other))
  // With the very getter, but not frozen: somebody may have changed it.
  assert.ok(!isAuthInfo(Object.defineProperties({}, Object.getOwnPropertyDescriptors(auth))))
  assert.ok(!isAuthInfo(Object.create(auth)))
  const lookAlike = Object.freeze({
    ...auth,
    get resource() {
      return new URL(input.resource)
    },
  })
  assert.ok(!isAuthInfo(lookAlike))
  assert.ok(isAuthInfo(withoutResource(auth)))
  assert.ok(!isAuthInfo({ ...withoutResource(auth) }))
})

test('of many resources each caller keeps its own', () => {
  const first = createAuthInfo(input)
  const resources = Array.from({ length: 600 }, (_, index) => `https://mcp${index}.example/`)
  const callers = resources.map((resource) => createAuthInfo({ ...input, resource }))
  assert.deepEqual(
    callers.map((auth) => auth.resource.href),
    resources,
  )
  assert.equal(first.resource.href, new URL(input.resource).href)
  assert.ok([first, ...callers].every(isAuthInfo))
  assert.notEqual(first.resource, first.resource)
})

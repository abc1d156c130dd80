import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAuthInfo } from '../auth-info.ts'
import { authInfoOf } from './auth-info-of.ts'

const auth = createAuthInfo({
  kind: 'jwt',
  token: 't',
  issuer: 'https://as.example',
  subject: 'alice',
  clientId: 'app',
  scopes: ['read'],
  audience: ['https://mcp.example/mcp'],
  resource: 'https://mcp.example/mcp',
})

test('the caller, from wherever an SDK has put it', () => {
  assert.equal(authInfoOf({ authInfo: auth }), auth)
  assert.equal(authInfoOf({ http: { authInfo: auth } }), auth)
  assert.ok(Object.isFrozen(authInfoOf({ authInfo: auth }).scopes))
})

test('what no guard has verified is nobody', () => {
  for (const context of [
    {},
    { http: undefined },
    { http: {} },
    { authInfo: { ...auth } },
    { http: { authInfo: { subject: 'x' } } },
  ]) {
    assert.throws(() => authInfoOf(context), TypeError)
  }
})

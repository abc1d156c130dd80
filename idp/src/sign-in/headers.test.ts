import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formTarget, pageHeaders } from './headers.ts'

const brand = { name: 'Staff', host: 'idp.example', root: '/pools/staff' }

test('a page with a form that leads back to a client', () => {
  assert.deepEqual(pageHeaders({ brand, hasForm: true, redirectUri: 'https://app.example/callback?x=1' }), {
    'content-security-policy':
      "default-src 'none'; style-src 'self'; form-action 'self' https://app.example; base-uri 'none'; frame-ancestors 'none'",
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  })
})

test('a page that leads nowhere keeps its window to itself, and one without a form allows none', () => {
  const headers = pageHeaders({ brand, hasForm: false })
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
  assert.match(headers['content-security-policy'] ?? '', /; form-action 'none';/)
})

test('of images, the logo of the pool alone', () => {
  const logoUri = 'https://cdn.example/a;b,c/logo.svg?v=1'
  const policy = pageHeaders({ brand: { ...brand, logoUri }, hasForm: true })['content-security-policy'] ?? ''
  assert.match(policy, /; img-src https:\/\/cdn\.example\/a%3Bb%2Cc\/logo\.svg; /)
  assert.equal(policy.split(';').length, 6)
})

test('the source for a redirect URI is its origin, or its scheme where a policy can say no more', () => {
  const rows = [
    ['https://app.example/cb', 'https://app.example'],
    ['https://APP.example:8443/cb', 'https://app.example:8443'],
    ['http://127.0.0.1:49152/cb', 'http://127.0.0.1:49152'],
    ['http://localhost/cb', 'http://localhost'],
    ['http://[::1]:3000/cb', 'http:'],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor:'],
    ['com.example.app:/cb', 'com.example.app:'],
  ] as const
  for (const [uri, source] of rows) assert.equal(formTarget(uri), source)
})

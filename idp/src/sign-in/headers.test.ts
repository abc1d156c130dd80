import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageHeaders } from './headers.ts'

const brand = { name: 'Staff', host: 'idp.example', root: '/pools/staff' }

// form-action names this origin alone: what a client's callback redirects on to cannot be known, so no form leads there.
test('a page with a form on the way back to a client', () => {
  assert.deepEqual(pageHeaders({ brand, hasForm: true, returnsToClient: true }), {
    'content-security-policy':
      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
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

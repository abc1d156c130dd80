import assert from 'node:assert/strict'
import { test } from 'node:test'
import { didYouMean } from './did-you-mean.ts'

const known = ['resource', 'issuers', 'requiredScopes', 'jwks', 'jwksUri']

test('finds what was probably meant', () => {
  assert.equal(didYouMean('resourse', known), 'resource')
  assert.equal(didYouMean('issuer', known), 'issuers')
  assert.equal(didYouMean('requiredscopes', known), 'requiredScopes')
  assert.equal(didYouMean('jwksUrl', known), 'jwksUri')
})

test('knows a name by a part of it, as options are called elsewhere', () => {
  assert.equal(didYouMean('scopes', known), 'requiredScopes')
  assert.equal(didYouMean('trustedIssuers', known), 'issuers')
  assert.equal(didYouMean('jwk', ['metadata']), undefined)
})

test('says nothing rather than anything', () => {
  assert.equal(didYouMean('zzz', known), undefined)
  assert.equal(didYouMean('banana', known), undefined)
})

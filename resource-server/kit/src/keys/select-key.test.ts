import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { createSigningKey } from '../testing/signing.ts'
import { type KeySet, readKeySet } from './key-set.ts'
import { selectKey } from './select-key.ts'

const [first, second, rsa] = [createSigningKey('ES256'), createSigningKey('ES256'), createSigningKey('RS256')]
let set: KeySet

before(async () => {
  const weak = { ...rsa.jwk, kid: 'weak', e: 'AQ' }
  const read = await readKeySet({ keys: [first.jwk, second.jwk, rsa.jwk, weak] })
  assert.ok(read !== undefined)
  set = read
})

test('by its id and algorithm', () => {
  assert.equal(selectKey(set, 'ES256', second.kid).key?.kid, second.kid)
  assert.equal(selectKey(set, 'RS256', rsa.kid).key?.kid, rsa.kid)
})

test('an id of a key for another algorithm, or of none, finds nothing', () => {
  assert.equal(selectKey(set, 'RS256', first.kid).problem, 'unknown_key')
  assert.equal(selectKey(set, 'PS256', rsa.kid).problem, 'unknown_key')
  assert.equal(selectKey(set, 'ES256', 'x').problem, 'unknown_key')
  assert.equal(selectKey(set, 'RS256', 'weak').problem, 'weak_key')
})

test('without an id the only one that fits, or none', () => {
  assert.equal(selectKey(set, 'RS256', undefined).key?.kid, rsa.kid)
  assert.equal(selectKey(set, 'ES256', undefined).problem, 'ambiguous_key')
  assert.equal(selectKey(set, 'EdDSA', undefined).problem, 'unknown_key')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSecret, hashSecret, matchesHash } from './secret.ts'

test('a secret matches its own hash alone', () => {
  const secret = generateSecret()
  assert.match(secret, /^[A-Za-z0-9_-]{43}$/)
  assert.notEqual(generateSecret(), secret)
  assert.equal(matchesHash(secret, hashSecret(secret)), true)
  assert.equal(matchesHash(generateSecret(), hashSecret(secret)), false)
  assert.equal(matchesHash('', hashSecret(secret)), false)
})

test('a hash that is none matches nothing', () => {
  for (const hash of ['', 'short', hashSecret('a').slice(1), `${hashSecret('a')}AAAA`])
    assert.equal(matchesHash('a', hash), false)
})

test('the hash is SHA-256 in base64url', () => {
  assert.equal(hashSecret('abc'), 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { apiKeyHint, generateApiKey, hashApiKey, isApiKey } from './api-key.ts'

test('a generated key has the shape, and is never the same', () => {
  const keys = Array.from({ length: 100 }, generateApiKey)
  assert.equal(new Set(keys).size, 100)
  for (const key of keys) {
    assert.match(key, /^pst_[A-Za-z0-9_-]{43}$/)
    assert.ok(isApiKey(key))
  }
})

test('what is no key', () => {
  const body = 'A'.repeat(43)
  for (const text of [
    '',
    'pst_',
    body,
    `pst_${body}A`,
    `pst_${body.slice(1)}`,
    `PST_${body}`,
    ` pst_${body}`,
    `pst_${body}\n`,
    `pst_${body.slice(1)}.`,
    `pst-${body}`,
    'a.b.c',
  ]) {
    assert.equal(isApiKey(text), false, JSON.stringify(text))
  }
})

test('a hint shows four characters of the secret, the hash none', async () => {
  const key = generateApiKey()
  assert.equal(apiKeyHint(key), `pst_…${key.slice(-4)}`)
  assert.equal(await hashApiKey(key), createHash('sha256').update(key).digest('base64url'))
})

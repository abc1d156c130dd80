import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newJti } from './jti.ts'

test('ids are 43 characters of base64url, and never the same', () => {
  const ids = Array.from({ length: 1000 }, newJti)
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{43}$/)
  assert.equal(new Set(ids).size, ids.length)
})

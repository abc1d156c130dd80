import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createId, isId } from './id.ts'

test('ids of the contract', () => {
  for (const text of ['a', '0', 'default', 'a-b', 'a--', '9-9', 'a'.repeat(63)]) assert.ok(isId(text), text)
  for (const text of ['', '-a', 'A', 'a_b', 'a.b', 'é', 'a b', 'a\n', 'a'.repeat(64), '__proto__'])
    assert.ok(!isId(text), text)
})

test('made ids are ids, with and without prefix, and do not repeat', () => {
  const ids = Array.from({ length: 1000 }, () => createId())
  assert.equal(new Set(ids).size, 1000)
  assert.ok(ids.every((id) => isId(id) && id.length === 24))
  assert.match(createId('evt'), /^evt-[0-9a-v]{24}$/)
  assert.ok(isId(createId('a'.repeat(38))))
})

test('a prefix that would make no id is refused', () => {
  for (const prefix of ['', '-a', 'Pool', 'a b', 'a'.repeat(39)]) assert.throws(() => createId(prefix), TypeError)
})

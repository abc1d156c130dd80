import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url } from '../base64url.ts'
import * as node from './node.ts'
import * as web from './web.ts'

const text = fc.string({ unit: 'binary', maxLength: 200 })

test('both variants give the SHA-256 of the UTF-8', async () => {
  await fc.assert(
    fc.asyncProperty(text, async (input) => {
      const expected = createHash('sha256').update(input).digest()
      assert.deepEqual(node.sha256(input), new Uint8Array(expected))
      assert.deepEqual(await web.sha256(input), new Uint8Array(expected))
      assert.equal(node.sha256Base64url(input), expected.toString('base64url'))
      assert.equal(await web.sha256Base64url(input), expected.toString('base64url'))
    }),
  )
})

test('on Node the digest is there at once, elsewhere it is a promise', () => {
  assert.ok(!(node.sha256('a') instanceof Promise))
  assert.ok(!(node.sha256Base64url('a') instanceof Promise))
  assert.ok(web.sha256('a') instanceof Promise)
  assert.ok(web.sha256Base64url('a') instanceof Promise)
})

test('both variants agree on what is equal', () => {
  const mixed = fc.oneof(text, fc.uint8Array({ maxLength: 40 }))
  const bytes = (value: string | Uint8Array) => Buffer.from(typeof value === 'string' ? Buffer.from(value) : value)
  fc.assert(
    fc.property(mixed, mixed, (a, b) => {
      const expected = bytes(a).equals(bytes(b))
      assert.equal(node.constantTimeEqual(a, b), expected)
      assert.equal(web.constantTimeEqual(a, b), expected)
      assert.ok(node.constantTimeEqual(a, new Uint8Array(bytes(a))))
      assert.ok(web.constantTimeEqual(new Uint8Array(bytes(a)), a))
    }),
  )
})

test('J1: one different character, a longer and a shorter text, and zeros at the end are unequal', () => {
  for (const { constantTimeEqual } of [node, web]) {
    for (const [a, b] of [
      ['secret', 'secreT'],
      ['secret', 'Secret'],
      ['secret', 'secret1'],
      ['secret', 'secre'],
      ['secret', ''],
      ['', '\0'],
      ['a', 'a\0'],
    ] as const) {
      assert.equal(constantTimeEqual(a, b), false)
      assert.equal(constantTimeEqual(b, a), false)
    }
    assert.equal(constantTimeEqual('', ''), true)
  }
})

test('random texts have the length asked for and do not repeat', () => {
  for (const { randomBase64url } of [node, web]) {
    const values = Array.from({ length: 100 }, () => randomBase64url(32))
    assert.equal(new Set(values).size, 100)
    for (const value of values) assert.equal(decodeBase64url(value)?.length, 32)
  }
})

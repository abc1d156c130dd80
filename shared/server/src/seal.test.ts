import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSealer } from './seal.ts'
import { StartError } from './start-error.ts'

const key = randomBytes(32)
const sealer = createSealer(key)
const fixed = { message: 'a sealed value cannot be opened: it was changed, or sealed under another key or context' }

test('what is sealed opens again, under its key and context alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (plain, context, other) => {
      const sealed = sealer.seal(plain, context)
      assert.equal(createSealer(key).open(sealed, context), plain)
      if (other !== context) assert.throws(() => sealer.open(sealed, other), fixed)
      assert.throws(() => createSealer(randomBytes(32)).open(sealed, context), fixed)
    }),
    { numRuns: 50 },
  )
})

test('a change of any byte is noticed', () => {
  const sealed = sealer.seal('a signing key', 'pool/1')
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8((changed.readUInt8(index) + 1) % 256, index)
    assert.throws(() => sealer.open(`v1.${changed.toString('base64url')}`, 'pool/1'), fixed)
  }
  for (const broken of ['', 'v1.', 'v1.AAAA', sealed.slice(0, -4), `v2.${sealed.slice(3)}`]) {
    assert.throws(() => sealer.open(broken, 'pool/1'), fixed)
  }
})

test('the same value is sealed anew each time, and does not show', () => {
  assert.notEqual(sealer.seal('same', 'c'), sealer.seal('same', 'c'))
  assert.match(sealer.seal('same', 'c'), /^v1\.[A-Za-z0-9_-]+$/)
})

test('the key that is handed in may be wiped afterwards', () => {
  const given = randomBytes(32)
  const mine = createSealer(given)
  const sealed = mine.seal('x', 'c')
  given.fill(0)
  assert.equal(mine.open(sealed, 'c'), 'x')
})

test('a key of another length is refused', () => {
  for (const length of [0, 16, 31, 33]) {
    assert.throws(
      () => createSealer(new Uint8Array(length)),
      (error) => {
        assert.ok(error instanceof StartError)
        assert.equal(error.message, `the encryption key has ${length} bytes; it needs 32`)
        return true
      },
    )
  }
})

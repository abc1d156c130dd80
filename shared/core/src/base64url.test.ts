import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBase64url, decodeBase64urlInto, decodedLength, encodeBase64url } from './base64url.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const anyBytes = fc.uint8Array({ maxLength: 200 })
const alphabetText = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 60 })

test('encodes as Node does, and decodes to the same bytes', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const text = encodeBase64url(bytes)
      assert.equal(text, Buffer.from(bytes).toString('base64url'))
      assert.deepEqual(decodeBase64url(text), new Uint8Array(bytes))
    }),
  )
})

test('a text is refused or the only spelling of its bytes', () => {
  fc.assert(
    fc.property(fc.oneof(alphabetText, fc.string({ maxLength: 20 }), fc.base64String()), (text) => {
      const bytes = decodeBase64url(text)
      const isCanonical = Buffer.from(text, 'base64url').toString('base64url') === text
      assert.equal(bytes !== undefined, isCanonical)
      if (bytes !== undefined) assert.equal(encodeBase64url(bytes), text)
    }),
    { numRuns: 500 },
  )
})

test('unused bits have to be zero', () => {
  for (const last of alphabet) {
    const value = alphabet.indexOf(last)
    assert.equal(decodeBase64url(`A${last}`) !== undefined, value % 16 === 0, `A${last}`)
    assert.equal(decodeBase64url(`AA${last}`) !== undefined, value % 4 === 0, `AA${last}`)
    assert.ok(decodeBase64url(`AAA${last}`) !== undefined)
  }
})

test('refuses padding, plain base64, white space, foreign characters and impossible lengths at every place', () => {
  for (const text of ['AA==', 'AAA=', '=', 'A', 'AAAAA', 'AA\n', ' AAA', 'AAAA\r\n']) {
    assert.equal(decodeBase64url(text), undefined, JSON.stringify(text))
  }
  for (const foreign of ['+', '/', '=', '.', ' ', '\0', '\x7f', '\x80', 'é', 'ŁA', '😀']) {
    for (const text of [`${foreign}AAA`, `A${foreign}AA`, `AAA${foreign}`, `AAAA${foreign}A`, `AAAAAA${foreign}`]) {
      assert.equal(decodeBase64url(text), undefined, JSON.stringify(text))
    }
  }
  // Codes whose low seven bits are a letter of the alphabet.
  assert.equal(decodeBase64url(String.fromCharCode(0x41 + 0x80).repeat(4)), undefined)
  assert.equal(decodeBase64url(String.fromCharCode(0x41 + 0x100).repeat(4)), undefined)
})

test('decodes a range in place and leaves the rest of the target alone', () => {
  fc.assert(
    fc.property(anyBytes, fc.string(), fc.string(), (bytes, before, after) => {
      const text = encodeBase64url(bytes)
      const target = new Uint8Array(bytes.length + 5).fill(7)
      const written = decodeBase64urlInto(target, before + text + after, before.length, before.length + text.length)
      assert.equal(written, bytes.length)
      assert.equal(decodedLength(text.length), bytes.length)
      assert.deepEqual(target, Uint8Array.from([...bytes, 7, 7, 7, 7, 7]))
    }),
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as node from './node.ts'
import * as web from './web.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const canonical = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('base64url'))
const alphabetText = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 60 })
// U+0141 and U+2041 are `A` to who looks at one byte of two; white space and padding are what decoders skip.
const hostile = fc.constantFrom(
  ...'+/=.! \t\r\n\0\u0141\u2041\u00c1\u20ac\ufeff',
  '\ud800',
  '\udc00',
  '😀',
  '==',
  '\r\n',
)
const mutated = fc
  .tuple(fc.oneof(canonical, alphabetText), fc.array(fc.tuple(hostile, fc.nat(60), fc.nat(2)), { maxLength: 3 }))
  .map(([text, changes]) =>
    changes.reduce((now, [what, at, gone]) => now.slice(0, at) + what + now.slice(at + gone), text),
  )
const segment = fc.oneof(
  canonical,
  alphabetText,
  mutated,
  fc.base64String(),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

/** What a decoder says, errors included. */
function outcome<T>(decode: () => T): unknown {
  try {
    return decode()
  } catch (error) {
    return error instanceof TypeError ? 'not UTF-8' : error
  }
}

test('on Node and elsewhere the same segments are decoded, to the same bytes and texts', () => {
  fc.assert(
    fc.property(segment, (text) => {
      assert.deepEqual(node.decodeSegment(text), web.decodeSegment(text))
      assert.deepEqual(
        outcome(() => node.decodeSegmentText(text)),
        outcome(() => web.decodeSegmentText(text)),
      )
    }),
    { numRuns: 5000 },
  )
})

test('every text of up to two characters, and all of three that may end one', () => {
  const few = [...alphabet, ...'+/= \n\u0141']
  for (const a of few) {
    for (const b of ['', ...few]) {
      for (const last of [`${a}${b}`, `A${a}${b}`, `AAAA${a}${b}`]) {
        assert.deepEqual(node.decodeSegment(last), web.decodeSegment(last), JSON.stringify(last))
      }
    }
  }
})

for (const [name, { decodeSegment, decodeSegmentText }] of Object.entries({ node, web })) {
  const encode = (...bytes: number[]) => Buffer.from(bytes).toString('base64url')

  test(`${name}: bytes that are not UTF-8 are no text; those of U+FFFD and of a byte order mark are`, () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x41, 0xe2, 0x82]]) {
      assert.throws(() => decodeSegmentText(encode(...bytes)), TypeError)
      assert.deepEqual(decodeSegment(encode(...bytes)), Uint8Array.from(bytes))
    }
    assert.equal(decodeSegmentText(encode(0x61, 0xef, 0xbf, 0xbd)), 'a\ufffd')
    assert.throws(() => decodeSegmentText(encode(0xef, 0xbf, 0xbd, 0xff)), TypeError)
    assert.equal(decodeSegmentText(encode(0xef, 0xbb, 0xbf, 0x61)), '\ufeffa')
  })

  test(`${name}: bytes stay what they were when the next segment is decoded, also one that is very long`, () => {
    const first = decodeSegment('AQID')
    const long = Buffer.alloc(100_000, 'é').toString('base64url')
    assert.equal(decodeSegmentText(long)?.length, 50_000)
    assert.equal(decodeSegment(long)?.length, 100_000)
    assert.equal(decodeSegmentText('YQ'), 'a')
    assert.deepEqual(first, Uint8Array.of(1, 2, 3))
  })
}

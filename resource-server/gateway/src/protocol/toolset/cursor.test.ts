import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodePlace, encodePlace } from './cursor.ts'

test('a cursor is read as it was made', () => {
  const serviceId = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/)
  fc.assert(
    fc.property(serviceId, fc.nat(99_999), (id, offset) => {
      assert.deepEqual(decodePlace(encodePlace({ serviceId: id, offset })), { serviceId: id, offset })
    }),
  )
})

test('what is none is none', () => {
  const made = (text: string) => Buffer.from(text).toString('base64url')
  for (const wrong of [
    undefined,
    1,
    '',
    'x',
    made('1'),
    made('-1.a'),
    made('1.A'),
    made('1.a\n'),
    made(`1.${'a'.repeat(99)}`),
  ]) {
    assert.equal(decodePlace(wrong), undefined, String(wrong))
  }
})

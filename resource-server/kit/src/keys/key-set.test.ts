import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigningKey } from '../testing/signing.ts'
import { readKeySet } from './key-set.ts'

const good = createSigningKey('ES256')

test('one broken or exotic entry does not cost the good ones', async () => {
  const offCurve = { ...createSigningKey('ES256').jwk, x: good.jwk.y, y: good.jwk.y }
  const entries = [
    null,
    'key',
    { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' },
    offCurve,
    good.jwk,
    good.privateKey.export({ format: 'jwk' }),
  ]
  const set = await readKeySet({ keys: entries })
  assert.deepEqual(
    set?.keys.map(({ kid }) => kid),
    [good.kid],
  )
  assert.equal(set.ignored, 4, 'the exotic one is no mistake')
})

test('what is no key set is none', async () => {
  for (const value of [null, [], {}, { keys: {} }, 'keys', { KEYS: [] }])
    assert.equal(await readKeySet(value), undefined)
  assert.deepEqual((await readKeySet({ keys: [] }))?.keys, [])
})

test('an entry that is there twice is one key, and stays the same key in the next version', async () => {
  const first = await readKeySet({ keys: [good.jwk, { ...good.jwk, x5c: ['AA'] }] })
  assert.equal(first?.keys.length, 1)
  const second = await readKeySet({ keys: [createSigningKey('ES256').jwk, good.jwk] }, first)
  assert.ok(first.keys[0] !== undefined && second?.keys.includes(first.keys[0]))
})

test('a key whose id stays while its material changes is another key', async () => {
  const first = await readKeySet({ keys: [good.jwk] })
  const second = await readKeySet({ keys: [{ ...createSigningKey('ES256').jwk, kid: good.kid }] }, first)
  assert.ok(first?.keys[0] !== undefined && !second?.keys.includes(first.keys[0]))
})

test('only so many entries are looked at', async () => {
  const set = await readKeySet({ keys: [...Array.from({ length: 100 }, () => null), good.jwk] })
  assert.deepEqual(set?.keys, [])
})

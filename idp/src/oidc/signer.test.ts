import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SigningAlgorithm } from '../directory/types.ts'
import { createSigner, derToP1363 } from './signer.ts'

function signerFor(alg: SigningAlgorithm, privateKey: KeyObject) {
  return createSigner({ kid: 'k', alg, privateKey, privateJwk: {}, publicJwk: {} })
}

/** An INTEGER as DER has it: shortest form, a leading zero where the top bit would make it negative. */
function derInteger(bytes: Uint8Array): number[] {
  const digits = [...bytes]
  while (digits.length > 1 && digits[0] === 0) digits.shift()
  if ((digits[0] ?? 0) >= 0x80) digits.unshift(0)
  return [0x02, digits.length, ...digits]
}

test('a DER signature of any r and s becomes 64 bytes', () => {
  const coordinate = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .chain((bytes) => fc.integer({ min: 0, max: 31 }).map((zeros) => bytes.fill(0, 0, zeros)))
  fc.assert(
    fc.property(coordinate, coordinate, (r, s) => {
      const content = [...derInteger(r), ...derInteger(s)]
      const der = Uint8Array.from([0x30, content.length, ...content])
      assert.deepEqual([...derToP1363(der)], [...r, ...s])
    }),
  )
})

test('ES256 signs at once, and node verifies what JOSE expects', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = signerFor('ES256', privateKey)
  for (let round = 0; round < 200; round += 1) {
    const data = Buffer.from(`round ${round}`)
    const signature = signer.sign(data)
    assert.ok(Buffer.isBuffer(signature))
    assert.equal(signature.length, 64)
    assert.ok(verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature))
  }
})

test('EdDSA signs at once', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const signature = signerFor('EdDSA', privateKey).sign(Buffer.from('data'))
  assert.ok(Buffer.isBuffer(signature))
  assert.ok(verify(null, Buffer.from('data'), publicKey, signature))
})

test('RS256 signs in the thread pool', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const signature = signerFor('RS256', privateKey).sign(Buffer.from('data'))
  assert.ok(signature instanceof Promise)
  assert.ok(verify('sha256', Buffer.from('data'), publicKey, await signature))
})

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSigningKey } from '../testing/signing.ts'
import { type InspectedJwk, inspectJwk } from './inspect-jwk.ts'

const ec = createSigningKey('ES256').jwk
const rsa = createSigningKey('RS256').jwk
const ed = createSigningKey('EdDSA').jwk

function why(entry: unknown): string {
  const found: InspectedJwk = inspectJwk(entry)
  return found.usable ? found.algorithms.join(' ') : found.why
}

test('a key is good for the algorithms of its type and curve, or for its alg alone', () => {
  assert.equal(why({ ...ec, alg: undefined }), 'ES256')
  assert.equal(why({ ...rsa, alg: undefined }), 'RS256 RS384 RS512 PS256 PS384 PS512')
  assert.equal(why(rsa), 'RS256')
  assert.equal(why(ed), 'EdDSA Ed25519')
  assert.equal(why({ ...ed, alg: 'Ed25519' }), 'EdDSA Ed25519')
  assert.equal(why({ ...ed, alg: undefined }), 'EdDSA Ed25519')
  assert.equal(why(createSigningKey('ES512').jwk), 'ES512')
})

test('keys for other things are foreign', () => {
  for (const entry of [
    { ...ec, use: 'enc' },
    { ...ec, key_ops: ['encrypt'] },
    { ...ec, key_ops: 'verify' },
    { ...ec, alg: 'RS256' },
    { ...ec, alg: 'ECDH-ES' },
    { ...rsa, alg: 'RSA-OAEP' },
    { ...ed, alg: 'ES256' },
    { kty: 'AKP', pub: 'AAAA' },
    { kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA' },
    { kty: 'OKP', crv: 'X25519', x: ed.x },
    { kty: 'OKP', crv: 'Ed448', x: ed.x },
  ]) {
    assert.equal(why(entry), 'foreign', JSON.stringify(entry))
  }
})

test('private and symmetric keys are never used', () => {
  assert.equal(why(createSigningKey('ES256').privateKey.export({ format: 'jwk' })), 'private')
  assert.equal(why({ ...rsa, d: 'AA' }), 'private')
  assert.equal(why({ kty: 'oct', k: 'c2VjcmV0' }), 'private')
})

test('what is no key is malformed', () => {
  for (const entry of [
    null,
    'key',
    7,
    [],
    {},
    { kty: 1 },
    { kty: 'RSA' },
    { kty: 'RSA', n: rsa.n, e: 1 },
    { kty: 'RSA', n: `${rsa.n}=`, e: rsa.e },
    { ...ec, x: undefined },
    { ...ec, y: 'AA' },
    { ...ec, crv: 1 },
    { ...ed, x: 'AA' },
    { ...ed, crv: undefined },
  ]) {
    assert.equal(why(entry), 'malformed', JSON.stringify(entry))
  }
})

test('weak RSA keys: short moduli and exponents that are even or small', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const small = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export({
    format: 'jwk',
  })
  assert.equal(why(short), 'weak')
  assert.equal(why(small), 'weak')
  for (const e of ['AQ', 'AA', 'AQAA', 'AAAAAQ']) assert.equal(why({ ...rsa, e }), 'weak', e)
  const padded = Buffer.concat([Buffer.alloc(200), Buffer.from(short.n ?? '', 'base64url')]).toString('base64url')
  assert.equal(why({ ...short, n: padded }), 'weak')
  assert.equal(why({ ...rsa, n: Buffer.alloc(2048, 1).toString('base64url') }), 'malformed')
})

test('Ed25519 points of small order, or not canonical, are weak', () => {
  const hex = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    `01${'00'.repeat(30)}80`,
    `ec${'ff'.repeat(30)}7f`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    `ed${'ff'.repeat(30)}7f`,
    'ff'.repeat(32),
  ]
  for (const point of hex)
    assert.equal(why({ ...ed, x: Buffer.from(point, 'hex').toString('base64url') }), 'weak', point)
})

test('whatever an entry holds, looking at it never throws', () => {
  const member = fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'use', 'alg', 'kid', 'key_ops', '__proto__')
  fc.assert(fc.property(fc.dictionary(member, fc.jsonValue()), (entry) => void inspectJwk(entry)))
  fc.assert(fc.property(fc.jsonValue(), (entry) => void inspectJwk(entry)))
})

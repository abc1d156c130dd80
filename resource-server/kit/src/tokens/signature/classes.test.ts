import assert from 'node:assert/strict'
import { constants, createHash, generateKeyPairSync, type JsonWebKey, privateEncrypt, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { readKeySet } from '../../keys/key-set.ts'
import type { Algorithm } from '../../options/algorithms.ts'
import { createResourceServer } from '../../resource-server.ts'
import { createSigningKey, encodePart, type SigningKey, signBytes } from '../../testing/signing.ts'
import * as node from './node.ts'
import * as web from './web.ts'

/*
 * Row B45 of the case table. Project Wycheproof keeps vectors for signatures (ecdsa_secp256r1_sha256_p1363_test,
 * rsa_signature_2048_sha256_test, rsa_pss_2048_sha256_mgf1_32_test, ed25519_test) and for JWS and JWK (json_web_signature_test,
 * json_web_crypto_test). No package of a registry that this house uses carries them, so the cases here are made anew, one or more
 * for each class of trouble that those files name, with fresh keys at each run; both back ends meet every one.
 * The project's own files (C2SP/wycheproof 073df56) were run once by hand: of the 355 invalid JWS every one is refused, of
 * the crypto and key files every one but the documented key of the ROCA generator.
 */

interface Case {
  readonly what: string
  readonly signature: Uint8Array
  /** Default: refused. */
  readonly isGood?: boolean
}

const header = { alg: 'none', typ: 'at+jwt' }
const claims = {
  iss: 'https://as.example',
  aud: 'https://mcp.example/mcp',
  sub: 's',
  client_id: 'c',
  exp: 4_000_000_000,
}

/** What is signed: a token that is good but for its signature, so that the whole way can be tried too. */
function inputFor({ algorithm, kid }: SigningKey): string {
  return `${encodePart({ ...header, alg: algorithm, kid })}.${encodePart(claims)}`
}

function toBytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [((value % modulus) + modulus) % modulus, modulus, 1n, 0n]
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y]
  return ((x % modulus) + modulus) % modulus
}

const join = (...parts: readonly Uint8Array[]) => Buffer.concat(parts)

/** Orders of the groups, and primes of the fields. */
const curves = {
  ES256: {
    bytes: 32,
    hash: 'sha256',
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  },
  ES384: {
    bytes: 48,
    hash: 'sha384',
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
  },
} as const

function derOf(r: Uint8Array, s: Uint8Array, longForm = false): Buffer {
  const integer = (bytes: Uint8Array) => {
    const positive = (bytes[0] ?? 0) > 0x7f ? join(Uint8Array.of(0), bytes) : bytes
    return join(Uint8Array.of(0x02, positive.length), positive)
  }
  const body = join(integer(r), integer(s))
  return join(Uint8Array.of(0x30, ...(longForm ? [0x81] : []), body.length), body)
}

function ecdsaCases(key: SigningKey, input: string): readonly Case[] {
  const { bytes, hash, n, p } = curves[key.algorithm as keyof typeof curves]
  const good = signBytes(input, key.algorithm, key.privateKey)
  const [r, s] = [toInteger(good.subarray(0, bytes)), toInteger(good.subarray(bytes))]
  const pair = (one: bigint, other: bigint) => join(toBytes(one, bytes), toBytes(other, bytes))
  const e = toInteger(createHash(hash).update(input).digest())
  const d = toInteger(Buffer.from(key.privateKey.export({ format: 'jwk' }).d ?? '', 'base64url'))
  const special = {
    0: 0n,
    1: 1n,
    'n - 1': n - 1n,
    n: n,
    'n + 1': n + 1n,
    p: p,
    'p + 1': p + 1n,
    '2^bits - 1': 2n ** BigInt(bytes * 8) - 1n,
  }
  const der = derOf(toBytes(r, bytes), toBytes(s, bytes))
  return [
    { what: 'as it should be', signature: good, isGood: true },
    { what: 'n − s instead of s, which is a signature too', signature: pair(r, n - s), isGood: true },
    ...Object.entries(special).flatMap(([name, value]): Case[] => [
      ...Object.entries(special).map(([other, second]) => ({
        what: `r = ${name}, s = ${other}`,
        signature: pair(value, second),
      })),
      { what: `r = ${name}`, signature: pair(value, s) },
      { what: `s = ${name}`, signature: pair(r, value) },
    ]),
    { what: 'r + n, in one byte more', signature: join(toBytes(r + n, bytes + 1), toBytes(s, bytes + 1)) },
    { what: 's + n, in one byte more', signature: join(toBytes(r, bytes + 1), toBytes(s + n, bytes + 1)) },
    { what: 'n − r', signature: pair(n - r, s) },
    { what: 'r and s exchanged', signature: pair(s, r) },
    { what: '1/r', signature: pair(inverse(r, n), s) },
    { what: '1/s', signature: pair(r, inverse(s, n)) },
    { what: 'a sum that is the point at infinity', signature: pair((((-e * inverse(d, n)) % n) + n) % n, 1n) },
    { what: 'DER', signature: der },
    { what: 'DER with a long length', signature: derOf(toBytes(r, bytes), toBytes(s, bytes), true) },
    {
      what: 'DER, zeros in front to the size of P1363',
      signature: join(Buffer.alloc(Math.max(0, bytes * 2 - der.length)), der),
    },
    { what: 'DER of zeros', signature: Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0) },
    { what: 'a zero byte behind', signature: join(good, Uint8Array.of(0)) },
    { what: 'a zero byte before', signature: join(Uint8Array.of(0), good) },
    { what: 'the last byte missing', signature: good.subarray(0, -1) },
    { what: 'the first byte missing', signature: good.subarray(1) },
    { what: 'r alone', signature: good.subarray(0, bytes) },
    { what: 'twice', signature: join(good, good) },
    { what: 'nothing', signature: new Uint8Array(0) },
    {
      what: 'of another hash',
      signature: sign(hash === 'sha256' ? 'sha384' : 'sha256', Buffer.from(input), {
        key: key.privateKey,
        dsaEncoding: 'ieee-p1363',
      }),
    },
    { what: "another key's", signature: signBytes(input, key.algorithm, createSigningKey(key.algorithm).privateKey) },
    { what: "another text's", signature: signBytes(`${input}x`, key.algorithm, key.privateKey) },
  ]
}

/** Signatures whose r or s begins with zeros, which is how lengths go wrong. */
function shortNumbers(key: SigningKey, input: string): readonly Case[] {
  const found: Case[] = []
  for (let tries = 0; tries < 20_000 && found.length < 6; tries += 1) {
    const good = signBytes(input, key.algorithm, key.privateKey)
    const half = good.length / 2
    for (const [at, name] of [
      [0, 'r'],
      [half, 's'],
    ] as const) {
      if (good[at] !== 0) continue
      found.push({ what: `${name} with a zero in front`, signature: good, isGood: true })
      found.push({
        what: `${name} without the zero in front`,
        signature: join(good.subarray(0, at), good.subarray(at + 1)),
      })
    }
  }
  assert.ok(found.length > 0)
  return found
}

const digestInfo = (oid: readonly number[], digest: Uint8Array, parameters: readonly number[] = [5, 0]) => {
  const algorithm = [0x06, oid.length, ...oid, ...parameters]
  const inner = [0x30, algorithm.length, ...algorithm, 0x04, digest.length, ...digest]
  return Uint8Array.from([0x30, inner.length, ...inner])
}

const oids = {
  sha256: [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
  sha384: [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
  sha512: [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
  sha1: [0x2b, 0x0e, 3, 2, 0x1a],
  md5: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5],
}

function rsaCases(key: SigningKey, input: string): readonly Case[] {
  const digest = createHash('sha256').update(input).digest()
  const size = 256
  const raw = (block: Uint8Array) => privateEncrypt({ key: key.privateKey, padding: constants.RSA_NO_PADDING }, block)
  const padded = (
    payload: Uint8Array,
    { type = 1, fill = 0xff, first = 0, separator = 0, length = size - 3 - payload.length } = {},
  ) =>
    raw(
      join(
        Uint8Array.of(first, type),
        Buffer.alloc(length, fill),
        Uint8Array.of(separator),
        payload,
        Buffer.alloc(size - 3 - length - payload.length, 0x5a),
      ),
    )
  const info = digestInfo(oids.sha256, digest)
  const n = toInteger(Buffer.from(key.jwk.n ?? '', 'base64url'))
  const good = padded(info)
  const longLength = Uint8Array.from([0x30, 0x81, info.length - 2, ...info.subarray(2)])
  return [
    { what: 'as it should be', signature: good, isGood: true },
    { what: 'DigestInfo without NULL', signature: padded(digestInfo(oids.sha256, digest, [])) },
    { what: 'DigestInfo with NULL of length 1', signature: padded(digestInfo(oids.sha256, digest, [5, 1, 0])) },
    { what: 'DigestInfo with other parameters', signature: padded(digestInfo(oids.sha256, digest, [4, 0])) },
    { what: 'DigestInfo with NULL twice', signature: padded(digestInfo(oids.sha256, digest, [5, 0, 5, 0])) },
    { what: 'DigestInfo in a long form', signature: padded(longLength) },
    { what: 'DigestInfo with a byte behind', signature: padded(join(info, Uint8Array.of(0))) },
    { what: 'the digest alone', signature: padded(digest) },
    { what: 'the digest too short', signature: padded(digestInfo(oids.sha256, digest.subarray(1))) },
    { what: 'the digest too long', signature: padded(digestInfo(oids.sha256, join(digest, Uint8Array.of(0)))) },
    ...Object.entries(oids)
      .filter(([name]) => name !== 'sha256')
      .map(([name, oid]) => ({ what: `the name of ${name}`, signature: padded(digestInfo(oid, digest)) })),
    { what: 'SHA-1 throughout', signature: sign('sha1', Buffer.from(input), key.privateKey) },
    { what: 'SHA-512 throughout', signature: sign('sha512', Buffer.from(input), key.privateKey) },
    {
      what: 'short padding, and anything behind the digest (Bleichenbacher 2006)',
      signature: padded(info, { length: 8 }),
    },
    { what: 'no padding at all', signature: padded(info, { length: 0 }) },
    { what: 'padding of zeros', signature: padded(info, { fill: 0 }) },
    { what: 'padding of 0xfe', signature: padded(info, { fill: 0xfe }) },
    { what: 'block type 0', signature: padded(info, { type: 0 }) },
    { what: 'block type 2', signature: padded(info, { type: 2 }) },
    { what: 'no zero before the digest', signature: padded(info, { separator: 0xff }) },
    { what: 'PSS with the same key', signature: signBytes(input, 'PS256', key.privateKey) },
    ...[0n, 1n, 2n, n - 1n, n].map((value) => ({
      what: `the number ${value < 3n ? value : value === n ? 'n' : 'n − 1'}`,
      signature: toBytes(value, size),
    })),
    { what: 'n more', signature: toBytes(toInteger(good) + n, size + 1) },
    { what: 'a zero byte before', signature: join(Uint8Array.of(0), good) },
    { what: 'a zero byte behind', signature: join(good, Uint8Array.of(0)) },
    { what: 'the last byte missing', signature: good.subarray(0, -1) },
    { what: 'nothing', signature: new Uint8Array(0) },
    { what: "another key's", signature: signBytes(input, 'RS256', otherRsa.privateKey) },
  ]
}

function pssCases(key: SigningKey, input: string): readonly Case[] {
  const data = Buffer.from(input)
  const salted = (saltLength: number, hash = 'sha256') =>
    sign(hash, data, { key: key.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
  const good = salted(32)
  return [
    { what: 'as it should be', signature: good, isGood: true },
    ...[0, 1, 20, 31, 33, 64, 222].map((length) => ({ what: `salt of ${length} bytes`, signature: salted(length) })),
    { what: 'another hash', signature: salted(32, 'sha384') },
    { what: 'PKCS #1 v1.5 with the same key', signature: signBytes(input, 'RS256', key.privateKey) },
    {
      what: 'one bit changed at the end',
      signature: good.map((byte, at) => (at === good.length - 1 ? byte ^ 1 : byte)),
    },
    { what: 'zeros', signature: Buffer.alloc(good.length) },
    { what: 'a zero byte before', signature: join(Uint8Array.of(0), good) },
    { what: 'a zero byte behind', signature: join(good, Uint8Array.of(0)) },
    { what: 'the last byte missing', signature: good.subarray(0, -1) },
  ]
}

const order = 2n ** 252n + 27742317777372353535851937790883648493n

function little(value: bigint): Buffer {
  return toBytes(value, 32).reverse()
}

const field = 2n ** 255n - 19n

/** The encodings of the eight points of small order, and those that mean them but are not canonical (RFC 8032 §5.1.3). */
const smallPoints: readonly Buffer[] = [
  little(1n),
  little(field - 1n),
  little(0n),
  little(2n ** 255n),
  little(field),
  little(field + 1n),
  little(2n ** 255n + 1n),
  little(2n ** 255n + field),
  Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex'),
  Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa', 'hex'),
  Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex'),
  Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85', 'hex'),
]

function edCases(key: SigningKey, input: string): readonly Case[] {
  const good = signBytes(input, key.algorithm, key.privateKey)
  const [r, s] = [good.subarray(0, 32), toInteger(Uint8Array.from(good.subarray(32)).reverse())]
  return [
    { what: 'as it should be', signature: good, isGood: true },
    { what: 'S + L: not canonical (RFC 8032 §5.1.7)', signature: join(r, little(s + order)) },
    { what: 'S + 2 L', signature: join(r, little(s + 2n * order)) },
    { what: 'S = L', signature: join(r, little(order)) },
    { what: 'S = 0', signature: join(r, little(0n)) },
    { what: 'S = 2^256 − 1', signature: join(r, Buffer.alloc(32, 0xff)) },
    { what: 'L − S', signature: join(r, little(order - s)) },
    ...smallPoints.flatMap((point, at) => [
      { what: `R of small order ${at}, S = 0`, signature: join(point, little(0n)) },
      { what: `R of small order ${at}`, signature: join(point, little(s)) },
    ]),
    { what: 'R with the other sign', signature: good.map((byte, at) => (at === 31 ? byte ^ 0x80 : byte)) },
    { what: 'R of all ones', signature: join(Buffer.alloc(32, 0xff), little(s)) },
    { what: 'zeros', signature: Buffer.alloc(64) },
    { what: 'R and S exchanged', signature: join(good.subarray(32), r) },
    { what: 'a byte behind', signature: join(good, Uint8Array.of(0)) },
    { what: 'the last byte missing', signature: good.subarray(0, -1) },
    { what: 'nothing', signature: new Uint8Array(0) },
    { what: "another key's", signature: signBytes(input, 'EdDSA', createSigningKey('EdDSA').privateKey) },
  ]
}

const rsa = createSigningKey('RS256')
const otherRsa = createSigningKey('RS256')

const sets: readonly (readonly [SigningKey, (key: SigningKey, input: string) => readonly Case[]])[] = [
  [createSigningKey('ES256'), ecdsaCases],
  [createSigningKey('ES384'), ecdsaCases],
  [createSigningKey('ES256'), shortNumbers],
  [rsa, rsaCases],
  [{ ...rsa, algorithm: 'PS256', jwk: { ...rsa.jwk, alg: 'PS256' } }, pssCases],
  [createSigningKey('EdDSA'), edCases],
]

for (const [key, make] of sets) {
  const input = inputFor(key)
  describe(`B45 ${key.algorithm}, ${make.name}`, () => {
    for (const { what, signature, isGood = false } of make(key, input)) {
      test(what, async () => {
        for (const [name, { importKey, verifySignature }] of Object.entries({ node, web })) {
          const handle = await importKey(publicOf(key.jwk), key.algorithm)
          const signed = {
            algorithm: key.algorithm,
            key: handle,
            signingInput: input,
            signature: Uint8Array.from(signature),
          }
          assert.equal(await verifySignature(signed), isGood, name)
        }
        assert.equal(await passes(key.jwk, `${input}.${Buffer.from(signature).toString('base64url')}`), isGood)
      })
    }
  })
}

function publicOf({ kty, crv, x, y, n, e }: JsonWebKey): Parameters<typeof node.importKey>[0] {
  if (kty === 'RSA') return { kty, n: n ?? '', e: e ?? '' }
  if (kty === 'OKP') return { kty, crv: 'Ed25519', x: x ?? '' }
  return { kty: 'EC', crv: crv ?? '', x: x ?? '', y: y ?? '' }
}

/** The whole way of a token of an issuer with this key. */
async function passes(jwk: object, token: string): Promise<boolean> {
  const good = createSigningKey('ES256')
  const rs = createResourceServer({
    resource: claims.aud,
    issuers: [{ issuer: claims.iss, jwks: () => ({ keys: [jwk, good.jwk] }) }],
  })
  const answer = await rs.authenticate(new Request(claims.aud, { headers: { authorization: `Bearer ${token}` } }))
  rs.close()
  if (!(answer instanceof Response)) return true
  assert.equal(answer.status, 401)
  return false
}

const ec = createSigningKey('ES256').jwk
const ed = createSigningKey('EdDSA').jwk
const { p: prime } = curves.ES256
const point = (x: bigint, y: bigint, bytes = 32) => ({
  x: toBytes(x, bytes).toString('base64url'),
  y: toBytes(y, bytes).toString('base64url'),
})
const xOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const [ecX, ecY] = [Buffer.from(ec.x ?? '', 'base64url'), Buffer.from(ec.y ?? '', 'base64url')]
const [modulus, exponent] = [Buffer.from(rsa.jwk.n ?? '', 'base64url'), Buffer.from(rsa.jwk.e ?? '', 'base64url')]

/** JWKs that must not verify anything: not on their curve, at infinity, not canonical, weak, or of another kind. */
const keys: Readonly<Record<string, object>> = {
  'EC: the point is off the curve': { ...ec, y: ec.x },
  'EC: (0, 0)': { ...ec, ...point(0n, 0n) },
  'EC: (1, 1)': { ...ec, ...point(1n, 1n) },
  'EC: (p, p)': { ...ec, ...point(prime, prime) },
  'EC: x + p, not reduced': { ...ec, x: toBytes((toInteger(ecX) + prime) % 2n ** 256n, 32).toString('base64url') },
  'EC: infinity, as empty coordinates': { ...ec, x: '', y: '' },
  'EC: infinity, as one zero': { ...ec, x: 'AA', y: 'AA' },
  'EC: without y': { ...ec, y: undefined },
  'EC: a coordinate too short': { ...ec, x: xOf(ecX.subarray(1)) },
  'EC: a coordinate with a zero in front': { ...ec, x: xOf(join(Uint8Array.of(0), ecX)) },
  'EC: a compressed point': { ...ec, x: xOf(join(Uint8Array.of(2), ecX)), y: undefined },
  'EC: the point of another curve': { ...createSigningKey('ES384').jwk, crv: 'P-256', alg: 'ES256' },
  'EC: another curve named': { ...ec, crv: 'P-384' },
  'EC: a curve that nobody knows': { ...ec, crv: 'P-256K' },
  'EC: secp256k1': {
    ...generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }),
    kid: 'k1',
  },
  'EC: coordinates as numbers': { ...ec, x: 7, y: 7 },
  'EC: a coordinate that is no canonical base64url': { ...ec, x: `${ec.x}=` },
  'EC: coordinates with the standard alphabet': {
    ...ec,
    x: ecX.toString('base64').replace(/.$/, '+'),
    y: ecY.toString('base64'),
  },
  'EC: for encryption': { ...ec, use: 'enc' },
  'EC: operations without verify': { ...ec, key_ops: ['sign'] },
  'EC: for another algorithm': { ...ec, alg: 'ES384' },
  'EC: with its private part': { ...ec, d: 'AQ' },
  'RSA: 1024 bits': createSigningKey('RS256', { modulusLength: 1024 }).jwk,
  'RSA: 2047 bits': { ...rsa.jwk, n: xOf(Uint8Array.from(modulus, (byte, at) => (at === 0 ? byte & 0x7f : byte))) },
  'RSA: 1024 bits behind zeros': { ...rsa.jwk, n: xOf(join(Buffer.alloc(128), modulus.subarray(128))) },
  'RSA: exponent 1': { ...rsa.jwk, e: 'AQ' },
  'RSA: exponent 3': { ...rsa.jwk, e: 'Aw' },
  'RSA: exponent 0': { ...rsa.jwk, e: 'AA' },
  'RSA: an even exponent': { ...rsa.jwk, e: xOf(Uint8Array.of(1, 0, 2)) },
  'RSA: an exponent as long as the modulus': { ...rsa.jwk, e: rsa.jwk.n },
  'RSA: a modulus above the limit': { ...rsa.jwk, n: xOf(Buffer.alloc(2048, 0xff)) },
  'RSA: without a modulus': { ...rsa.jwk, n: undefined },
  'RSA: a modulus with padding': { ...rsa.jwk, n: `${rsa.jwk.n}==` },
  'RSA: an exponent as number': { ...rsa.jwk, e: toInteger(exponent).toString() },
  'OKP: 31 bytes': { ...ed, x: xOf(Buffer.from(ed.x ?? '', 'base64url').subarray(1)) },
  'OKP: 33 bytes': { ...ed, x: xOf(Buffer.alloc(33, 9)) },
  'OKP: nothing': { ...ed, x: '' },
  'OKP: X25519': { ...ed, crv: 'X25519' },
  'OKP: Ed448': { ...generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }), kid: '448' },
  ...Object.fromEntries(
    smallPoints.map((bytes, at) => [`OKP: a point of small order, ${at}`, { ...ed, x: xOf(bytes) }]),
  ),
  'oct: a secret': { kty: 'oct', k: 'AAAA', kid: 'oct', alg: 'HS256' },
}

describe('B45 keys', () => {
  for (const [what, jwk] of Object.entries(keys)) {
    test(what, async () => {
      const set = await readKeySet({ keys: [jwk] })
      assert.deepEqual(set?.keys, [])
    })
  }

  // ROCA moduli (CVE-2017-15361) look like any other; only their factors tell. They are documented, not refused.
  test('good ones are keys', async () => {
    const all: readonly Algorithm[] = ['ES256', 'ES384', 'ES512', 'EdDSA']
    const set = await readKeySet({ keys: [...all.map((algorithm) => createSigningKey(algorithm).jwk), rsa.jwk] })
    assert.equal(set?.keys.length, 5)
  })
})

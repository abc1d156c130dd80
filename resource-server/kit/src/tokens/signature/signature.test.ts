import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import { parseJws } from '@postern/core'
import fc from 'fast-check'
import { importJWK, jwtVerify, SignJWT } from 'jose'
import { inspectJwk } from '../../keys/inspect-jwk.ts'
import { algorithms } from '../../options/algorithms.ts'
import { createSigningKey, signBytes } from '../../testing/signing.ts'
import { toDerSignature } from './der.ts'
import * as node from './node.ts'
import * as web from './web.ts'

const variants = { node, web }

for (const [name, { importKey, verifySignature }] of Object.entries(variants)) {
  for (const algorithm of algorithms) {
    test(`${name}: ${algorithm} as jose signs and verifies it, and nothing else`, async () => {
      const { privateKey, jwk, kid } = createSigningKey(algorithm)
      const token = await new SignJWT({ sub: 's' }).setProtectedHeader({ alg: algorithm, kid }).sign(privateKey)
      await jwtVerify(token, await importJWK({ ...jwk }, algorithm))

      const jws = parseJws(token)
      const inspected = inspectJwk(jwk)
      assert.ok(jws.malformed === undefined && inspected.usable)
      const key = await importKey(inspected.jwk, algorithm)
      const { signingInput, signature } = jws
      const input = { algorithm, key, signingInput, signature }
      assert.equal(await verifySignature(input), true)
      assert.equal(await verifySignature({ ...input, signingInput: `${signingInput}x` }), false)
      assert.equal(await verifySignature({ ...input, signature: signature.map((byte) => byte ^ 1) }), false)
      assert.equal(await verifySignature({ ...input, signature: signature.slice(1) }), false)
      assert.equal(await verifySignature({ ...input, signature: new Uint8Array(0) }), false)
      assert.equal(await verifySignature({ ...input, signature: new Uint8Array(signature.length) }), false)
      assert.equal(await verifySignature({ ...input, key: {} }), false)
    })
  }

  for (const algorithm of algorithms.filter((one) => /^[PR]S/.test(one))) {
    // Of 256 signatures one begins with a zero; without it OpenSSL takes it all the same where the padding is PSS.
    test(`${name}: ${algorithm} with its leading zero left out is another text, and no signature`, async () => {
      const { privateKey, jwk } = createSigningKey(algorithm)
      const inspected = inspectJwk(jwk)
      assert.ok(inspected.usable)
      const key = await importKey(inspected.jwk, algorithm)
      for (let nonce = 0; ; nonce += 1) {
        const signingInput = `header.payload${nonce}`
        const signature = new Uint8Array(signBytes(signingInput, algorithm, privateKey))
        if (signature[0] !== 0) continue
        const input = { algorithm, key, signingInput, signature }
        assert.equal(await verifySignature(input), true)
        assert.equal(await verifySignature({ ...input, signature: signature.slice(1) }), false)
        assert.equal(await verifySignature({ ...input, signature: new Uint8Array([0, ...signature]) }), false)
        break
      }
    })
  }

  test(`${name}: a point off its curve is no key`, async () => {
    const { jwk } = createSigningKey('ES256')
    const inspected = inspectJwk({ ...jwk, y: jwk.x })
    assert.ok(inspected.usable)
    await assert.rejects(async () => importKey(inspected.jwk, 'ES256'))
  })
}

for (const algorithm of algorithms) {
  test(`node: ${algorithm} alone, together or while others are under way, the answer is the same`, async () => {
    const { privateKey, jwk } = createSigningKey(algorithm)
    const inspected = inspectJwk(jwk)
    assert.ok(inspected.usable)
    const key = await node.importKey(inspected.jwk, algorithm)
    const signingInput = 'header.payload'
    const signature = new Uint8Array(signBytes(signingInput, algorithm, privateKey))
    const good = { algorithm, key, signingInput, signature }
    const bad = { ...good, signingInput: 'header.another' }
    const turns = [[good], [bad], [good, bad, good], [bad, good, bad], [bad], [good]]
    const answers: unknown[] = []
    // Without a pause the later turns find the earlier ones under way.
    for (const pause of [true, false]) {
      for (const inputs of turns) {
        const verified = inputs.map(async (input) => [await node.verifySignature(input), input === good])
        if (pause) await Promise.all(verified)
        answers.push(...verified)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    for (const [answer, wanted] of (await Promise.all(answers)) as boolean[][]) assert.equal(answer, wanted)
    assert.equal(answers.length, 20)
  })
}

test('node: fake timers of a host do not hold a verification up', async (t) => {
  const { privateKey, jwk } = createSigningKey('ES256')
  const inspected = inspectJwk(jwk)
  assert.ok(inspected.usable)
  const key = await node.importKey(inspected.jwk, 'ES256')
  const signature = new Uint8Array(signBytes('header.payload', 'ES256', privateKey))
  t.mock.timers.enable({ apis: ['setImmediate', 'setTimeout'] })
  assert.equal(await node.verifySignature({ algorithm: 'ES256', key, signingInput: 'header.payload', signature }), true)
})

test('DER of every R and S means the same signature', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  fc.assert(
    fc.property(fc.string(), (text) => {
      const data = Buffer.from(text)
      const der = toDerSignature(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }), 32)
      assert.ok(
        der !== undefined &&
          verify('sha256', data, createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })), der),
      )
    }),
    { numRuns: 300 },
  )
})

test('DER is minimal and canonical', () => {
  const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')
  assert.equal(hex(toDerSignature(Uint8Array.of(0, 1, 0x80, 0), 2)), '30080201010203008000')
  assert.equal(hex(toDerSignature(new Uint8Array(4), 2)), '3006020100020100')
  assert.equal(toDerSignature(new Uint8Array(63), 32), undefined)
  assert.equal(toDerSignature(new Uint8Array(65), 32), undefined)
  assert.match(hex(toDerSignature(new Uint8Array(132).fill(0xff), 66)), /^30818a024300ff/)
})

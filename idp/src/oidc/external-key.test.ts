import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { ExternalSigningKey } from 'oidc-provider'
import { externalKey } from './external-key.ts'

/** The library's own way to the members of a key: from the key object. */
class Exported extends ExternalSigningKey {
  readonly #key: KeyObject
  constructor(key: KeyObject) {
    super()
    this.#key = key
  }
  override keyObject(): KeyObject {
    return this.#key
  }
}

const pairs = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}

for (const [alg, generate] of Object.entries(pairs)) {
  test(`${alg}: a key tells the library what it would have found in the key object`, () => {
    const { publicKey } = generate()
    const key = externalKey({ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg, use: 'sig' }, undefined)
    const exported = new Exported(publicKey)
    for (const name of ['kty', 'crv', 'x', 'y', 'n', 'e', 'pub', 'use', 'key_ops', 'x5c'] as const) {
      assert.deepEqual(key[name], exported[name], name)
    }
    assert.deepEqual([key.kid, key.alg], ['k', alg])
    assert.ok(publicKey.equals(key.keyObject() as KeyObject))
    assert.throws(() => key.sign(new Uint8Array()), /it is not the active one/)
  })
}

import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import {
  brokenToken,
  brokenTokenKinds,
  createSigningKey,
  describeBrokenToken,
  type SigningKey,
  signBytes,
} from '@postern/resource-server/testing'
import type { Fixture } from '../fixture.ts'
import type { Row } from '../row.ts'

/** Everything that the mint can break, B and C and what of the others is in it. */
const broken = brokenTokenKinds.map((kind): Row => {
  const { row, what } = describeBrokenToken(kind)
  return { id: row, what: `${kind}: ${what}`, attack: ({ issuer }) => brokenToken(issuer, kind), expect: 'IT' }
})

// Made once, for RSA keys take their time.
const goodRsaKey = createSigningKey('RS256')
const shortKey = createSigningKey('RS256', { modulusLength: 1024 })
const smallExponentKey = createSmallExponentKey()

function createSmallExponentKey(): SigningKey {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'e3', alg: 'RS256', use: 'sig' }
  return { kid: 'e3', algorithm: 'RS256', jwk, ...pair }
}

/** A row whose issuer publishes a key that must not be used, beside its good ones. */
function withKey(id: string, what: string, publish: (fixture: Fixture) => string): Row {
  return {
    id,
    what,
    setUp: {},
    async play(fixture) {
      const token = publish(fixture)
      await fixture.expect('IT', token)
      await fixture.expect('OK', fixture.issuer.mint())
    },
  }
}

/** A token of a key that the issuer publishes in a wrong way. */
function publishes(
  id: string,
  what: string,
  change: (jwk: object) => object,
  algorithm: 'ES256' | 'RS256' = 'ES256',
): Row {
  return withKey(id, what, ({ issuer }) => {
    const key = algorithm === 'RS256' ? goodRsaKey : createSigningKey(algorithm)
    issuer.publish(change(key.jwk))
    return issuer.mint({}, { key })
  })
}

/** B. JOSE structure, algorithms, keys (RFC 8725 §2–3, RFC 7515, RFC 7518). */
export const tokens: readonly Row[] = [
  ...broken,
  withKey('B6', 'an oct key in the key set, and HS256 with it', ({ issuer }) => {
    issuer.publish({ kty: 'oct', kid: 'oct', alg: 'HS256', k: Buffer.from('secret').toString('base64url') })
    const [, payload] = issuer.mint().split('.')
    const input = `${Buffer.from('{"alg":"HS256","kid":"oct","typ":"at+jwt"}').toString('base64url')}.${payload}`
    return `${input}.${createHmac('sha256', 'secret').update(input).digest('base64url')}`
  }),
  ...(['PS256', 'RS512'] as const).map(
    (algorithm): Row => ({
      id: 'B7',
      what: `a key without alg, and ${algorithm} that is not on the list`,
      setUp: { rules: { algorithms: ['ES256', 'RS256'] } },
      async play({ issuer, expect }) {
        const key = goodRsaKey
        const { alg: _, ...jwk } = key.jwk
        issuer.publish(jwk)
        await expect('IT', issuer.mint({}, { key: { ...key, algorithm } }))
        await expect('OK', issuer.mint({}, { key }))
      },
    }),
  ),
  publishes('B10', 'a key for encryption', (jwk) => ({ ...jwk, use: 'enc' })),
  publishes('B10', 'a key whose operations do not hold verify', (jwk) => ({ ...jwk, key_ops: ['encrypt'] })),
  publishes('B8', 'a key for another algorithm', (jwk) => ({ ...jwk, alg: 'ES384' })),
  withKey('B11', 'an RSA key of 1024 bits', ({ issuer }) => {
    issuer.publish(shortKey.jwk)
    return issuer.mint({}, { key: shortKey })
  }),
  withKey('B12', 'an RSA key with exponent 3', ({ issuer }) => {
    issuer.publish(smallExponentKey.jwk)
    return issuer.mint({}, { key: smallExponentKey })
  }),
  publishes('B12', 'an RSA key with exponent 1', (jwk) => ({ ...jwk, e: 'AQ' }), 'RS256'),
  {
    id: 'B14',
    what: 'jku and x5u cause no request',
    async play({ issuer, stranger, expect }) {
      const key = createSigningKey('ES256')
      stranger.publish(key.jwk)
      const before = { ...stranger.fetches }
      for (const name of ['jku', 'x5u'])
        await expect('IT', issuer.mint({}, { key, header: { [name]: stranger.jwksUri } }))
      assert.deepEqual(stranger.fetches, before)
    },
  },
  {
    id: 'B17',
    what: 'three hundred unknown key ids cause one fetch, and slow no good token down',
    setUp: {},
    async play({ issuer, expect, send }) {
      await expect('OK', issuer.mint())
      const key = createSigningKey('ES256')
      const unknown = Array.from({ length: 300 }, (_, index) =>
        issuer.mint({}, { key, header: { kid: `unknown-${index}` } }),
      )
      for (let from = 0; from < 300; from += 50) {
        const answers = await Promise.all(unknown.slice(from, from + 50).map(send))
        assert.ok(answers.every(({ status }) => status === 401))
      }
      assert.equal(issuer.fetches.jwks, 2)
      await expect('OK', issuer.mint())
    },
  },
  {
    id: 'B18',
    what: 'no kid, one key that fits',
    attack: ({ issuer }) => issuer.mint({}, { header: { kid: undefined } }),
    expect: 'OK',
    setUp: {},
  },
  {
    id: 'B19',
    what: 'no kid, several keys that fit',
    setUp: {},
    async play({ issuer, expect, events }) {
      issuer.rotate({ keepOld: true })
      await expect('IT', issuer.mint({}, { header: { kid: undefined } }))
      assert.equal(events.at(-1)?.reason, 'ambiguous_key')
    },
  },
  withKey(
    'B32',
    'the neutral point as Ed25519 key, under which R = 1 and S = 0 would sign everything',
    ({ issuer }) => {
      const one = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)])
      issuer.publish({ kty: 'OKP', crv: 'Ed25519', kid: 'one', alg: 'EdDSA', x: one.toString('base64url') })
      const [header, payload] = issuer.mint({}, { header: { alg: 'EdDSA', kid: 'one' } }).split('.')
      return `${header}.${payload}.${Buffer.concat([one, Buffer.alloc(32)]).toString('base64url')}`
    },
  ),
  {
    id: 'B36',
    what: 'a member twice in an object inside the claims',
    async play({ issuer, expect }) {
      const text = JSON.stringify(issuer.claims()).replace('{', '{"a":{"b":1,"b":2},')
      const [header] = issuer.mint().split('.')
      const input = `${header}.${Buffer.from(text).toString('base64url')}`
      const signature = signBytes(input, 'ES256', issuer.signingKey().privateKey)
      await expect('IT', `${input}.${Buffer.from(signature).toString('base64url')}`)
    },
  },
  {
    id: 'B38',
    what: 'scopes in a prototype',
    attack: ({ issuer }) =>
      issuer.mint({
        scope: undefined,
        ['__proto__']: { scope: 'read write' },
        constructor: { prototype: { scope: 'read write' } },
      }),
    expect: 'IS',
  },
  ...(['ES256', 'RS256', 'EdDSA'] as const).map(
    (algorithm): Row => ({
      id: 'B43',
      what: `a private key in the key set, for ${algorithm}: ignored with a warning, which does not repeat it`,
      setUp: {},
      async play({ issuer, expect, events }) {
        const key = algorithm === 'RS256' ? goodRsaKey : createSigningKey(algorithm)
        const jwk = key.privateKey.export({ format: 'jwk' })
        issuer.publish({ ...jwk, kid: key.kid, alg: algorithm, use: 'sig' })
        await expect('IT', issuer.mint({}, { key }))
        await expect('OK', issuer.mint())
        const warnings = events.filter(({ reason }) => reason === 'key_ignored')
        assert.deepEqual(
          warnings.map(({ kind, outcome }) => [kind, outcome]),
          [['service.state', 'error']],
        )
        assert.ok(jwk.d !== undefined && !JSON.stringify(events).includes(jwk.d))
      },
    }),
  ),
  ...[
    null,
    'key',
    [],
    7,
    {},
    { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' },
    { kty: 'EC', crv: 'P-999', x: 'AA', y: 'AA' },
    { kty: 'RSA', n: 'AQ', e: 7 },
    { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: `${'A'.repeat(42)}E` },
  ].map(
    (entry): Row => ({
      id: 'B44',
      what: `${JSON.stringify(entry)} in the key set`,
      setUp: {},
      async play({ issuer, expect }) {
        issuer.publish(entry)
        await expect('OK', issuer.mint())
      },
    }),
  ),
  {
    id: 'B44',
    what: 'what should not be in a key set leaves an event',
    setUp: {},
    async play({ issuer, expect, events }) {
      issuer.publish(null)
      await expect('OK', issuer.mint())
      assert.ok(events.some(({ reason }) => reason === 'key_ignored'))
    },
  },
]

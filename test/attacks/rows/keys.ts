import assert from 'node:assert/strict'
import { createSigningKey, type Fault } from '@postern/resource-server/testing'
import type { Row } from '../row.ts'

function outage(id: string, what: string, endpoint: 'metadata' | 'jwks', fault: Fault): Row {
  return {
    id,
    what,
    setUp: {},
    async play({ issuer, expect }) {
      issuer.fail(endpoint, fault)
      await expect('UN', issuer.mint())
    },
  }
}

/** Where no key may be fetched from when only public addresses are allowed. */
const privatePlaces = [
  'https://169.254.169.254/latest/meta-data',
  'https://10.1.2.3/jwks',
  'https://192.168.1.1/jwks',
  'https://[::1]/jwks',
  'https://[::ffff:127.0.0.1]/jwks',
  'https://[64:ff9b::7f00:1]/jwks',
  'https://[fd00::1]/jwks',
  'https://2130706433/jwks',
  'https://0177.0.0.1/jwks',
  'https://0x7f.1/jwks',
]

/** Where the fetch of row E25 went. */
const fetched: string[] = []

/** E. Keys, discovery, outage, SSRF (RFC 8414 §3.3, RFC 7517, RFC 8725 §3.10). */
export const keys: readonly Row[] = [
  {
    id: 'E1',
    what: "metadata that is another issuer's, with keys that would fit",
    setUp: {},
    async play({ issuer, expect }) {
      issuer.fail('metadata', { body: { issuer: 'https://honest.example', jwks_uri: issuer.jwksUri } })
      await expect('UN', issuer.mint())
      assert.equal(issuer.fetches.jwks, 0)
    },
  },
  ...[
    'http://as.example/jwks',
    'file:///jwks',
    'https://u:p@as.example/jwks',
    'https://as.example/jwks#a',
    7,
    undefined,
  ].map(
    (jwks_uri): Row => ({
      id: jwks_uri === undefined ? 'E22' : 'E2',
      what: `metadata with jwks_uri ${jwks_uri}`,
      setUp: {},
      async play({ issuer, expect }) {
        issuer.fail('metadata', { body: { issuer: issuer.issuer, jwks_uri } })
        await expect('UN', issuer.mint())
        assert.equal(issuer.fetches.jwks, 0)
      },
    }),
  ),
  ...privatePlaces.map((jwksUri): Row => {
    let fetched = 0
    return {
      id: 'E3',
      what: `keys at ${jwksUri}, public addresses only`,
      setUp: {
        rules: { jwksUri },
        options: {
          network: 'public-only',
          fetch: async () => {
            fetched += 1
            return Response.json({ keys: [] })
          },
        },
      },
      async play({ issuer, expect }) {
        await expect('UN', issuer.mint())
        assert.equal(fetched, 0)
      },
    }
  }),
  ...[
    'https://169.254.169.254/jwks',
    'https://[fe80::1]/jwks',
    'https://[::ffff:a9fe:a9fe]/jwks',
    'https://2852039166/jwks',
  ].map((discoveryUrl): Row => {
    let fetched = 0
    return {
      id: 'E3',
      what: `metadata at ${discoveryUrl}, whatever the network`,
      setUp: {
        rules: { discoveryUrl },
        options: {
          network: 'any',
          fetch: async () => {
            fetched += 1
            return Response.json({})
          },
        },
      },
      async play({ issuer, expect }) {
        await expect('UN', issuer.mint())
        assert.equal(fetched, 0)
      },
    }
  }),
  {
    id: 'E3',
    what: 'an issuer on this machine, public addresses only',
    setUp: { options: { network: 'public-only' } },
    async play({ issuer, expect }) {
      await expect('UN', issuer.mint())
      assert.deepEqual(issuer.fetches, { metadata: 0, jwks: 0 })
    },
  },
  ...[301, 302, 307, 308].flatMap((status): Row[] =>
    (['metadata', 'jwks'] as const).map((endpoint) => ({
      id: 'E4',
      what: `${status} from ${endpoint}`,
      setUp: {},
      async play({ issuer, stranger, expect }) {
        issuer.fail(endpoint, { status, headers: { location: stranger.jwksUri } })
        await expect('UN', issuer.mint())
        assert.deepEqual(stranger.fetches, { metadata: 0, jwks: 0 })
      },
    })),
  ),
  outage('E5', 'keys answered with 503, cold', 'jwks', { status: 503 }),
  outage('E5', 'keys answered with HTML', 'jwks', { body: '<html>' }),
  outage('E5', 'keys answered with more than the limit', 'jwks', {
    body: JSON.stringify({ keys: [], x: 'x'.repeat(600_000) }),
  }),
  {
    id: 'E6',
    what: 'keys that never come',
    setUp: { options: { keys: { timeout: 0.05 } } },
    async play({ issuer, expect }) {
      const never = Promise.withResolvers<void>()
      issuer.fail('jwks', { hold: never.promise })
      await expect('UN', issuer.mint())
      never.resolve()
    },
  },
  outage('E7', 'no connection', 'metadata', { hangUp: true }),
  {
    id: 'E8',
    what: 'metadata answered with 503: twenty at once, ten after another, one fetch',
    setUp: {},
    async play({ issuer, expect, send }) {
      issuer.fail('metadata', { status: 503 })
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(issuer.mint())))
      assert.ok(answers.every(({ status }) => status === 503))
      for (let count = 0; count < 10; count += 1) await expect('UN', issuer.mint())
      assert.deepEqual(issuer.fetches, { metadata: 1, jwks: 0 })
    },
  },
  {
    id: 'E9',
    what: 'an outage: known keys serve for an hour, with an event, then 503',
    setUp: {},
    async play({ issuer, expect, clock, events }) {
      await expect('OK', issuer.mint())
      issuer.fail('jwks', { status: 500 })
      clock.advance(600_000)
      await expect('OK', issuer.mint())
      assert.ok(events.some(({ reason }) => reason === 'keys_stale'))
      clock.advance(3_599_000)
      await expect('OK', issuer.mint())
      clock.advance(20_000)
      await expect('UN', issuer.mint())
    },
  },
  {
    id: 'E11',
    what: 'a rotation right after a fetch',
    setUp: {},
    async play({ issuer, expect }) {
      await expect('OK', issuer.mint())
      issuer.rotate()
      await expect('OK', issuer.mint())
    },
  },
  {
    id: 'E11',
    what: "a rotation right after a stranger's key id, and the same again",
    setUp: {},
    async play({ issuer, expect, clock }) {
      await expect('OK', issuer.mint())
      const key = createSigningKey('ES256')
      for (const kid of ['a', 'b']) {
        await expect('IT', issuer.mint({}, { key, header: { kid } }))
        issuer.rotate()
        clock.advance(950)
        await expect('OK', issuer.mint())
        clock.advance(950)
      }
      assert.equal(issuer.fetches.jwks, 5)
    },
    because:
      'The first request waits until a second has passed since the stranger was looked for. Several strangers within the cool-down make that 2, 4, 8 … seconds, a flood of them the 30 seconds of the cool-down, in which good tokens of a new key get 401: before the fetch nothing tells them from a stranger.',
  },
  {
    id: 'E11',
    what: 'three rotations within the cool-down',
    setUp: {},
    async play({ issuer, expect, clock }) {
      await expect('OK', issuer.mint())
      for (let count = 0; count < 3; count += 1) {
        issuer.rotate()
        await expect('OK', issuer.mint())
        clock.advance(1000)
      }
    },
    because: 'Fetches out of turn are at least a second apart, so that a token of the second key may wait that long.',
  },
  {
    id: 'E12',
    what: 'a withdrawn key, remembered token or not, once the keys are too old',
    setUp: {},
    async play({ issuer, expect, clock }) {
      const token = issuer.mint({ exp: clock.now() / 1000 + 3600 })
      await expect('OK', token)
      const key = issuer.signingKey()
      issuer.rotate()
      clock.advance(600_000)
      await expect('IT', token)
      await expect('IT', issuer.mint({}, { key }))
    },
  },
  {
    id: 'E12',
    what: 'a withdrawn key after reload()',
    setUp: {},
    async play({ issuer, expect, rs }) {
      const token = issuer.mint()
      await expect('OK', token)
      issuer.rotate()
      await rs.reload()
      await expect('IT', token)
    },
  },
  {
    id: 'E14',
    what: 'fifty first requests at once',
    setUp: {},
    async play({ issuer, send }) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => send(issuer.mint())))
      assert.ok(answers.every(({ status }) => status === 200))
      assert.deepEqual(issuer.fetches, { metadata: 1, jwks: 1 })
    },
  },
  {
    id: 'E15',
    what: 'two issuers with one key set, each with its own rules',
    setUp: {
      options: ({ issuer, stranger }) => ({
        issuers: [
          { issuer: issuer.issuer, jwksUri: issuer.jwksUri, algorithms: ['ES384'] },
          { issuer: stranger.issuer, jwksUri: issuer.jwksUri, algorithms: ['ES256'] },
        ],
      }),
    },
    async play({ issuer, stranger, expect }) {
      await expect('IT', issuer.mint())
      await expect('OK', issuer.mint({ iss: stranger.issuer }))
    },
  },
  ...['https://stranger.example', 'http://169.254.169.254', '', 7, ['a'], null].map(
    (iss): Row => ({
      id: 'E19',
      what: `iss is ${JSON.stringify(iss)}: nothing is fetched`,
      setUp: {},
      async play({ issuer, expect }) {
        await expect('IT', issuer.mint({ iss }))
        assert.deepEqual(issuer.fetches, { metadata: 0, jwks: 0 })
      },
    }),
  ),
  {
    id: 'E25',
    what: 'the fetch of the options is used for metadata, keys and introspection alike',
    setUp: {
      rules: ({ issuer }) => ({ introspection: issuer.introspectionClient }),
      options: {
        fetch: (target, init) => {
          fetched.push(new URL(String(target)).pathname)
          return fetch(target, init)
        },
      },
    },
    async play({ issuer, expect }) {
      fetched.length = 0
      await expect('OK', issuer.mint())
      await expect('OK', issuer.issue())
      for (const path of ['/.well-known/oauth-authorization-server', '/keys', '/introspect']) {
        assert.ok(fetched.includes(path), path)
      }
      const { metadata, jwks } = issuer.fetches
      assert.equal(fetched.length, metadata + jwks + issuer.introspected.length, 'nothing went past it')
    },
  },
  ...[0, 1, 2].map(
    (metadataPlace): Row => ({
      id: metadataPlace === 0 ? 'E20' : 'E21',
      what: `metadata at the place number ${metadataPlace} only`,
      setUp: { fake: { path: '/tenant', metadataPlace } },
      attack: ({ issuer }) => issuer.mint(),
      expect: 'OK',
    }),
  ),
  {
    id: 'E23',
    what: 'started during an outage',
    setUp: {},
    async play({ issuer, expect, clock }) {
      issuer.fail('metadata', { hangUp: true })
      await expect('UN', issuer.mint())
      await expect('C0', {})
      issuer.fail('metadata')
      clock.advance(1000)
      await expect('OK', issuer.mint())
    },
  },
  {
    id: 'E24',
    what: 'keys from a function: no fetch of its own',
    setUp: { rules: ({ issuer }) => ({ jwks: async () => ({ keys: [issuer.signingKey().jwk] }) }) },
    async play({ issuer, expect }) {
      await expect('OK', issuer.mint())
      assert.deepEqual(issuer.fetches, { metadata: 0, jwks: 0 })
    },
  },
  {
    id: 'E24',
    what: 'a function for keys that throws',
    setUp: { rules: { jwks: () => Promise.reject(new Error('secret')) } },
    attack: ({ issuer }) => issuer.mint(),
    expect: 'UN',
  },
]

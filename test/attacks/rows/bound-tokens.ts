import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { encodeBase64url } from '@postern/core'
import {
  createReplayStore,
  createResourceServer,
  type DpopOptions,
  type ResourceServerOptions,
} from '@postern/resource-server'
import { createDpopKey, createSigningKey, type DpopKey, type ProofChanges } from '@postern/resource-server/testing'
import { bearer, type Fixture, type Issuers, resource, type SetUp } from '../fixture.ts'
import type { Attack } from '../hosts.ts'
import type { AttackRow, Row } from '../row.ts'

function dpop(more: Partial<DpopOptions> = {}, options: Partial<ResourceServerOptions> = {}): SetUp {
  const isRequired = more.mode === 'required'
  return {
    options: { dpop: { mode: 'allowed', ...more }, ...options },
    schemes: isRequired ? ['DPoP'] : ['Bearer', 'DPoP'],
  }
}

const allowed = dpop()
const required = dpop({ mode: 'required' })

interface Bound {
  readonly key: DpopKey
  readonly token: string
  /** A request with the token and a new proof. */
  send(changes?: ProofChanges, more?: Attack): Attack
}

/** A client with a key, and a token that is bound to it. */
function client({ issuer, clock }: Issuers, claims: object = {}, algorithm: 'ES256' | 'RS256' = 'ES256'): Bound {
  const key = createDpopKey({ clock, algorithm })
  const token = issuer.mint({ cnf: { jkt: key.thumbprint }, ...claims })
  return { key, token, send: (changes, more) => sendBound(key, token, changes, more) }
}

function sendBound(key: DpopKey, token: string, changes: ProofChanges = {}, more: Attack = {}): Attack {
  const proof = key.prove(
    { url: resource, token, ...(more.method === undefined ? {} : { method: more.method }) },
    changes,
  )
  return { ...more, headers: { ...more.headers, authorization: `DPoP ${token}`, dpop: proof } }
}

/** A row about a proof that differs from a good one in this. */
function proof(
  id: string,
  what: string,
  expect: AttackRow['expect'],
  change: (fixture: Fixture) => ProofChanges,
  more: Attack = {},
): Row {
  return { id, what, setUp: allowed, attack: (fixture) => client(fixture).send(change(fixture), more), expect }
}

function wrongHeader(id: string, what: string, header: Record<string, unknown>): Row {
  return proof(id, what, 'DP', () => ({ header }))
}

function wrongClaim(id: string, what: string, claims: Record<string, unknown>): Row {
  return proof(id, what, 'DP', () => ({ claims }))
}

function wrongTarget(htu: unknown): Row {
  return wrongClaim('H11', `htu ${JSON.stringify(htu)?.slice(0, 60)}`, { htu })
}

function goodTarget(htu: string): Row {
  return proof('H11', `htu ${htu}, which is the same`, 'OK', () => ({ claims: { htu } }))
}

/** Seconds from now. */
function madeAt(what: string, seconds: number, expect: 'OK' | 'DP'): Row {
  return proof('H14', what, expect, ({ clock }) => ({ claims: { iat: clock.now() / 1000 + seconds } }))
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('base64url')
const thumbprint = sha256('somebody else')
const certificate = new Uint8Array([0x30, 0x03, 0x02, 0x01, 0x01])
const certificateHash = sha256(certificate)

function withCertificate(id: string, what: string, found: () => unknown, expect: 'OK' | 'IT' | 'SE'): Row {
  // What a callback without types might answer.
  const mtls = { certificate: found } as NonNullable<ResourceServerOptions['mtls']>
  return {
    id,
    what,
    setUp: { options: { mtls } },
    attack: ({ issuer }) => issuer.mint({ cnf: { 'x5t#S256': certificateHash } }),
    expect,
  }
}

const wire: readonly Row[] = [
  {
    id: 'H1',
    what: "a bound token as a mere bearer's, where DPoP is off",
    async play({ issuer, expect }) {
      await expect('IT', issuer.mint({ cnf: { jkt: thumbprint } }))
    },
  },
  {
    id: 'H1',
    what: "a bound token as a mere bearer's, where DPoP is allowed",
    setUp: allowed,
    async play(fixture) {
      const { token, send } = client(fixture)
      await fixture.expect('IT', token)
      await fixture.expect('IT', bearer(token, { headers: { dpop: String(send().headers?.['dpop']) } }))
    },
  },
  {
    id: 'H1',
    what: 'the DPoP scheme where DPoP is off',
    attack: (fixture) => client(fixture).send(),
    expect: 'C0',
  },
  {
    id: 'H2',
    what: 'a token that is bound to a certificate, without mTLS',
    setUp: allowed,
    attack: ({ issuer }) => issuer.mint({ cnf: { 'x5t#S256': certificateHash } }),
    expect: 'IT',
  },
  ...[
    {},
    null,
    'x',
    [],
    { jwk: {} },
    { jkt: 1 },
    { jkt: '' },
    { jkt: `${thumbprint}=` },
    { jkt: thumbprint, kid: 'k' },
  ].map(
    (cnf): Row => ({
      id: 'H2',
      what: `a binding that is not known: ${JSON.stringify(cnf).slice(0, 40)}`,
      setUp: allowed,
      async play({ issuer, expect }) {
        const token = issuer.mint({ cnf })
        await expect('IT', token)
        await expect('IT', { headers: { authorization: `DPoP ${token}` } })
      },
    }),
  ),
  {
    id: 'H3',
    what: 'a good proof, and what the handler learns of it',
    setUp: allowed,
    async play(fixture) {
      const { key, send } = client(fixture)
      for (const method of ['POST', 'GET', 'DELETE']) await fixture.expect('OK', send({}, { method }))
      await fixture.expect('OK', send({}, { path: '/mcp?a=1' }))
      const { confirmation } = fixture.host.callers.at(-1) ?? {}
      assert.deepEqual(confirmation, { jkt: key.thumbprint })
      assert.ok(Object.isFrozen(confirmation))
      // The token is verified once and remembered; what is looked at anew every time is the proof.
      assert.equal(new Set(fixture.host.callers).size, 1)
      assert.equal(fixture.issuer.fetches.jwks, 1)
    },
  },
  {
    id: 'H3',
    what: 'the scheme in any case',
    setUp: allowed,
    attack: (fixture) => {
      const { send, token } = client(fixture)
      const attack = send()
      return { headers: { ...attack.headers, authorization: `dpop  ${token}` } }
    },
    expect: 'OK',
  },
  {
    id: 'H3',
    what: 'a proof with an RSA key',
    setUp: allowed,
    attack: (fixture) => client(fixture, {}, 'RS256').send(),
    expect: 'OK',
  },
  {
    id: 'H4',
    what: 'no proof',
    setUp: allowed,
    attack: (fixture) => ({ headers: { authorization: `DPoP ${client(fixture).token}` } }),
    expect: 'DP',
  },
  {
    id: 'H4',
    what: 'an empty proof',
    setUp: allowed,
    attack: (fixture) => ({ headers: { authorization: `DPoP ${client(fixture).token}`, dpop: '' } }),
    expect: 'DP',
  },
  {
    id: 'H5',
    what: 'two proofs, each of them good',
    setUp: allowed,
    async play(fixture) {
      const { send, token } = client(fixture)
      const [one, two] = [String(send().headers?.['dpop']), String(send().headers?.['dpop'])]
      const authorization = `DPoP ${token}`
      for (const wrong of [[one, two], [one, one], `${one}, ${two}`, `${one},${two}`, `${one} ${two}`]) {
        await fixture.expect('DP', { headers: { authorization, dpop: wrong } })
      }
    },
  },
  {
    id: 'H5',
    what: 'the token twice, once as each scheme',
    setUp: allowed,
    attack: (fixture) => {
      const { send, token } = client(fixture)
      const attack = send()
      return { headers: { ...attack.headers, authorization: [`DPoP ${token}`, `Bearer ${token}`] } }
    },
    expect: 'IR',
  },
]

const shape: readonly Row[] = [
  ...['JWT', 'at+jwt', 'dpop', 'DPOP+JWT', 'application/dpop+jwt', '', 1, null, undefined].map((typ) =>
    wrongHeader('H6', `typ ${typ}`, { typ }),
  ),
  ...['none', 'HS256', 'RS1', 'es256', 'ES256K', '', null, 256, undefined].map((alg) =>
    wrongHeader('H7', `alg ${alg}`, { alg }),
  ),
  {
    id: 'H7',
    what: 'an algorithm that is not listed',
    setUp: dpop({ algorithms: ['RS256'] }),
    async play(fixture) {
      await fixture.expect('DP', client(fixture).send())
      await fixture.expect('OK', client(fixture, {}, 'RS256').send())
    },
  },
  wrongHeader('H7', "an algorithm that is not the key's", { alg: 'ES384' }),
  ...[undefined, null, 'x', [], {}, { kty: 'oct', k: 'AAAA' }].map((jwk) =>
    wrongHeader('H8', `jwk ${JSON.stringify(jwk)}`, { jwk }),
  ),
  proof('H8', 'a private jwk', 'DP', ({ clock }) => ({
    header: { jwk: createDpopKey({ clock }).key.privateKey.export({ format: 'jwk' }) },
  })),
  proof('H8', 'a point off its curve', 'DP', ({ clock }) => ({
    header: {
      jwk: {
        ...createDpopKey({ clock }).key.publicKey.export({ format: 'jwk' }),
        x: encodeBase64url(new Uint8Array(32)),
      },
    },
  })),
  proof('H8', 'a key id instead of a key', 'DP', () => ({ header: { jwk: undefined, kid: 'k' } })),
  ...[{ crit: [] }, { crit: ['b64'], b64: false }, { b64: false }, { zip: 'DEF' }].map((header) =>
    wrongHeader('H8', JSON.stringify(header), header),
  ),
  proof('H9', 'signed by another key', 'DP', () => ({ signer: createSigningKey('ES256') })),
  {
    id: 'H9',
    what: 'what is no proof at all, or not the one that was signed',
    setUp: allowed,
    async play(fixture) {
      const { send, token } = client(fixture)
      const good = String(send().headers?.['dpop'])
      const [header, payload, signature] = good.split('.')
      const wrong = ['x', token, `${header}.${payload}.`, `${header}.${payload}`, `${good}.`, `${good}=`]
      const swapped = `${header}.${String(send().headers?.['dpop']).split('.')[1]}.${signature}`
      for (const text of [...wrong, swapped, 'a'.repeat(10_000)]) {
        await fixture.expect('DP', { headers: { authorization: `DPoP ${token}`, dpop: text } })
      }
      await fixture.expect('OK', { headers: { authorization: `DPoP ${token}`, dpop: good } })
    },
  },
]

const claims: readonly Row[] = [
  ...['GET', 'post', 'Post', '', null, ['POST'], undefined].map((htm) => wrongClaim('H10', `htm ${htm}`, { htm })),
  ...[
    'https://other.example/mcp',
    'https://mcp.example/other',
    'https://mcp.example/mcp/',
    'https://mcp.example/MCP',
    'https://mcp.example',
    'http://mcp.example/mcp',
    'https://mcp.example:8443/mcp',
    'https://mcp.example/mcp?a=1',
    'https://mcp.example/mcp?',
    'https://mcp.example/mcp#a',
    'https://mcp.example/mcp#',
    'https://mcp.example/x/../mcp',
    'https://mcp.example/%2e/mcp',
    'https://mcp.example\\mcp',
    'https://u:p@mcp.example/mcp',
    'https://mcp.example@evil.example/mcp',
    'https://mcp.example.evil.example/mcp',
    ' https://mcp.example/mcp',
    'https://mcp.example/mc\np',
    '//mcp.example/mcp',
    '/mcp',
    '',
    'https://',
    `https://mcp.example/${'a'.repeat(3000)}`,
    null,
    ['https://mcp.example/mcp'],
    undefined,
  ].map(wrongTarget),
  ...['HTTPS://MCP.example/mcp', 'https://mcp.example:443/mcp', 'https://mcp.example/%6dcp'].map(goodTarget),
  {
    id: 'H13',
    what: 'headers that name another host do not make a proof for it good',
    setUp: allowed,
    async play(fixture) {
      const { send } = client(fixture)
      const spoof = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
      const claims = { htu: 'https://evil.example/mcp' }
      await fixture.expect('DP', send({ claims }, { headers: spoof }))
      await fixture.expect('OK', send({}, { headers: spoof }))
    },
  },
  madeAt('300 s old', -300, 'OK'),
  madeAt('301 s old', -301, 'DP'),
  madeAt('30 s ahead', 30, 'OK'),
  madeAt('31 s ahead', 31, 'DP'),
  ...['1767225600', null, -1, true, [], undefined].map((iat) =>
    wrongClaim('H14', `iat ${JSON.stringify(iat)}`, { iat }),
  ),
  {
    id: 'H14',
    what: 'another age is asked for',
    setUp: dpop({ maxAge: 10 }),
    async play(fixture) {
      const { send } = client(fixture)
      const now = fixture.clock.now() / 1000
      await fixture.expect('OK', send({ claims: { iat: now - 10 } }))
      await fixture.expect('DP', send({ claims: { iat: now - 11 } }))
    },
  },
  ...[undefined, null, '', sha256('another token')].map((ath) => wrongClaim('H15', `ath ${ath}`, { ath })),
  {
    id: 'H15',
    what: 'ath padded, or of the token of another client of the same key',
    setUp: allowed,
    async play(fixture) {
      const { key, send, token } = client(fixture)
      await fixture.expect('DP', send({ claims: { ath: `${sha256(token)}=` } }))
      const other = fixture.issuer.mint({ cnf: { jkt: key.thumbprint } })
      await fixture.expect('DP', send({ claims: { ath: sha256(other) } }))
    },
  },
  {
    id: 'H16',
    what: 'a good proof of another key',
    setUp: allowed,
    attack: (fixture) => sendBound(createDpopKey({ clock: fixture.clock }), client(fixture).token),
    expect: 'IT',
  },
]

const replay: readonly Row[] = [
  {
    id: 'H17',
    what: 'a proof that was used before, until it is too old anyway',
    setUp: allowed,
    async play(fixture) {
      const { send } = client(fixture, { exp: 4_000_000_000 })
      const attack = send()
      await fixture.expect('OK', attack)
      await fixture.expect('DP', attack)
      await fixture.expect('OK', send())
      fixture.clock.advance(299_000)
      await fixture.expect('DP', attack)
      assert.equal(fixture.events.at(-1)?.reason, 'dpop_proof_replayed')
      fixture.clock.advance(2000)
      await fixture.expect('DP', attack)
      assert.equal(fixture.events.at(-1)?.reason, 'dpop_proof_expired')
    },
  },
  {
    id: 'H17',
    what: 'a proof that was made ahead, in the last moment in which it is good',
    setUp: allowed,
    async play(fixture) {
      const { send } = client(fixture, { exp: 4_000_000_000 })
      const iat = fixture.clock.now() / 1000 + 30
      const [attack, unused] = [send({ claims: { iat } }), send({ claims: { iat } })]
      await fixture.expect('OK', attack)
      fixture.clock.advance(330_000)
      await fixture.expect('DP', attack)
      await fixture.expect('OK', unused)
    },
  },
  {
    id: 'H17',
    what: 'the same jti in a new proof, and of another client',
    setUp: allowed,
    async play(fixture) {
      const claims = { jti: 'once' }
      const one = client(fixture)
      await fixture.expect('OK', one.send({ claims }))
      await fixture.expect('DP', one.send({ claims }))
      await fixture.expect('DP', one.send({ claims }, { method: 'GET' }))
      await fixture.expect('OK', client(fixture).send({ claims }))
    },
  },
  {
    id: 'H17',
    what: 'a refused request uses up no proof, unless the proof was good',
    setUp: allowed,
    async play(fixture) {
      const { send, key } = client(fixture)
      const claims = { jti: 'once' }
      await fixture.expect('DP', send({ claims: { ...claims, ath: 'x' } }))
      const dead = fixture.issuer.mint({ cnf: { jkt: key.thumbprint }, exp: fixture.clock.now() / 1000 - 60, iat: 1 })
      await fixture.expect('IT', sendBound(key, dead, { claims }))
      await fixture.expect('OK', send({ claims }))
    },
  },
  {
    id: 'H17',
    what: 'two at a time',
    setUp: allowed,
    async play(fixture) {
      const attack = client(fixture).send()
      const answers = await Promise.all([1, 2, 3, 4].map(() => fixture.send(attack)))
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401])
    },
  },
  {
    id: 'H18',
    what: 'a replay at another instance that shares the store',
    setUp: { ...allowed, options: () => ({ dpop: { mode: 'allowed', replayStore: shared } }) },
    async play(fixture) {
      const { issuer, clock } = fixture
      const { send } = client(fixture)
      const other = createResourceServer({
        resource,
        issuers: [{ issuer: issuer.issuer }],
        clock,
        dpop: { mode: 'allowed', replayStore: shared },
      })
      const ask = async ({ headers }: Attack) => {
        const answer = await other.authenticate(
          new Request(resource, { method: 'POST', headers: { ...headers } as Record<string, string> }),
        )
        return answer instanceof Response ? answer.status : 200
      }
      const [first, second] = [send(), send()]
      await fixture.expect('OK', first)
      assert.equal(await ask(first), 401)
      assert.equal(await ask(second), 200)
      await fixture.expect('DP', second)
      other.close()
    },
  },
  ...['a'.repeat(10_000), 'a'.repeat(257), '', 7, null, undefined].map((jti) =>
    wrongClaim('H19', `jti ${JSON.stringify(jti)?.slice(0, 20)}`, { jti }),
  ),
  proof('H19', 'the longest jti', 'OK', () => ({ claims: { jti: 'a'.repeat(256) } })),
  ...[
    ['throws', () => Promise.reject(new Error('redis://:secret@db'))],
    ['throws at once', thrown],
    ['answers nothing', () => undefined],
    ['answers OK', () => 'OK'],
  ].map(([how, add]): Row => {
    const replayStore = { add } as NonNullable<DpopOptions['replayStore']>
    return {
      id: 'H19',
      what: `a store that ${how}`,
      setUp: dpop({ replayStore }),
      attack: (fixture) => client(fixture).send(),
      expect: 'UN',
    }
  }),
  {
    id: 'H19',
    what: 'a store that is full refuses, and recovers',
    setUp: {
      ...allowed,
      options: ({ clock }) => ({ dpop: { mode: 'allowed', replayStore: createReplayStore({ maxEntries: 2, clock }) } }),
    },
    async play(fixture) {
      const { send } = client(fixture, { exp: 4_000_000_000 })
      const first = send()
      await fixture.expect('OK', first)
      await fixture.expect('OK', send())
      await fixture.expect('UN', send())
      await fixture.expect('DP', first)
      await fixture.expect('OK', fixture.issuer.mint())
      fixture.clock.advance(331_000)
      await fixture.expect('OK', send())
    },
  },
]

function thrown(): never {
  throw new Error('redis://:secret@db')
}

/** In it nothing ever expires. */
const shared = createReplayStore({ clock: { now: () => 0 } })

const nonces: readonly Row[] = [
  {
    id: 'H20',
    what: 'a nonce is asked for, given and good for a while',
    setUp: dpop({ nonce: 'required' }),
    async play(fixture) {
      const { send } = client(fixture, { exp: 4_000_000_000 })
      const ask = async (claims: Record<string, unknown> = {}) =>
        String((await fixture.expect('DN', send({ claims }))).headers['dpop-nonce'])
      const nonce = await ask()
      await fixture.expect('OK', send({ claims: { nonce } }))
      await fixture.expect('OK', send({ claims: { nonce } }))
      for (const forged of ['', 'x', `${nonce}A`, nonce.slice(1), sha256(nonce), 7, null, [nonce]]) {
        assert.equal(await ask({ nonce: forged }), nonce)
      }
      fixture.clock.advance(150_000)
      await fixture.expect('OK', send({ claims: { nonce } }))
      fixture.clock.advance(150_000)
      const next = await ask({ nonce })
      assert.notEqual(next, nonce)
      await fixture.expect('OK', send({ claims: { nonce: next } }))
    },
  },
  {
    id: 'H20',
    what: "with a nonce the client's clock does not matter, but everything else does",
    setUp: dpop({ nonce: 'required' }),
    async play(fixture) {
      const { send } = client(fixture)
      const { headers } = await fixture.expect('DN', send())
      const nonce = headers['dpop-nonce']
      const attack = send({ claims: { nonce, iat: 1000 } })
      await fixture.expect('OK', attack)
      await fixture.expect('DP', attack)
      await fixture.expect('DP', send({ claims: { nonce, iat: undefined } }))
      await fixture.expect('DP', send({ claims: { nonce, htm: 'GET' } }))
    },
  },
  {
    id: 'H20',
    what: 'the nonce is readable for pages of other origins',
    setUp: dpop({ nonce: 'required' }),
    async play(fixture) {
      const answer = await fixture.expect(
        'DN',
        client(fixture).send({}, { headers: { origin: 'https://app.example' } }),
      )
      assert.match(answer.headers['access-control-expose-headers'] ?? '', /(?:^|, )DPoP-Nonce(?:,|$)/)
    },
  },
  {
    id: 'H20',
    what: 'the nonces of another secret and another resource are no good, those of another instance are',
    setUp: dpop({ nonce: { secret: 's'.repeat(32) } }),
    async play(fixture) {
      const { issuer, clock } = fixture
      const { send, key, token } = client(fixture)
      const nonceOf = async (url: string, secret: string) => {
        const dpop = { mode: 'allowed', nonce: { secret } } as const
        const rs = createResourceServer({
          resource: url,
          issuers: [{ issuer: issuer.issuer, audience: resource }],
          clock,
          dpop,
        })
        const headers = { authorization: `DPoP ${token}`, dpop: key.prove({ url, token }) }
        const answer = await rs.authenticate(new Request(url, { method: 'POST', headers }))
        rs.close()
        return answer instanceof Response ? answer.headers.get('dpop-nonce') : undefined
      }
      await fixture.expect('DN', send({ claims: { nonce: await nonceOf(resource, 'x'.repeat(32)) } }))
      await fixture.expect('DN', send({ claims: { nonce: await nonceOf(`${resource}/b`, 's'.repeat(32)) } }))
      await fixture.expect('OK', send({ claims: { nonce: await nonceOf(resource, 's'.repeat(32)) } }))
    },
  },
  proof('H20', 'a nonce that nobody asked for does no harm', 'OK', () => ({ claims: { nonce: 'an old one' } })),
]

const policy: readonly Row[] = [
  ...[allowed, required].map(
    (setUp): Row => ({
      id: 'H21',
      what: 'a token that is not bound, with a proof all the same',
      setUp,
      attack: ({ issuer, clock }) => sendBound(createDpopKey({ clock }), issuer.mint()),
      expect: 'IT',
    }),
  ),
  {
    id: 'H21',
    what: 'a bearer token where DPoP is allowed',
    setUp: allowed,
    attack: ({ issuer }) => issuer.mint(),
    expect: 'OK',
  },
  { id: 'H22', what: 'no credentials, where DPoP is allowed', setUp: allowed, attack: () => ({}), expect: 'C0' },
  { id: 'H22', what: 'no credentials, where DPoP is required', setUp: required, attack: () => ({}), expect: 'C0' },
  {
    id: 'H22',
    what: 'a good proof, but not the scopes',
    setUp: allowed,
    attack: (fixture) => client(fixture, { scope: 'read' }).send(),
    expect: 'IS',
  },
  {
    id: 'H22',
    what: 'a good proof, but a policy',
    setUp: { ...allowed, rules: { allowedClients: ['another'] } },
    attack: (fixture) => client(fixture).send(),
    expect: 'PD',
  },
  {
    id: 'H23',
    what: 'mere bearers where DPoP is required',
    setUp: required,
    async play(fixture) {
      const { token, send } = client(fixture)
      await fixture.expect('IT', fixture.issuer.mint())
      await fixture.expect('IT', token)
      await fixture.expect('IT', fixture.issuer.mint({ cnf: { 'x5t#S256': certificateHash } }))
      await fixture.expect('OK', send())
    },
  },
  {
    id: 'H24',
    what: 'an opaque token whose issuer says that it is bound',
    setUp: { ...allowed, rules: ({ issuer }) => ({ introspection: issuer.introspectionClient }) },
    async play(fixture) {
      const { key } = client(fixture)
      const token = fixture.issuer.issue({ cnf: { jkt: key.thumbprint }, token_type: 'DPoP' })
      await fixture.expect('IT', token)
      await fixture.expect('DP', { headers: { authorization: `DPoP ${token}` } })
      await fixture.expect('IT', sendBound(createDpopKey({ clock: fixture.clock }), token))
      await fixture.expect('OK', sendBound(key, token))
      assert.deepEqual(fixture.host.callers.at(-1)?.confirmation, { jkt: key.thumbprint })
    },
  },
  {
    id: 'H24',
    what: 'a token that a custom verifier knows to be bound',
    setUp: {
      ...allowed,
      options: {
        dpop: { mode: 'allowed' },
        verify: () => ({
          subject: 's',
          scopes: ['read', 'write'],
          expiresAt: 4_000_000_000,
          claims: { cnf: { jkt: thumbprint } },
        }),
      },
    },
    async play({ expect, clock }) {
      await expect('IT', 'opaque-token')
      await expect('IT', sendBound(createDpopKey({ clock }), 'opaque-token'))
    },
  },
  {
    id: 'F21',
    what: 'the metadata says what is accepted',
    setUp: { ...required, options: { dpop: { mode: 'required', algorithms: ['ES256', 'EdDSA'] }, mtls: {} } },
    async play({ send }) {
      const { status, body } = await send({ method: 'GET', path: '/.well-known/oauth-protected-resource/mcp' })
      const document: Record<string, unknown> = JSON.parse(body)
      assert.equal(status, 200)
      assert.equal(document['dpop_bound_access_tokens_required'], true)
      assert.deepEqual(document['dpop_signing_alg_values_supported'], ['ES256', 'EdDSA'])
      assert.equal(document['tls_client_certificate_bound_access_tokens'], true)
    },
  },
  {
    id: 'F21',
    what: 'the challenge says which algorithms are accepted',
    setUp: dpop({ mode: 'required', algorithms: ['ES256', 'EdDSA'] }),
    async play({ expect }) {
      const { headers } = await expect('C0', {})
      assert.match(headers['www-authenticate'] ?? '', /^DPoP algs="ES256 EdDSA", resource_metadata="/)
    },
  },
]

const certificates: readonly Row[] = [
  withCertificate('H25', 'the certificate', () => certificate, 'OK'),
  withCertificate('H25', 'the certificate, later', async () => certificate, 'OK'),
  withCertificate('H25', 'its thumbprint', () => certificateHash, 'OK'),
  withCertificate('H25', 'no certificate', () => undefined, 'IT'),
  withCertificate('H25', 'another certificate', () => new Uint8Array([0x30, 0x00]), 'IT'),
  withCertificate('H25', 'another thumbprint', () => thumbprint, 'IT'),
  withCertificate('H25', 'what is no certificate', () => '-----BEGIN CERTIFICATE-----', 'SE'),
  withCertificate('H25', 'a callback that throws', thrown, 'SE'),
  {
    id: 'H25',
    what: 'headers with a certificate, which anybody can send',
    setUp: { options: { mtls: {} } },
    async play({ issuer, expect }) {
      const token = issuer.mint({ cnf: { 'x5t#S256': certificateHash } })
      const value = Buffer.from(certificate).toString('base64')
      for (const name of ['x-client-cert', 'x-ssl-cert', 'x-forwarded-client-cert', 'ssl-client-cert', 'client-cert']) {
        await expect('IT', bearer(token, { headers: { [name]: name === 'client-cert' ? `:${value}:` : value } }))
      }
    },
  },
  ...(['allowed', 'required'] as const).map(
    (mode): Row => ({
      id: 'H25',
      what: `a certificate does not stand in for a DPoP key, where DPoP is ${mode}`,
      setUp: { ...dpop({ mode }), options: { dpop: { mode }, mtls: { certificate: () => certificateHash } } },
      async play({ issuer, clock, expect }) {
        const token = issuer.mint({ cnf: { 'x5t#S256': certificateHash } })
        await expect(mode === 'allowed' ? 'OK' : 'IT', token)
        await expect('IT', sendBound(createDpopKey({ clock }), token))
      },
    }),
  ),
  {
    id: 'H25',
    what: 'a token that is bound to both needs both',
    setUp: {
      ...allowed,
      options: {
        dpop: { mode: 'allowed' },
        mtls: { certificate: (request) => (request.header('x-has') === 'yes' ? certificateHash : undefined) },
      },
    },
    async play(fixture) {
      const key = createDpopKey({ clock: fixture.clock })
      const token = fixture.issuer.mint({ cnf: { jkt: key.thumbprint, 'x5t#S256': certificateHash } })
      const headers = { 'x-has': 'yes' }
      await fixture.expect('IT', bearer(token, { headers }))
      await fixture.expect('IT', sendBound(key, token))
      await fixture.expect('DP', sendBound(key, token, { claims: { htm: 'GET' } }, { headers }))
      await fixture.expect('OK', sendBound(key, token, {}, { headers }))
      assert.deepEqual(fixture.host.callers.at(-1)?.confirmation, {
        jkt: key.thumbprint,
        'x5t#S256': certificateHash,
      })
    },
  },
]

/** H. DPoP (RFC 9449) and mTLS (RFC 8705): a bound token is good with its proof alone. */
export const boundTokens: readonly Row[] = [wire, shape, claims, replay, nonces, policy, certificates].flat()

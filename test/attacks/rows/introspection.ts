import assert from 'node:assert/strict'
import type { IntrospectionOptions } from '@postern/resource-server'
import type { Fault } from '@postern/resource-server/testing'
import { bearer, resource, type SetUp } from '../fixture.ts'
import type { Row } from '../row.ts'

/** The trusted issuer is asked about its opaque tokens. */
function asking(more: Partial<IntrospectionOptions> = {}): SetUp {
  return { rules: ({ issuer }) => ({ introspection: { ...issuer.introspectionClient, ...more } }) }
}

/** The endpoint answers so, whatever it is asked. */
function answered(id: string, what: string, body: unknown, expect: 'IT' | 'UN' | 'PD' | 'IS'): Row {
  return failing(id, what, { body }, expect)
}

function failing(id: string, what: string, fault: Fault, expect: 'IT' | 'UN' | 'PD' | 'IS', more = {}): Row {
  return {
    id,
    what,
    setUp: asking(more),
    attack({ issuer }) {
      issuer.fail('introspection', fault)
      return issuer.issue()
    },
    expect,
  }
}

/** The endpoint says these claims of an active token. */
function claimed(
  id: string,
  what: string,
  claims: Record<string, unknown>,
  expect: 'IT' | 'OK' | 'IS',
  more = {},
): Row {
  return { id, what, setUp: asking(more), attack: ({ issuer }) => issuer.issue(claims), expect }
}

const past = 1_000_000_000
const future = 4_000_000_000

/** I. Opaque tokens: introspection (RFC 7662, RFC 9701). */
export const introspection: readonly Row[] = [
  {
    id: 'I0',
    what: 'an active token',
    setUp: asking(),
    async play({ issuer, expect, host }) {
      await expect('OK', issuer.issue())
      const auth = host.callers.at(-1)
      assert.equal(auth?.kind, 'introspected')
      assert.equal(auth.subject, 'user-1')
      assert.equal(auth.issuer, issuer.issuer)
    },
  },
  answered('I1', 'active is false', { active: false }, 'IT'),
  answered('I1', 'active is missing', { sub: 'user-1', aud: resource, client_id: 'c', exp: future }, 'IT'),
  answered(
    'I1',
    'active is a text',
    { active: 'true', sub: 'user-1', aud: resource, client_id: 'c', exp: future },
    'IT',
  ),
  answered('I1', 'active is 1', { active: 1, sub: 'user-1', aud: resource, client_id: 'c', exp: future }, 'IT'),
  answered(
    'I1',
    'active is inherited, not said',
    `{"__proto__":{"active":true},"sub":"user-1","aud":"${resource}","client_id":"c","exp":${future}}`,
    'IT',
  ),
  answered('I1', 'active twice', `{"active":false,"active":true}`, 'UN'),
  claimed('I2', 'another audience', { aud: 'https://other.example/mcp' }, 'IT'),
  claimed('I2', 'no audience', { aud: undefined }, 'IT'),
  claimed('I2', 'another issuer', { iss: 'https://other.example' }, 'IT'),
  claimed('I2', 'no issuer: the one that was asked', { iss: undefined }, 'OK'),
  claimed('I2', 'expired', { exp: past, iat: past }, 'IT'),
  answered(
    'I2',
    'active, but expired',
    { active: true, sub: 'user-1', aud: resource, client_id: 'c', exp: past },
    'IT',
  ),
  claimed('I2', 'not yet valid', { nbf: future, exp: future + 1 }, 'IT'),
  claimed('I2', 'no end', { exp: undefined }, 'IT'),
  claimed('I2', 'no end, where that is allowed', { exp: undefined }, 'OK', { allowNonExpiring: true }),
  claimed('I2', 'an end that is no number', { exp: '4000000000' }, 'IT'),
  claimed('I2', 'no subject', { sub: undefined }, 'IT'),
  claimed('I2', 'no client', { client_id: undefined }, 'IT'),
  claimed('I2', 'a refresh token', { token_type: 'refresh_token' }, 'IT'),
  claimed('I2', 'a refresh token in the words of another server', { token_use: 'refresh_token' }, 'IT'),
  claimed('I2', 'an ID token', { nonce: 'n' }, 'IT'),
  claimed('I2', 'too few scopes', { scope: 'read' }, 'IS'),
  claimed('I2', 'a scope that is no text', { scope: 7 }, 'IT'),
  claimed('H24', 'bound to a key, sent as a mere bearer', { cnf: { jkt: 'a'.repeat(43) } }, 'IT'),
  claimed('H24', 'bound to a key that is not named', { token_type: 'DPoP' }, 'IT'),
  {
    id: 'H24',
    what: 'bound to a key, sent as a mere bearer where DPoP is on; from the cache too',
    setUp: { ...asking({ cache: 60 }), options: { dpop: { mode: 'allowed' } } },
    async play({ issuer, send, host }) {
      const token = issuer.issue({ cnf: { jkt: 'a'.repeat(43) } })
      for (let round = 0; round < 2; round += 1) assert.equal((await send(token)).status, 401)
      assert.deepEqual(host.callers, [])
    },
  },
  {
    id: 'C30',
    what: 'introspected, of a client that may not come in',
    setUp: {
      rules: ({ issuer }) => ({ introspection: issuer.introspectionClient, allowedClients: ['another'] }),
    },
    attack: ({ issuer }) => issuer.issue(),
    expect: 'PD',
  },
  failing('I3', 'the endpoint answers 401', { status: 401, body: { error: 'invalid_client' } }, 'UN'),
  failing('I3', 'the endpoint answers 500', { status: 500 }, 'UN'),
  failing('I3', 'the endpoint says nothing', { hold: new Promise(() => undefined) }, 'UN', { timeout: 0.05 }),
  failing('I3', 'the endpoint cuts the connection', { hangUp: true }, 'UN'),
  failing('I3', 'the endpoint answers a page', { body: '<!doctype html><title>Sign in</title>' }, 'UN'),
  failing('I3', 'the endpoint answers a list', { body: [{ active: true }] }, 'UN'),
  failing('I3', 'the endpoint answers null', { body: 'null' }, 'UN'),
  {
    id: 'I3',
    what: 'our own credentials are wrong',
    setUp: asking({ clientSecret: 'not the secret' }),
    async play({ issuer, expect, rs }) {
      await expect('UN', issuer.issue())
      const [health] = await rs.check()
      assert.match(health?.problem ?? '', /introspect.*401/)
    },
  },
  {
    id: 'I3',
    what: 'no metadata says where to ask: few look for it',
    setUp: asking(),
    async play({ issuer, expect, send }) {
      issuer.fail('metadata', { status: 503 })
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(issuer.issue())))
      for (const { status } of answers) assert.equal(status, 503)
      for (let serial = 0; serial < 5; serial += 1) await expect('UN', issuer.issue())
      assert.ok(issuer.fetches.metadata <= 2, `${issuer.fetches.metadata} fetches`)
    },
  },
  {
    id: 'I3',
    what: 'it is asked again once the metadata is there',
    setUp: asking(),
    async play({ issuer, expect, clock }) {
      issuer.fail('metadata', { status: 503 })
      await expect('UN', issuer.issue())
      issuer.fail('metadata')
      clock.advance(1000)
      await expect('OK', issuer.issue())
    },
  },
  {
    id: 'I5',
    what: 'revoked, nothing is kept by default',
    setUp: asking(),
    async play({ issuer, expect }) {
      const token = issuer.issue()
      await expect('OK', token)
      issuer.revoke(token)
      await expect('IT', token)
    },
  },
  {
    id: 'I5',
    what: 'revoked, kept for as long as was asked for and no longer',
    setUp: asking({ cache: 30 }),
    async play({ issuer, expect, clock, rs }) {
      const token = issuer.issue()
      await expect('OK', token)
      issuer.revoke(token)
      clock.advance(29_999)
      await expect('OK', token)
      assert.equal(issuer.introspected.length, 1)
      clock.advance(1)
      await expect('IT', token)
      const other = issuer.issue()
      await expect('OK', other)
      issuer.revoke(other)
      await rs.reload()
      await expect('IT', other)
    },
  },
  {
    id: 'I5',
    what: 'never kept past its end',
    setUp: asking({ cache: 3600 }),
    async play({ issuer, expect, clock }) {
      const token = issuer.issue()
      await expect('OK', token)
      clock.advance(300_000)
      await expect('IT', token)
      assert.equal(issuer.introspected.length, 2)
    },
  },
  {
    id: 'I6',
    what: 'tokens that begin alike are two tokens',
    setUp: asking({ cache: 30 }),
    async play({ issuer, expect }) {
      const token = issuer.issue()
      await expect('OK', token)
      await expect('IT', `${token}A`)
      await expect('IT', token.slice(0, -1))
    },
  },
  {
    id: 'I6',
    what: 'a bad token that comes again and again is asked about once in a while',
    setUp: asking(),
    async play({ issuer, expect, clock }) {
      for (let round = 0; round < 5; round += 1) await expect('IT', 'made-up-token')
      assert.equal(issuer.introspected.length, 1)
      clock.advance(5000)
      await expect('IT', 'made-up-token')
      assert.equal(issuer.introspected.length, 2)
    },
  },
  {
    id: 'I7',
    what: 'a JWT is not asked about, good or bad, unless the options say so',
    setUp: asking(),
    async play({ issuer, stranger, expect }) {
      await expect('OK', issuer.mint())
      await expect('IT', `${issuer.mint().slice(0, -8)}AAAAAAAA`)
      await expect('IT', stranger.mint())
      assert.equal(issuer.introspected.length, 0)
    },
  },
  {
    id: 'I7',
    what: 'JWTs too, where the options say so: those of this issuer alone',
    setUp: asking({ tokens: 'all' }),
    async play({ issuer, stranger, expect, host }) {
      const token = issuer.mint()
      await expect('OK', token)
      assert.equal(host.callers.at(-1)?.kind, 'introspected')
      issuer.revoke(token)
      await expect('IT', token)
      const asked = issuer.introspected.length
      await expect('IT', stranger.mint())
      await expect('IT', 'a.b.c')
      assert.equal(issuer.introspected.length, asked)
      assert.equal(issuer.fetches.jwks, 0, 'its keys are not needed')
    },
  },
  {
    id: 'I7',
    what: 'an opaque token without introspection',
    attack: ({ issuer }) => issuer.issue(),
    expect: 'IT',
  },
  {
    id: 'I7',
    what: 'of two issuers only the one is asked whose tokens begin so',
    setUp: {
      options: ({ issuer, stranger }) => ({
        issuers: [
          { issuer: issuer.issuer, introspection: { ...issuer.introspectionClient, prefix: 'opaque_' } },
          { issuer: stranger.issuer, introspection: { ...stranger.introspectionClient, prefix: 'oat_' } },
        ],
      }),
    },
    async play({ issuer, stranger, expect }) {
      await expect('OK', issuer.issue())
      await expect('IT', stranger.issue())
      await expect('IT', 'neither-of-the-two')
      assert.equal(stranger.introspected.length, 0)
      assert.equal(issuer.introspected.length, 2)
    },
  },
  {
    id: 'I8',
    what: 'the token travels in the body of a POST and nowhere else',
    setUp: asking(),
    async play({ issuer, expect, events }) {
      const token = issuer.issue()
      await expect('OK', token)
      issuer.fail('introspection', { status: 500 })
      await expect('UN', token)
      assert.equal(issuer.introspected.length, 2)
      for (const { method, url, headers, form } of issuer.introspected) {
        assert.equal(method, 'POST')
        assert.equal(url, '/introspect')
        assert.equal(headers['content-type'], 'application/x-www-form-urlencoded')
        assert.ok(!JSON.stringify(headers).includes(token))
        assert.deepEqual(form, { token, token_type_hint: 'access_token' })
      }
      assert.ok(!JSON.stringify(events).includes(issuer.introspectionClient.clientSecret))
    },
  },
  {
    id: 'I8',
    what: 'what no bearer token can be is sent to nobody',
    setUp: asking(),
    async play({ issuer, send }) {
      for (const token of ['to"ken', 'to=ken', 'to%20ken', 'to,ken', '{token}']) {
        const { status } = await send(bearer(token))
        assert.ok(status === 400 || status === 401, `${token}: ${status}`)
      }
      assert.equal(issuer.introspected.length, 0)
    },
  },
  failing('I9', 'an answer above the limit', { body: { active: true, more: 'x'.repeat(64 * 1024) } }, 'UN'),
  failing('I9', 'a redirect', { status: 307, headers: { location: '/introspect?again' } }, 'UN'),
  failing('I9', 'a redirect to elsewhere', { status: 302, headers: { location: 'https://evil.example/' } }, 'UN'),
]

import assert from 'node:assert/strict'
import { parseChallenges } from '@postern/resource-server/testing'
import { bearer } from '../fixture.ts'
import type { Row } from '../row.ts'

/** A. Credentials on the wire (RFC 6750 §2–3, RFC 9110 §11). */
export const wire: readonly Row[] = [
  { id: 'A1', what: 'no credentials', attack: () => ({}), expect: 'C0' },
  { id: 'A2', what: 'empty header', attack: () => ({ headers: { authorization: '' } }), expect: 'C0' },
  { id: 'A3', what: 'other scheme', attack: () => ({ headers: { authorization: 'Basic dTpw' } }), expect: 'C0' },
  {
    id: 'A4',
    what: 'unknown scheme with a good token',
    attack: ({ issuer }) => ({ headers: { authorization: `Token ${issuer.mint()}` } }),
    expect: 'C0',
  },
  ...['Bearer', 'Bearer '].map(
    (authorization): Row => ({
      id: 'A5',
      what: `scheme only: "${authorization}"`,
      attack: () => ({ headers: { authorization } }),
      expect: 'C0',
    }),
  ),
  ...['bearer', 'BEARER', 'BeArEr'].map(
    (scheme): Row => ({
      id: 'A6',
      what: `scheme as ${scheme}`,
      attack: ({ issuer }) => ({ headers: { authorization: `${scheme} ${issuer.mint()}` } }),
      expect: 'OK',
    }),
  ),
  {
    id: 'A7',
    what: 'two spaces',
    attack: ({ issuer }) => ({ headers: { authorization: `Bearer  ${issuer.mint()}` } }),
    expect: 'OK',
  },
  { id: 'A8', what: 'extra part', attack: ({ issuer }) => bearer(`${issuer.mint()} x`), expect: 'IR' },
  {
    id: 'A11',
    what: 'two Authorization headers, the first good',
    attack: ({ issuer }) => ({ headers: { authorization: [`Bearer ${issuer.mint()}`, 'Bearer x'] } }),
    expect: 'IR',
  },
  {
    id: 'A11',
    what: 'two Authorization headers, the same twice',
    attack: ({ issuer }) => {
      const header = `Bearer ${issuer.mint()}`
      return { headers: { authorization: [header, header] } }
    },
    expect: 'IR',
  },
  {
    id: 'A12',
    what: 'a token in the query besides',
    attack: ({ issuer }) => bearer(issuer.mint(), { path: '/mcp?access_token=x' }),
    expect: 'IR',
  },
  {
    id: 'A13',
    what: 'a token in the query only',
    attack: ({ issuer }) => ({ path: `/mcp?access_token=${issuer.mint()}` }),
    expect: 'C0',
  },
  {
    id: 'A14',
    what: 'a token in the body only',
    attack: ({ issuer }) => ({
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `access_token=${issuer.mint()}`,
    }),
    expect: 'C0',
  },
  {
    id: 'A16',
    what: 'a token in a cookie',
    attack: ({ issuer }) => ({ headers: { cookie: `access_token=${issuer.mint()}` } }),
    expect: 'C0',
  },
  { id: 'A17', what: 'a token above the limit', attack: () => bearer('a'.repeat(16 * 1024 + 1)), expect: 'IR' },
  {
    id: 'A20',
    what: 'a preflight, with credentials that nobody looks at',
    async play({ send, events, host }) {
      const asked = [events.length, host.callers.length]
      const answer = await send({
        method: 'OPTIONS',
        headers: {
          origin: 'https://app.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization, mcp-protocol-version, mcp-param-region',
          authorization: 'Bearer x',
        },
      })
      assert.equal(answer.status, 204)
      assert.equal(answer.body, '')
      const allowed = (answer.headers['access-control-allow-headers'] ?? '').toLowerCase().split(', ')
      for (const name of [
        'authorization',
        'mcp-protocol-version',
        'mcp-session-id',
        'mcp-method',
        'mcp-name',
        'mcp-param-region',
        'dpop',
      ]) {
        assert.ok(allowed.includes(name), name)
      }
      assert.deepEqual([events.length, host.callers.length], asked)
    },
  },
  ...['GET', 'DELETE', 'PUT', 'PATCH', 'OPTIONS'].map(
    (method): Row => ({ id: 'A21', what: `${method} without a token`, attack: () => ({ method }), expect: 'C0' }),
  ),
  {
    id: 'A21',
    what: 'HEAD without a token',
    async play({ send, rs }) {
      const answer = await send({ method: 'HEAD' })
      assert.deepEqual([answer.status, answer.body], [401, ''])
      const [{ scheme, params } = assert.fail()] = parseChallenges(answer.headers['www-authenticate'] ?? '')
      assert.deepEqual([scheme, params], ['Bearer', { resource_metadata: rs.metadataUrl, scope: 'read write' }])
    },
  },
  {
    id: 'A22',
    what: 'an SSE reconnect with a token that has expired since',
    setUp: {},
    async play({ expect, issuer, clock }) {
      const attack = bearer(issuer.mint(), {
        method: 'GET',
        headers: { accept: 'text/event-stream', 'last-event-id': '7' },
      })
      await expect('OK', attack)
      clock.advance(306_000)
      await expect('IT', attack)
    },
  },
  {
    id: 'A24',
    what: 'Proxy-Authorization only',
    attack: ({ issuer }) => ({ headers: { 'proxy-authorization': `Bearer ${issuer.mint()}` } }),
    expect: 'C0',
  },
]

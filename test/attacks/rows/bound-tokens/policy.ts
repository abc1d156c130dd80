import assert from 'node:assert/strict'
import { createDpopKey } from '@postern/resource-server/testing'
import type { Row } from '../../row.ts'
import { allowed, certificateHash, client, dpop, required, sendBound, thumbprint } from './client.ts'

/** H21 to H24 and F21: which bindings are asked for, and where that is said. */
export const policy: readonly Row[] = [
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

import assert from 'node:assert/strict'
import { bearer } from '../../fixture.ts'
import type { Row } from '../../row.ts'
import { allowed, certificateHash, client, thumbprint } from './client.ts'

/** H1 to H5: how a bound token and its proof are presented. */
export const presentation: readonly Row[] = [
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

import assert from 'node:assert/strict'
import { createResourceServer } from '@postern/resource-server'
import { resource } from '../../fixture.ts'
import type { Row } from '../../row.ts'
import { client, dpop, proof, sha256 } from './client.ts'

/** H20: nonces of the server. */
export const nonces: readonly Row[] = [
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

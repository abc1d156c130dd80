import { encodeBase64url } from '@postern/core'
import { createDpopKey, createSigningKey } from '@postern/resource-server/testing'
import type { Row } from '../../row.ts'
import { allowed, client, dpop, proof, wrongHeader } from './client.ts'

/** H6 to H9: the header of a proof, its key and its signature. */
export const proofHeader: readonly Row[] = [
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

import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import type { TokenSource } from '../fake-issuer.ts'
import { assemble, createSigningKey, type SigningKey, signBytes } from '../signing.ts'
import { type Broken, headerFor, signed, withHeader } from './broken.ts'

function none(alg: string, signature: string): Broken {
  const what = `alg is "${alg}", ${signature === '' ? 'no' : 'some'} signature`
  return {
    row: 'B1',
    what,
    make: (issuer) => assemble({ alg, typ: 'at+jwt' }, issuer.claims(), () => signature),
  }
}

/** HS256 with something public as the secret. */
function hmac(row: string, what: string, secretOf: (key: SigningKey) => string | Buffer): Broken {
  return {
    row,
    what: `HS256 with ${what} as the secret`,
    make(issuer) {
      const key = issuer.signingKey('RS256')
      return assemble(headerFor(key, { alg: 'HS256' }), issuer.claims(), (input) =>
        createHmac('sha256', secretOf(key)).update(input).digest(),
      )
    },
  }
}

const spki = ({ publicKey }: SigningKey) => publicKey.export({ type: 'spki', format: 'pem' }).toString()

/** A key of the attacker's, announced in the token's own header. */
function announced(
  row: string,
  what: string,
  more: (key: SigningKey) => Record<string, unknown>,
  withKid = true,
): Broken {
  return {
    row,
    what,
    make(issuer) {
      const own = createSigningKey('ES256')
      const header = headerFor(own, more(own))
      if (!withKid) delete header['kid']
      return signed(header, issuer.claims(), own)
    },
  }
}

function under(alg: string, signer: (input: string, issuer: TokenSource) => Uint8Array, row = 'B33'): Broken {
  return {
    row,
    what: `alg is ${alg}`,
    make: (issuer) =>
      assemble(headerFor(issuer.signingKey(), { alg }), issuer.claims(), (input) => signer(input, issuer)),
  }
}

const foreignCurve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })

/** Wrong algorithms and wrong keys. */
export const algorithms = {
  'alg-none': none('none', ''),
  'alg-none-capitalized': none('None', ''),
  'alg-none-capitals': none('NONE', ''),
  'alg-none-mixed': none('nOnE', ''),
  'alg-none-signed': none('none', 'c2lnbmF0dXJl'),
  'alg-missing': withHeader('B2', 'no alg', { alg: undefined }),
  'alg-list': withHeader('B2', 'alg is a list', { alg: ['ES256'] }),
  'alg-number': withHeader('B2', 'alg is a number', { alg: 256 }),
  'alg-empty': withHeader('B2', 'alg is empty', { alg: '' }),
  'alg-null': withHeader('B2', 'alg is null', { alg: null }),
  'hs256-spki-pem': hmac('B3', 'the public key (SPKI, PEM)', spki),
  'hs256-spki-pem-trimmed': hmac('B3', 'the public key (SPKI, PEM, no newline at its end)', (key) => spki(key).trim()),
  'hs256-spki-pem-leading': hmac('B3', 'the public key (SPKI, PEM, a newline before it)', (key) => `\n${spki(key)}`),
  'hs256-pkcs1-pem': hmac('B3', 'the public key (PKCS #1, PEM)', ({ publicKey }) =>
    publicKey.export({ type: 'pkcs1', format: 'pem' }),
  ),
  'hs256-der': hmac('B3', 'the public key (SPKI, DER)', ({ publicKey }) =>
    publicKey.export({ type: 'spki', format: 'der' }),
  ),
  'hs256-modulus': hmac('B3', 'the modulus', ({ jwk }) => Buffer.from(jwk.n ?? '', 'base64url')),
  'hs256-jwk': hmac('B3', 'the JWK as JSON', ({ jwk }) => JSON.stringify(jwk)),
  'hs256-empty-secret': hmac('B4', 'nothing', () => ''),
  'hs256-short-secret': hmac('B4', 'one byte', () => 'a'),
  'alg-not-the-keys': {
    row: 'B8',
    what: 'PS256, signed with a key that is published for RS256',
    make(issuer) {
      const key = issuer.signingKey('RS256')
      return signed(headerFor(key, { alg: 'PS256' }), issuer.claims(), key, 'PS256')
    },
  },
  'kid-of-another-type': {
    row: 'B9',
    what: 'RS256 with the kid of an EC key',
    make(issuer) {
      const { kid } = issuer.signingKey('ES256')
      return signed(headerFor(issuer.signingKey('RS256'), { kid }), issuer.claims(), issuer.signingKey('RS256'))
    },
  },
  'jwk-in-header': announced('B13', "the attacker's key in the header", ({ jwk }) => ({ jwk })),
  'jwk-in-header-no-kid': announced('B13', "the attacker's key in the header, no kid", ({ jwk }) => ({ jwk }), false),
  jku: announced('B14', "the address of the attacker's key set", () => ({ jku: 'http://127.0.0.1:9/jwks' })),
  x5u: announced('B15', "the address of the attacker's certificate", () => ({ x5u: 'http://127.0.0.1:9/x5u' })),
  x5c: announced('B15', "the attacker's certificate", () => ({ x5c: ['MIIB'], x5t: 'AAAA' })),
  'kid-unknown': announced('B17', 'a kid that the issuer does not have', () => ({ kid: 'unknown' })),
  'kid-number': withHeader('B17', 'kid is a number', { kid: 1 }),
  'kid-endless': withHeader('B17', 'kid of 4,000 characters', { kid: 'k'.repeat(4000) }),
  'es256-with-p384': {
    row: 'B31',
    what: 'ES256, signed with a P-384 key',
    make(issuer) {
      const key = issuer.signingKey('ES384')
      return signed(headerFor(key, { alg: 'ES256' }), issuer.claims(), key, 'ES256')
    },
  },
  'alg-es256k': under('ES256K', (input) =>
    sign('sha256', Buffer.from(input), { key: foreignCurve.privateKey, dsaEncoding: 'ieee-p1363' }),
  ),
  'es256-with-secp256k1': under(
    'ES256',
    (input) => sign('sha256', Buffer.from(input), { key: foreignCurve.privateKey, dsaEncoding: 'ieee-p1363' }),
    'B31',
  ),
  'alg-rs1': under('RS1', (input, issuer) => sign('sha1', Buffer.from(input), issuer.signingKey('RS256').privateKey)),
  'rs256-with-sha1': {
    row: 'B33',
    what: 'RS256, signed with SHA-1',
    make(issuer) {
      const key = issuer.signingKey('RS256')
      return assemble(headerFor(key), issuer.claims(), (input) => sign('sha1', Buffer.from(input), key.privateKey))
    },
  },
  'alg-ml-dsa-44': under('ML-DSA-44', () => new Uint8Array(2420)),
  'signed-by-stranger': {
    row: 'B24',
    what: "signed by somebody else, under the issuer's kid",
    make(issuer) {
      const key = issuer.signingKey()
      return assemble(headerFor(key), issuer.claims(), (input) =>
        signBytes(input, key.algorithm, createSigningKey(key.algorithm).privateKey),
      )
    },
  },
} satisfies Record<string, Broken>

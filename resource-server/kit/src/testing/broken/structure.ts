import { sign } from 'node:crypto'
import { encodeBase64url } from '@postern/core'
import type { TokenSource } from '../fake-issuer.ts'
import { assemble, encodePart, signBytes } from '../signing.ts'
import { type Broken, headerFor, signed, withHeader } from './broken.ts'

/** A good token, bent afterwards. */
function bent(
  row: string,
  what: string,
  bend: (parts: [string, string, string], issuer: TokenSource) => string,
): Broken {
  return {
    row,
    what,
    make(issuer) {
      const key = issuer.signingKey()
      const [header = '', payload = '', signature = ''] = signed(headerFor(key), evenClaims(issuer), key).split('.')
      return bend([header, payload, signature], issuer)
    },
  }
}

/** Claims whose JSON leaves unused bits in the last character of its base64url. */
function evenClaims(issuer: TokenSource): string {
  for (let pad = 'p'; ; pad += 'p') {
    const json = JSON.stringify({ ...issuer.claims(), pad })
    if (Buffer.byteLength(json) % 3 !== 0) return json
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The same bytes in another spelling: an unused bit of the last character is set. */
function respell(part: string): string {
  return part.slice(0, -1) + alphabet.charAt(alphabet.indexOf(part.at(-1) ?? 'A') ^ 1)
}

/** Properly signed, but header or payload are texts of one's own. */
function raw(
  row: string,
  what: string,
  partsOf: (issuer: TokenSource) => { header?: string; payload?: string },
): Broken {
  return {
    row,
    what,
    make(issuer) {
      const key = issuer.signingKey()
      const { header = JSON.stringify(headerFor(key)), payload = JSON.stringify(issuer.claims()) } = partsOf(issuer)
      return signed(header, payload, key)
    },
  }
}

/** An ES256 token with a signature made by hand. */
function ecdsa(what: string, signatureOf: (input: string, issuer: TokenSource) => Uint8Array): Broken {
  return {
    row: 'B30',
    what,
    make: (issuer) =>
      assemble(headerFor(issuer.signingKey('ES256')), issuer.claims(), (input) => signatureOf(input, issuer)),
  }
}

const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const good = (input: string, issuer: TokenSource) => signBytes(input, 'ES256', issuer.signingKey('ES256').privateKey)
const claimsText = (issuer: TokenSource) => JSON.stringify(issuer.claims())

/** Wrong shapes: parts, encodings, JSON, header parameters that change the meaning, signatures that are none. */
export const structure = {
  'not-a-jwt': { row: 'A18', what: 'no JWT at all', make: () => 'not-a-jwt' },
  'crit-unknown': withHeader('B21', 'crit names an unknown extension', { crit: ['x'], x: 1 }),
  'crit-b64': withHeader('B21', 'crit names b64', { crit: ['b64'], b64: false }),
  'crit-empty': withHeader('B22', 'crit is empty', { crit: [] }),
  'crit-twice': withHeader('B22', 'crit names one extension twice', { crit: ['x', 'x'], x: 1 }),
  'crit-text': withHeader('B22', 'crit is no list', { crit: 'x', x: 1 }),
  'crit-absent': withHeader('B22', 'crit names what is not there', { crit: ['x'] }),
  'crit-registered': withHeader('B22', 'crit names a registered parameter', { crit: ['alg'] }),
  b64: withHeader('B21', 'b64 without crit', { b64: false }),
  zip: withHeader('B41', 'compressed', { zip: 'DEF' }),
  nested: withHeader('B42', 'a JWT in a JWT', { cty: 'JWT' }),
  'signature-gone': bent('B24', 'two parts', ([header, payload]) => `${header}.${payload}`),
  'signature-empty': bent('B24', 'an empty signature', ([header, payload]) => `${header}.${payload}.`),
  'signature-tampered': bent('B24', 'one bit of the signature changed', ([header, payload, signature]) => {
    const first = alphabet.charAt(alphabet.indexOf(signature.charAt(0)) ^ 1)
    return `${header}.${payload}.${first}${signature.slice(1)}`
  }),
  'signature-truncated': bent('B24', 'a shorter signature', ([header, payload, signature]) =>
    [header, payload, signature.slice(0, 4 * Math.floor((signature.length - 1) / 4))].join('.'),
  ),
  'payload-swapped': bent('B25', 'other claims under the signature', ([header, , signature], issuer) =>
    [header, encodePart(issuer.claims({ sub: 'admin' })), signature].join('.'),
  ),
  'header-swapped': bent('B25', 'another header over the signature', ([, payload, signature], issuer) =>
    [encodePart(headerFor(issuer.signingKey(), { typ: 'JWT' })), payload, signature].join('.'),
  ),
  jwe: bent('B26', 'five parts', (parts) => [...parts, 'AAAA', 'AAAA'].join('.')),
  'jws-json-flattened': bent('B26', 'JWS JSON, flattened', ([header, payload, signature]) =>
    JSON.stringify({ payload, protected: header, signature }),
  ),
  'jws-json-general': bent('B26', 'JWS JSON, general', ([header, payload, signature]) =>
    JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
  ),
  'four-parts': bent('B27', 'four parts', (parts) => [...parts, 'AAAA'].join('.')),
  'empty-parts': { row: 'B27', what: 'nothing but dots', make: () => '..' },
  'payload-only': bent('B27', 'only a payload', ([, payload]) => `.${payload}.`),
  'header-empty': bent('B27', 'no header', ([, payload, signature]) => `.${payload}.${signature}`),
  'signature-respelled': bent('B28', 'the signature in another spelling', ([header, payload, signature]) =>
    [header, payload, respell(signature)].join('.'),
  ),
  'payload-respelled': {
    row: 'B28',
    what: 'the payload in another spelling, and signed so',
    make(issuer) {
      const key = issuer.signingKey()
      const input = `${encodePart(headerFor(key))}.${respell(encodePart(evenClaims(issuer)))}`
      return `${input}.${encodeBase64url(signBytes(input, key.algorithm, key.privateKey))}`
    },
  },
  padded: bent('B28', 'a padded signature', (parts) => `${parts.join('.')}==`),
  'ecdsa-zero': ecdsa('R and S are 0', () => new Uint8Array(64)),
  'ecdsa-r-zero': ecdsa('R is 0', (input, issuer) => good(input, issuer).fill(0, 0, 32)),
  'ecdsa-s-order': ecdsa('S is the order of the curve', (input, issuer) =>
    Buffer.concat([good(input, issuer).subarray(0, 32), order]),
  ),
  'ecdsa-oversize': ecdsa('a zero before R and S', (input, issuer) => {
    const signature = good(input, issuer)
    return Buffer.concat([Buffer.alloc(1), signature.subarray(0, 32), Buffer.alloc(1), signature.subarray(32)])
  }),
  'ecdsa-trailing': ecdsa('a byte after R and S', (input, issuer) =>
    Buffer.concat([good(input, issuer), Buffer.alloc(1)]),
  ),
  'ecdsa-der': ecdsa('R and S in DER', (input, issuer) =>
    sign('sha256', Buffer.from(input), issuer.signingKey('ES256').privateKey),
  ),
  'bom-before-claims': raw('B35', 'a byte order mark before the claims', (issuer) => ({
    payload: `\uFEFF${claimsText(issuer)}`,
  })),
  'text-after-claims': raw('B35', 'something after the claims', (issuer) => ({ payload: `${claimsText(issuer)}{}` })),
  'text-after-header': raw('B35', 'something after the header', (issuer) => ({
    header: `${JSON.stringify(headerFor(issuer.signingKey()))}x`,
  })),
  'alg-twice-none-first': raw('B36', 'alg twice, first none', (issuer) => ({
    header: algTwice(issuer, ['none', undefined]),
  })),
  'alg-twice-none-last': raw('B36', 'alg twice, last none', (issuer) => ({
    header: algTwice(issuer, [undefined, 'none']),
  })),
  'claim-twice': raw('B36', 'a claim twice', (issuer) => ({
    payload: claimsText(issuer).replace('{', '{"sub":"somebody-else",'),
  })),
  'claims-text': raw('B39', 'the claims are a text', () => ({ payload: '"claims"' })),
  'claims-list': raw('B39', 'the claims are a list', (issuer) => ({ payload: `[${claimsText(issuer)}]` })),
  'claims-null': raw('B39', 'the claims are null', () => ({ payload: 'null' })),
  'claims-number': raw('B39', 'the claims are a number', () => ({ payload: '1' })),
  'claims-deep': raw('B39', 'claims nested 100 deep', (issuer) => ({
    payload: claimsText(issuer).replace('{', `{"deep":${'['.repeat(100)}${']'.repeat(100)},`),
  })),
} satisfies Record<string, Broken>

function algTwice(issuer: TokenSource, names: readonly (string | undefined)[]): string {
  const { alg, ...rest } = headerFor(issuer.signingKey())
  const twice = names.map((name) => `"alg":${JSON.stringify(name ?? alg)}`).join(',')
  return JSON.stringify(rest).replace('{', `{${twice},`)
}

import type { JsonObject } from '@postern/core'
import { assemble, signBytes } from '../signing.ts'
import { type Broken, headerFor, withClaims, withHeader } from './broken.ts'

function issued({ iat }: JsonObject): number {
  return typeof iat === 'number' ? iat : 0
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Wrong claims, and kinds of token that are not access tokens. All properly signed. */
export const claims = {
  'exp-missing': withClaims('C1', 'no exp', { exp: undefined }),
  expired: withClaims('C2', 'expired a minute ago', (good) => ({ iat: issued(good) - 360, exp: issued(good) - 60 })),
  'exp-text': withClaims('C4', 'exp is a text', (good) => ({ exp: String(good['exp']) })),
  'exp-null': withClaims('C4', 'exp is null', { exp: null }),
  'exp-boolean': withClaims('C4', 'exp is true', { exp: true }),
  'exp-negative': withClaims('C4', 'exp is negative', { exp: -1 }),
  'exp-object': withClaims('C4', 'exp is an object', { exp: {} }),
  'exp-overflow': {
    row: 'C4',
    what: 'exp is 1e999',
    make(issuer) {
      const key = issuer.signingKey()
      const payload = JSON.stringify(issuer.claims({ exp: undefined })).replace('{', '{"exp":1e999,')
      return assemble(headerFor(key), payload, (input) => signBytes(input, key.algorithm, key.privateKey))
    },
  },
  'exp-before-iat': withClaims('C7', 'exp before iat, both ahead', (good) => ({
    iat: issued(good) + 2,
    exp: issued(good) + 1,
  })),
  'nbf-ahead': withClaims('C8', 'nbf a minute ahead', (good) => ({ nbf: issued(good) + 60 })),
  'nbf-text': withClaims('C8', 'nbf is a text', (good) => ({ nbf: String(issued(good)) })),
  'iat-ahead': withClaims('C32', 'issued two hours ahead', (good) => ({
    iat: issued(good) + 7200,
    exp: issued(good) + 7500,
  })),
  'iat-text': withClaims('C10', 'iat is a text', (good) => ({ iat: String(issued(good)) })),
  'aud-missing': withClaims('C11', 'no aud', { aud: undefined }),
  'aud-null': withClaims('C11', 'aud is null', { aud: null }),
  'aud-empty': withClaims('C11', 'aud is an empty list', { aud: [] }),
  'aud-other': withClaims('C12', 'aud is another resource', { aud: 'https://other.example/mcp' }),
  'aud-number': withClaims('C12', 'aud is a number', { aud: 1 }),
  'aud-list-of-lists': withClaims('C12', 'aud is a list in a list', ({ aud }) => ({ aud: [[aud]] })),
  'aud-is-client': withClaims('C16', 'aud is the client', ({ client_id }) => ({ aud: client_id })),
  'resource-for-aud': withClaims('G6', 'a resource claim instead of aud', ({ aud }) => ({
    aud: undefined,
    resource: aud,
  })),
  'iss-missing': withClaims('C18', 'no iss', { iss: undefined }),
  'iss-other': withClaims('C18', 'another iss', { iss: 'https://stranger.example' }),
  'iss-list': withClaims('C18', 'iss is a list', ({ iss }) => ({ iss: [iss] })),
  'iss-number': withClaims('C18', 'iss is a number', { iss: 1 }),
  'iss-slash': withClaims('C19', 'iss with a slash at its end', ({ iss }) => ({ iss: `${text(iss)}/` })),
  'iss-case': withClaims('C19', 'iss in capitals', ({ iss }) => ({ iss: text(iss).toUpperCase() })),
  'iss-port': withClaims('C19', 'iss with another port', ({ iss }) => ({ iss: text(iss).replace(/:\d+/, ':443') })),
  'sub-missing': withClaims('C21', 'no sub', { sub: undefined }),
  'sub-empty': withClaims('C21', 'sub is empty', { sub: '' }),
  'sub-number': withClaims('C21', 'sub is a number', { sub: 7 }),
  'client-missing': withClaims('C22', 'no client_id', { client_id: undefined }),
  'client-list': withClaims('C22', 'client_id is a list', ({ client_id }) => ({ client_id: [client_id] })),
  'jti-object': withClaims('C24', 'jti is an object', { jti: {} }),
  'typ-dpop': withHeader('C25', 'a DPoP proof', { typ: 'dpop+jwt' }),
  'typ-logout': withHeader('C25', 'a logout token', { typ: 'logout+jwt' }),
  'typ-secevent': withHeader('C25', 'a security event', { typ: 'secevent+jwt' }),
  'typ-introspection': withHeader('C25', 'an introspection answer', { typ: 'token-introspection+jwt' }),
  'typ-request': withHeader('C25', 'a request object', { typ: 'oauth-authz-req+jwt' }),
  'typ-number': withHeader('C25', 'typ is a number', { typ: 1 }),
  'id-token-nonce': idToken('nonce'),
  'id-token-at-hash': idToken('at_hash'),
  'id-token-c-hash': idToken('c_hash'),
  'id-token-s-hash': idToken('s_hash'),
  'id-token-use': withClaims('C28', 'an ID token by its token_use', { token_use: 'id' }),
  'act-text': withClaims('C35', 'act is a text', { act: 'somebody' }),
  'scope-object': withClaims('D1', 'scope is an object', { scope: {} }),
  'scope-number': withClaims('D1', 'scope is a number', { scope: 1 }),
  'scope-malformed': withClaims('D1', 'scope with a quote', { scope: 'read "write"' }),
  'bound-to-key': withClaims('H1', 'bound to a DPoP key', {
    cnf: { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' },
  }),
  'bound-to-certificate': withClaims('H2', 'bound to a client certificate', {
    cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' },
  }),
} satisfies Record<string, Broken>

function idToken(claim: string): Broken {
  return {
    row: 'C28',
    what: `an ID token by its ${claim}`,
    make(issuer) {
      const key = issuer.signingKey()
      return assemble(headerFor(key, { typ: 'JWT' }), issuer.claims({ [claim]: 'value' }), (input) =>
        signBytes(input, key.algorithm, key.privateKey),
      )
    },
  }
}

import type { FakeIssuer } from '@postern/resource-server/testing'
import { type Answer, bearer, type Errors, type Program, resource, type Sent, type Verified } from './apps.ts'

/** One request, sent to the same program with either library, and the answer that both give. */
export interface SameRow {
  readonly what: string
  readonly program?: Program
  readonly request: (issuer: FakeIssuer) => Sent
  readonly answer: Answer
}

export const passes: Answer = { status: 200 }

export function refused(error: string, status = 401): Answer {
  return { status, error, challenge: error }
}

function lacks(...missing: string[]): Answer {
  return { ...refused('missing_required_scopes', 403), missing }
}

type Claims = Readonly<Record<string, unknown>>

/** A request with a token of these claims. */
export function minted(claims: Claims | (() => Claims) = {}, header: Claims = {}): SameRow['request'] {
  return (issuer) => bearer(issuer.mint(typeof claims === 'function' ? claims() : claims, { header }))
}

export function now(): number {
  return Math.floor(Date.now() / 1000)
}

/** What a verifier of one's own says of a good token. */
export function verified(issuer: FakeIssuer, more: Partial<Verified> = {}): Verified {
  return {
    token: 'opaque',
    issuer: issuer.issuer,
    subject: 'user-1',
    clientId: 'client-1',
    scopes: ['read', 'write'],
    audience: resource,
    expiresAt: now() + 300,
    ...more,
  }
}

const strict: Program = { audience: resource }

function verifying(more: Partial<Verified> = {}): Program {
  return { ...strict, verify: (issuer) => async () => verified(issuer, more) }
}

function throwing(errorOf: (errors: Errors) => Error): Program {
  return {
    ...strict,
    verify: (_issuer, errors) => async () => {
      throw errorOf(errors)
    },
  }
}

function sending(authorization: string): SameRow['request'] {
  return () => ({ headers: { authorization } })
}

const opaque = sending('Bearer opaque')

const header: readonly SameRow[] = [
  { what: 'no header', request: () => ({}), answer: refused('missing_auth_header') },
  { what: 'an empty header', request: sending(''), answer: refused('missing_auth_header') },
  { what: 'another scheme', request: sending('Basic dTpw'), answer: refused('invalid_auth_header_format') },
  { what: 'the scheme alone', request: sending('Bearer'), answer: refused('missing_bearer_token') },
  { what: 'one part too many', request: sending('Bearer a.b.c x'), answer: refused('invalid_auth_header_format') },
  {
    what: 'the scheme in lower case',
    request: (issuer) => ({ headers: { authorization: `bearer ${issuer.mint()}` } }),
    answer: passes,
  },
]

const tokens: readonly SameRow[] = [
  { what: 'a token', program: strict, request: minted(), answer: passes },
  {
    what: 'a token without kid, typ and jti',
    program: strict,
    request: minted({ jti: undefined }, { kid: undefined, typ: undefined }),
    answer: passes,
  },
  { what: 'a server that is looked up', program: { ...strict, discovery: true }, request: minted(), answer: passes },
  { what: 'the legacy mode', program: { ...strict, legacy: true }, request: minted(), answer: passes },
  {
    what: 'the legacy mode, looked up',
    program: { ...strict, legacy: true, discovery: true },
    request: minted(),
    answer: passes,
  },
  {
    what: 'the legacy mode without an audience',
    program: { legacy: true },
    request: minted({ aud: 'https://other.example' }),
    answer: passes,
  },
  { what: 'an audience among others', program: strict, request: minted({ aud: ['x', resource] }), answer: passes },
  { what: 'scopes as a list', request: minted({ scope: ['read', 'write'] }), answer: passes },
  { what: 'scopes in scopes', request: minted({ scope: undefined, scopes: 'read write' }), answer: passes },
  {
    what: 'scopes in scopes, a list',
    request: minted({ scope: undefined, scopes: ['read', 'write'] }),
    answer: passes,
  },
  { what: 'a client in azp', request: minted({ client_id: undefined, azp: 'c' }), answer: passes },
  { what: 'no client', request: minted({ client_id: undefined }), answer: passes },
  { what: 'no JWT', request: sending('Bearer not-a-jwt'), answer: refused('invalid_token') },
  { what: 'an unknown issuer', request: minted({ iss: 'https://evil.example' }), answer: refused('invalid_issuer') },
  {
    what: 'a wrong signature',
    request: (issuer) => bearer(`${issuer.mint().slice(0, -8)}AAAAAAAA`),
    answer: refused('invalid_token'),
  },
  { what: 'an expired token', request: minted({ iat: 0, exp: 1 }), answer: refused('invalid_token') },
  {
    what: 'a token that is not valid yet',
    request: minted(() => ({ nbf: now() + 100 })),
    answer: refused('invalid_token'),
  },
  { what: 'no subject', request: minted({ sub: undefined }), answer: refused('invalid_token') },
  { what: 'an empty subject', request: minted({ sub: '' }), answer: refused('invalid_token') },
  {
    what: 'another audience',
    program: strict,
    request: minted({ aud: 'https://other.example' }),
    answer: refused('invalid_audience'),
  },
  { what: 'no audience', program: strict, request: minted({ aud: undefined }), answer: refused('invalid_audience') },
  { what: 'one scope of two', request: minted({ scope: 'read' }), answer: lacks('write') },
  { what: 'no scope', request: minted({ scope: undefined }), answer: lacks('read', 'write') },
  { what: 'no scope needed', program: { requiredScopes: [] }, request: minted({ scope: undefined }), answer: passes },
]

function checking(jwtVerify: NonNullable<Program['jwt']>['jwtVerify']): Program {
  return { jwt: jwtVerify === undefined ? {} : { jwtVerify } }
}

const options: readonly SameRow[] = [
  {
    what: 'algorithms',
    program: checking({ algorithms: ['RS256'] }),
    request: minted(),
    answer: refused('invalid_token'),
  },
  { what: 'typ, met', program: checking({ typ: 'application/AT+JWT' }), request: minted(), answer: passes },
  {
    what: 'typ, not met',
    program: checking({ typ: 'at+jwt' }),
    request: minted({}, { typ: 'JWT' }),
    answer: refused('invalid_token'),
  },
  {
    what: 'requiredClaims, met',
    program: checking({ requiredClaims: ['tenant'] }),
    request: minted({ tenant: 't' }),
    answer: passes,
  },
  {
    what: 'requiredClaims, not met',
    program: checking({ requiredClaims: ['tenant'] }),
    request: minted(),
    answer: refused('invalid_token'),
  },
  { what: 'subject, met', program: checking({ subject: 'user-1' }), request: minted(), answer: passes },
  {
    what: 'subject, not met',
    program: checking({ subject: 'x' }),
    request: minted(),
    answer: refused('invalid_token'),
  },
  {
    what: 'maxTokenAge, met',
    program: checking({ maxTokenAge: '2 minutes' }),
    request: minted(() => ({ iat: now() - 60 })),
    answer: passes,
  },
  {
    what: 'maxTokenAge, not met',
    program: checking({ maxTokenAge: '2 minutes' }),
    request: minted(() => ({ iat: now() - 130 })),
    answer: refused('invalid_token'),
  },
  {
    what: 'clockTolerance',
    program: checking({ clockTolerance: '1 minute' }),
    request: minted(() => ({ exp: now() - 50, iat: now() - 60 })),
    answer: passes,
  },
]

const verifiers: readonly SameRow[] = [
  { what: 'a good token', program: verifying(), request: opaque, answer: passes },
  { what: 'a good JWT', program: verifying(), request: minted(), answer: passes },
  {
    what: 'another issuer',
    program: verifying({ issuer: 'https://evil.example' }),
    request: opaque,
    answer: refused('invalid_issuer'),
  },
  {
    what: 'another audience',
    program: verifying({ audience: ['https://other.example'] }),
    request: opaque,
    answer: refused('invalid_audience'),
  },
  { what: 'one scope of two', program: verifying({ scopes: ['write'] }), request: opaque, answer: lacks('read') },
  {
    what: 'an error about the token',
    program: throwing((errors) => new errors.MCPAuthTokenVerificationError('token_verification_failed')),
    request: opaque,
    answer: refused('token_verification_failed'),
  },
  {
    what: 'an error about the caller',
    program: throwing((errors) => new errors.MCPAuthBearerAuthError('invalid_audience')),
    request: opaque,
    answer: refused('invalid_audience'),
  },
  {
    what: 'an error about scopes',
    program: throwing(
      (errors) => new errors.MCPAuthBearerAuthError('missing_required_scopes', { missingScopes: ['admin'] }),
    ),
    request: opaque,
    answer: lacks('admin'),
  },
  {
    what: 'an error about the authorization server',
    program: throwing((errors) => new errors.MCPAuthAuthServerError('missing_jwks_uri')),
    request: opaque,
    answer: { status: 500, error: 'server_error' },
  },
]

/** Where the two must not differ. */
export const sameRows: Readonly<Record<string, readonly SameRow[]>> = { header, tokens, options, verifiers }

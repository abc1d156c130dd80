import assert from 'node:assert/strict'
import { parseChallenges } from '@postern/resource-server/testing'
import type { Answer, App, Library, Program, Seen, Verified } from './apps.ts'
import { metadataUrl, resource } from './apps.ts'
import { minted, now, passes, refused, type SameRow, verified } from './same-rows.ts'

/** One request to which the two answer differently, on purpose. */
export interface DifferentRow {
  /** Of the table of refusals. */
  readonly id: string
  readonly what: string
  /** What is wrong with mcp-auth's answer. */
  readonly because: string
  readonly program?: Program
  readonly before?: (app: App) => unknown
  readonly request: SameRow['request']
  readonly theirs: Answer
  readonly ours: Answer
  /** What else is to be seen. */
  readonly also?: Partial<Record<Library, (seen: Seen, app: App) => void>>
}

const strict: Program = { audience: resource }
const invalid = refused('invalid_token')
const unavailable: Answer = { status: 503, error: 'temporarily_unavailable' }
const crash: Answer = { status: 500 }

function sending(authorization: string): SameRow['request'] {
  return () => ({ headers: { authorization } })
}

const anyToken = 'a token that was not made for this server opens it'
const wrongKind = 'it is no access token'

const tokens: readonly DifferentRow[] = [
  {
    id: 'C12',
    what: 'another audience, where the route names none',
    because: anyToken,
    request: minted({ aud: 'https://other.example/mcp' }),
    theirs: passes,
    ours: refused('invalid_audience'),
  },
  {
    id: 'C11',
    what: 'no audience, where the route names none',
    because: anyToken,
    request: minted({ aud: undefined }),
    theirs: passes,
    ours: refused('invalid_audience'),
  },
  {
    id: 'C1',
    what: 'no exp',
    because: 'it is good for ever',
    request: minted({ exp: undefined }),
    theirs: passes,
    ours: invalid,
  },
  {
    id: 'C3',
    what: 'exp passed three seconds ago',
    because: 'clocks differ; 5 s are overlooked unless jwtVerify.clockTolerance says otherwise',
    request: minted(() => ({ exp: now() - 3, iat: now() - 60 })),
    theirs: invalid,
    ours: passes,
  },
  {
    id: 'C18',
    what: 'no issuer',
    because: 'an issuer that is absent is not accepted either, and one code says so',
    request: minted({ iss: undefined }),
    theirs: invalid,
    ours: refused('invalid_issuer'),
  },
  {
    id: 'C22',
    what: 'a client_id that is a list',
    because: 'the caller would be taken for one without a client',
    request: minted({ client_id: ['a', 'b'] }),
    theirs: passes,
    ours: invalid,
  },
  ...['dpop+jwt', 'logout+jwt', 'secevent+jwt', 'token-introspection+jwt', 'oauth-authz-req+jwt'].map((typ) => ({
    id: 'C25',
    what: `typ ${typ}`,
    because: wrongKind,
    request: minted({}, { typ }),
    theirs: passes,
    ours: invalid,
  })),
  ...['nonce', 'at_hash', 'c_hash', 's_hash'].map((claim) => ({
    id: 'C28',
    what: `an ID token, told by its ${claim}`,
    because: wrongKind,
    request: minted({ [claim]: 'x' }, { typ: 'JWT' }),
    theirs: passes,
    ours: invalid,
  })),
  {
    id: 'H1',
    what: 'a token bound by DPoP, sent as a bearer token',
    because: 'a thief has the token and not the key',
    request: minted({ cnf: { jkt: 'x'.repeat(43) } }),
    theirs: passes,
    ours: invalid,
  },
  {
    id: 'H2',
    what: 'a token bound to a certificate, sent without',
    because: 'a thief has the token and not the key',
    request: minted({ cnf: { 'x5t#S256': 'x'.repeat(43) } }),
    theirs: passes,
    ours: invalid,
  },
  {
    id: 'D1',
    what: 'a scope claim that is an object',
    because: 'the token is malformed; asking the client for scopes would not mend it',
    request: minted({ scope: { read: true } }),
    theirs: { ...refused('missing_required_scopes', 403), missing: ['read', 'write'] },
    ours: invalid,
  },
]

const wire: readonly DifferentRow[] = [
  {
    id: 'A7',
    what: 'two spaces after the scheme',
    because: 'RFC 9110 allows them',
    request: (issuer) => ({ headers: { authorization: `Bearer  ${issuer.mint()}` } }),
    theirs: refused('invalid_auth_header_format'),
    ours: passes,
  },
  {
    id: 'A11',
    what: 'two Authorization headers',
    because: 'what stands in front may go by the other one',
    request: (issuer) => ({ headers: { authorization: [`Bearer ${issuer.mint()}`, 'Bearer x'] } }),
    theirs: passes,
    ours: refused('invalid_auth_header_format'),
  },
  {
    id: 'A12',
    what: 'a second token in the query',
    because: 'the request is malformed (RFC 6750 §2)',
    request: (issuer) => ({ path: '/mcp?access_token=x', headers: { authorization: `Bearer ${issuer.mint()}` } }),
    theirs: passes,
    ours: refused('invalid_request', 400),
  },
  {
    id: 'A20',
    what: 'a CORS preflight',
    because: 'browsers send it without credentials, so no browser could ever call',
    request: () => ({
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    }),
    theirs: refused('missing_auth_header'),
    ours: { status: 204 },
  },
  {
    id: 'A3',
    what: 'the challenge to another scheme',
    because: 'the header has raw quotes in a quoted string, and no client can parse it',
    request: sending('Basic dTpw'),
    theirs: refused('invalid_auth_header_format'),
    ours: refused('invalid_auth_header_format'),
    also: {
      theirs: ({ headers }) => assert.throws(() => parseChallenges(headers['www-authenticate'] ?? ''), SyntaxError),
      ours: ({ headers }) => assert.equal(parseChallenges(headers['www-authenticate'] ?? '').length, 1),
    },
  },
  {
    id: 'D2',
    what: 'the challenge to a lack of scopes',
    because: 'a client cannot learn from it what to ask for, and where',
    request: minted({ scope: 'read' }),
    theirs: { ...refused('missing_required_scopes', 403), missing: ['write'] },
    ours: { ...refused('missing_required_scopes', 403), missing: ['write'] },
    also: {
      theirs({ headers }) {
        const [challenge] = parseChallenges(headers['www-authenticate'] ?? '')
        assert.deepEqual([challenge?.params['scope'], challenge?.params['resource_metadata']], [undefined, undefined])
      },
      ours({ headers }) {
        const [challenge] = parseChallenges(headers['www-authenticate'] ?? '')
        assert.deepEqual(
          [challenge?.params['scope'], challenge?.params['resource_metadata']],
          ['read write', metadataUrl],
        )
      },
    },
  },
  {
    id: 'A1',
    what: 'whether refusals may be cached',
    because: 'a cache would go on refusing the same caller',
    request: () => ({}),
    theirs: refused('missing_auth_header'),
    ours: refused('missing_auth_header'),
    also: {
      theirs: ({ headers }) => assert.equal(headers['cache-control'], undefined),
      ours: ({ headers }) => assert.equal(headers['cache-control'], 'no-store'),
    },
  },
  {
    id: 'L3',
    what: 'showErrorDetails',
    because: 'the answer holds the claims of the token',
    program: { ...strict, showErrorDetails: true },
    request: minted({ sub: 'alice@example.com', iat: 0, exp: 1 }),
    theirs: invalid,
    ours: invalid,
    also: {
      theirs: ({ body }) => assert.match(body, /alice@example\.com/),
      ours({ body }) {
        assert.doesNotMatch(body, /alice|expected|actual/)
        assert.deepEqual(JSON.parse(body).cause, { reason: 'expired' })
      },
    },
  },
]

const outage = 'clients throw good tokens away on 401, and the caller sees how the program is made on 500'

/** Express's page for an error that nobody caught; it has the stack where there is one. */
function showsError({ body }: Seen): void {
  assert.match(body, /<html[\s\S]*TypeError: /)
}

function saysWhen({ headers, body }: Seen): void {
  assert.match(headers['retry-after'] ?? '', /^\d+$/)
  assert.equal(headers['www-authenticate'], undefined)
  assert.doesNotMatch(body, /127\.0\.0\.1|at /)
}

const outages: readonly DifferentRow[] = [
  {
    id: 'E1',
    what: "metadata of another issuer's",
    because: 'whoever can serve a document there chooses the keys (RFC 8414 §3.3)',
    program: { discovery: true },
    before: ({ issuer }) =>
      issuer.fail('metadata', { body: { ...JSON.parse(serverDocumentOf(issuer)), issuer: 'https://honest.example' } }),
    request: minted(),
    theirs: passes,
    ours: unavailable,
  },
  {
    id: 'E5',
    what: 'keys answer 503',
    because: outage,
    before: ({ issuer }) => issuer.fail('jwks', { status: 503 }),
    request: minted(),
    theirs: invalid,
    ours: unavailable,
    also: { ours: saysWhen },
  },
  {
    id: 'E4',
    what: 'keys are redirected',
    because: outage,
    before: ({ issuer }) => issuer.fail('jwks', { status: 302, headers: { location: issuer.jwksUri } }),
    request: minted(),
    theirs: invalid,
    ours: unavailable,
  },
  {
    id: 'E7',
    what: 'metadata: no connection',
    because: outage,
    program: { discovery: true },
    before: ({ issuer }) => issuer.close(),
    request: minted(),
    theirs: crash,
    ours: unavailable,
    also: { theirs: showsError, ours: saysWhen },
  },
  {
    id: 'E8',
    what: 'metadata answers 503',
    because: outage,
    program: { discovery: true },
    before: ({ issuer }) => issuer.fail('metadata', { status: 503 }),
    request: minted(),
    theirs: { status: 500, error: 'server_error' },
    ours: unavailable,
    also: { ours: saysWhen },
  },
]

const usable: readonly DifferentRow[] = [
  {
    id: 'M1',
    what: 'a server that is looked up and does not say that it supports PKCE',
    because: 'that is the business of clients; tokens are no worse for it',
    program: { discovery: true },
    before: ({ issuer }) =>
      issuer.fail('metadata', {
        body: { ...JSON.parse(serverDocumentOf(issuer)), issuer: issuer.issuer, code_challenge_methods_supported: [] },
      }),
    request: minted(),
    theirs: { status: 500, error: 'server_error' },
    ours: passes,
  },
]

function serverDocumentOf({ issuer, jwksUri }: { readonly issuer: string; readonly jwksUri: string }): string {
  return JSON.stringify({
    jwks_uri: jwksUri,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  })
}

function verifying(verify: (good: Verified) => unknown): Program {
  // The types of theirs forbid what the programs of these rows do, as a program in JavaScript would.
  return { ...strict, verify: (issuer) => async () => verify(verified(issuer)) as Verified }
}

const opaque = sending('Bearer opaque')

const verifiers: readonly DifferentRow[] = [
  ...[undefined, null].map((nothing) => ({
    id: 'J8',
    what: `the verifier returns ${nothing}`,
    because: 'that is how verifiers say no, and the caller sees a stack',
    program: verifying(() => nothing),
    request: opaque,
    theirs: crash,
    ours: invalid,
    also: { theirs: showsError },
  })),
  {
    id: 'J8',
    what: 'the verifier returns false',
    because: 'nothing is said of an issuer',
    program: verifying(() => false),
    request: opaque,
    theirs: refused('invalid_issuer'),
    ours: invalid,
  },
  {
    id: 'J9',
    what: 'the verifier fails',
    because: 'the caller reads the error and a stack',
    program: verifying(() => {
      throw new Error('db password=hunter2')
    }),
    request: opaque,
    theirs: crash,
    ours: { status: 500, error: 'server_error' },
    also: {
      theirs: ({ body }) => assert.match(body, /hunter2/),
      ours: ({ body }) => assert.equal(body, '{"error":"server_error"}'),
    },
  },
  {
    id: 'J11',
    what: 'the result has expired',
    because: 'verifiers such as introspection leave that to the caller',
    program: verifying((good) => ({ ...good, expiresAt: now() - 60 })),
    request: opaque,
    theirs: passes,
    ours: invalid,
  },
  {
    id: 'J12',
    what: 'the result has no end',
    because: 'it is good for ever; who wants that says allowNonExpiring',
    program: verifying(({ expiresAt: _, ...good }) => good),
    request: opaque,
    theirs: passes,
    ours: invalid,
  },
  {
    id: 'J13',
    what: 'the result has no issuer, and one is configured',
    because: 'opaque tokens name none',
    program: verifying(({ issuer: _, ...good }) => good),
    request: opaque,
    theirs: refused('invalid_issuer'),
    ours: passes,
  },
  {
    id: 'J12',
    what: 'the result has no scopes, and some are needed',
    because: 'a TypeError of the library reaches the caller as a stack',
    program: verifying(({ scopes: _, ...good }) => good),
    request: opaque,
    theirs: crash,
    ours: { ...refused('missing_required_scopes', 403), missing: ['read', 'write'] },
  },
  {
    id: 'J17',
    what: 'what tools see can be changed by them',
    because: 'one tool could give the next one scopes',
    program: verifying((good) => good),
    request: opaque,
    theirs: passes,
    ours: passes,
    also: {
      theirs: (_, app) => assert.equal(Object.isFrozen(app.auth()), false),
      ours: (_, app) => assert.equal(Object.isFrozen(app.auth()), true),
    },
  },
]

const metadataPath = new URL(metadataUrl).pathname

const metadata: readonly DifferentRow[] = [
  {
    id: 'F12',
    what: 'POST to the metadata',
    because: 'the answer is a page for people',
    request: () => ({ path: metadataPath }),
    theirs: { status: 404 },
    ours: { status: 405, error: 'invalid_request' },
    also: { ours: ({ headers }) => assert.equal(headers['allow'], 'GET, HEAD, OPTIONS') },
  },
  {
    id: 'F14',
    what: 'a preflight for the metadata',
    because: 'methods are offered that are not there',
    request: () => ({
      method: 'OPTIONS',
      path: metadataPath,
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
    }),
    theirs: { status: 204 },
    ours: { status: 204 },
    also: {
      theirs: ({ headers }) => assert.match(headers['access-control-allow-methods'] ?? '', /DELETE/),
      ours: ({ headers }) => assert.equal(headers['access-control-allow-methods'], 'GET, HEAD'),
    },
  },
  {
    id: 'F20',
    what: 'whether the metadata may be cached',
    because: 'clients fetch it at every start',
    request: () => ({ method: 'GET', path: metadataPath }),
    theirs: passes,
    ours: passes,
    also: {
      theirs: ({ headers }) => assert.equal(headers['cache-control'], undefined),
      ours: ({ headers }) => assert.match(headers['cache-control'] ?? '', /^public, max-age=\d+$/),
    },
  },
]

/** Where the two differ on purpose. */
export const differentRows: Readonly<Record<string, readonly DifferentRow[]>> = {
  tokens,
  wire,
  outages,
  usable,
  verifiers,
  metadata,
}

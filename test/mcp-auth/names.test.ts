import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import * as ours from '@postern/resource-server/mcp-auth'
import { createFakeIssuer } from '@postern/resource-server/testing'
import { createRemoteJWKSet } from 'jose'
import * as theirs from 'mcp-auth'
import { resource, serverDocument, serverMetadata, start } from './apps.ts'

const issuer = 'https://as.example'
const metadata = serverMetadata({ issuer, jwksUri: `${issuer}/jwks` })
const type = 'oidc' as const

/** What both do with the same input, errors boiled down to class and code. */
async function outcome(run: () => unknown): Promise<unknown> {
  try {
    return { value: await run() }
  } catch (error) {
    assert.ok(error instanceof Error)
    return { name: error.name, code: 'code' in error ? error.code : undefined }
  }
}

/** What the tests call, with the types of theirs: that ours has it too is checked by the compiler. */
interface Names {
  readonly MCPAuth: new (
    config: theirs.MCPAuthConfig,
  ) => Record<'delegatedRouter' | 'protectedResourceMetadataRouter', () => unknown> & {
    bearerAuth(mode: theirs.VerifyAccessTokenMode, config: { resource: string }): unknown
  }
  readonly handleBearerAuth: (config: theirs.BearerAuthConfig) => unknown
  readonly fetchServerConfig: (...args: Parameters<typeof theirs.fetchServerConfig>) => Promise<unknown>
  readonly fetchServerConfigByWellKnownUrl: (
    ...args: Parameters<typeof theirs.fetchServerConfigByWellKnownUrl>
  ) => Promise<unknown>
  readonly validateServerConfig: Validate
  readonly MCPAuthError: ErrorClass<[code: string, message: string]>
  readonly MCPAuthConfigError: ErrorClass<[code: string, message: string]>
  readonly MCPAuthAuthServerError: ErrorClass<[code: theirs.AuthServerErrorCode, cause?: unknown]>
  readonly MCPAuthBearerAuthError: ErrorClass<
    [code: theirs.BearerAuthErrorCode, details?: theirs.MCPAuthBearerAuthErrorDetails]
  >
  readonly MCPAuthTokenVerificationError: ErrorClass<[code: theirs.MCPAuthTokenVerificationErrorCode, cause?: unknown]>
}

type ErrorClass<Args extends unknown[]> = new (...args: Args) => theirs.MCPAuthError

interface Validated {
  readonly isValid: boolean
  readonly errors?: readonly { readonly code: string }[]
  readonly warnings: readonly { readonly code: string }[]
  readonly successes?: readonly { readonly code: string }[]
}

interface Validate {
  (config: theirs.ResolvedAuthServerConfig): Validated
  (config: theirs.ResolvedAuthServerConfig, verbose: true): Validated
}

async function sameOutcome(run: (library: Names) => unknown): Promise<unknown> {
  const { warn } = console
  console.warn = () => undefined
  try {
    const expected = await outcome(() => run(theirs))
    assert.deepEqual(await outcome(() => run(ours)), expected)
    return expected
  } finally {
    console.warn = warn
  }
}

describe('the names of mcp-auth 0.2.0', () => {
  test('are all there, and the one that only its documentation has', () => {
    const missing = Object.keys(theirs).filter((name) => !Object.hasOwn(ours, name))
    assert.deepEqual(missing, [])
    assert.equal('MCPAuthJwtVerificationError' in theirs, false)
    const error = new ours.MCPAuthJwtVerificationError('jwt_verification_failed')
    assert.ok(error instanceof ours.MCPAuthTokenVerificationError)
    assert.equal(error.code, 'jwt_verification_failed')
  })

  test('stand for the same values', () => {
    assert.deepEqual(ours.serverMetadataPaths, theirs.serverMetadataPaths)
    assert.deepEqual(ours.defaultValues, theirs.defaultValues)
    const sameCodes = (table: object, other: object) =>
      assert.deepEqual(Object.keys(table).sort(), Object.keys(other).sort())
    sameCodes(ours.authServerErrorDescription, theirs.authServerErrorDescription)
    sameCodes(ours.bearerAuthErrorDescription, theirs.bearerAuthErrorDescription)
    const codes = Object.keys(theirs.tokenVerificationErrorDescription)
    assert.deepEqual(
      [...codes, 'jwt_verification_failed'].sort(),
      Object.keys(ours.tokenVerificationErrorDescription).sort(),
    )
  })

  test('getIssuer', () => {
    for (const config of [
      { metadata, type },
      { issuer, type },
    ]) {
      assert.equal(ours.getIssuer(config), theirs.getIssuer(config))
    }
  })

  test('errors have the same classes, codes and members', () => {
    const made = ({
      MCPAuthError,
      MCPAuthConfigError,
      MCPAuthAuthServerError,
      MCPAuthBearerAuthError,
      ...more
    }: Names) => [
      new MCPAuthError('a_code', 'a message'),
      new MCPAuthConfigError('fetch_server_config_error', 'a message'),
      new MCPAuthAuthServerError('missing_jwks_uri'),
      new MCPAuthBearerAuthError('missing_required_scopes', {
        missingScopes: ['a'],
        uri: new URL('https://x.example/'),
      }),
      new more.MCPAuthTokenVerificationError('invalid_token', 'why'),
    ]
    const boiled = (library: Names) =>
      made(library).map((error) => ({
        name: error.name,
        code: error.code,
        isError: error instanceof Error && error instanceof library.MCPAuthError,
        cause: error.cause,
        json: { ...error.toJson(), errorDescription: '' },
        withCause: Object.keys(error.toJson(true)).sort(),
      }))
    assert.deepEqual(boiled(ours), boiled(theirs))
  })

  test('an error never tells claims, tokens or what was received', () => {
    const cause = {
      cause: Object.assign(new Error('x'), { payload: { sub: 'alice' } }),
      actual: 'alice',
      expected: ['bob'],
    }
    const shown = JSON.stringify(new ours.MCPAuthBearerAuthError('invalid_issuer', cause).toJson(true))
    assert.doesNotMatch(shown, /alice/)
    assert.match(shown, /bob/)
    const theirsShown = JSON.stringify(new theirs.MCPAuthBearerAuthError('invalid_issuer', cause).toJson(true))
    assert.match(theirsShown, /alice/)
  })

  test('schemas take and refuse the same documents', () => {
    const documents: unknown[] = [
      serverDocument({ issuer, jwksUri: `${issuer}/jwks` }),
      metadata,
      { resource, authorization_servers: [issuer], dpop_bound_access_tokens_required: true, x_foo: 1 },
      { resource, authorizationServers: [issuer], tlsClientCertificateBoundAccessTokens: false, xFoo: 1 },
      { resource: 1 },
      { resource, scopes_supported: 'read' },
      { resource, scopesSupported: [1] },
      {},
      null,
      'text',
      [],
    ]
    const pairs = [
      [ours.authorizationServerMetadataSchema, theirs.authorizationServerMetadataSchema],
      [ours.camelCaseAuthorizationServerMetadataSchema, theirs.camelCaseAuthorizationServerMetadataSchema],
      [ours.protectedResourceMetadataSchema, theirs.protectedResourceMetadataSchema],
      [ours.camelCaseProtectedResourceMetadataSchema, theirs.camelCaseProtectedResourceMetadataSchema],
    ] as const
    for (const [our, their] of pairs) {
      for (const document of documents) {
        const expected = their.safeParse(document)
        assert.equal(our.safeParse(document).success, expected.success)
        assert.deepEqual(our.safeParse(document).data, expected.data)
        if (expected.success) assert.deepEqual(our.parse(document), expected.data)
        else assert.throws(() => our.parse(document), { name: 'SchemaError' })
      }
    }
  })

  test('a schema names what is wrong and not what it is', () => {
    const { error } = ours.protectedResourceMetadataSchema.safeParse({ resource: 17, scopes_supported: ['a', 2] })
    assert.deepEqual(
      error?.issues.map(({ path, message }) => [path, message]),
      [
        [['resource'], 'resource must be a string'],
        [['scopes_supported'], 'scopes_supported must be a list of strings'],
      ],
    )
  })
})

describe('validateServerConfig', () => {
  // Theirs leaves `isValid` out where it is false.
  const codes = ({ isValid, errors, warnings, successes }: Validated) => ({
    isValid: isValid === true,
    errors: errors?.map(({ code }) => code),
    warnings: warnings.map(({ code }) => code),
    successes: successes?.map(({ code }) => code),
  })
  const { registrationEndpoint: _, codeChallengeMethodsSupported: __, ...bare } = metadata
  const cases = {
    'a server that does all': metadata,
    'no registration': { ...metadata, registrationEndpoint: undefined },
    'no PKCE': bare,
    'PKCE with plain alone': { ...metadata, codeChallengeMethodsSupported: ['plain'] },
    'no code': { ...metadata, responseTypesSupported: ['token'] },
    'code among others': { ...metadata, responseTypesSupported: ['code id_token'] },
    'no authorization code grant': { ...metadata, grantTypesSupported: ['client_credentials'] },
  }
  for (const [what, changed] of Object.entries(cases)) {
    test(what, () => {
      const config = { metadata: changed, type }
      assert.deepEqual(codes(ours.validateServerConfig(config)), codes(theirs.validateServerConfig(config)))
      assert.deepEqual(codes(ours.validateServerConfig(config, true)), codes(theirs.validateServerConfig(config, true)))
    })
  }

  test('what is no metadata', async () => {
    const malformed = JSON.parse('{"metadata":{"issuer":1}}')
    await sameOutcome(({ validateServerConfig }) => codes(validateServerConfig(malformed)))
  })
})

describe('fetchServerConfig', () => {
  async function withDocument(
    document: (origin: string) => unknown,
    play: (origin: string, paths: string[]) => Promise<unknown>,
  ): Promise<void> {
    const paths: string[] = []
    const server = createServer((req, res) => {
      paths.push(req.url ?? '')
      const body = document(origin)
      if (body === undefined) res.writeHead(404).end()
      else res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      await play(origin, paths)
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
  const documentOf = (path: string) => (origin: string) =>
    serverDocument({ issuer: `${origin}${path}`, jwksUri: `${origin}/jwks` })

  for (const path of ['', '/tenant']) {
    for (const type of ['oauth', 'oidc'] as const) {
      test(`finds ${type} metadata of an issuer ${path === '' ? 'without a path' : 'with a path'}`, () =>
        withDocument(documentOf(path), async (origin, paths) => {
          const found = await sameOutcome(({ fetchServerConfig }) => fetchServerConfig(origin + path, { type }))
          assert.match(JSON.stringify(found), /jwksUri/)
          assert.equal(paths[0], paths[1])
        }))
    }
  }

  test('takes any place, and mends what transpileData mends', () =>
    withDocument(
      (origin) => ({ ...documentOf('')(origin), response_types_supported: undefined }),
      async (origin) => {
        const url = `${origin}/anywhere`
        const failed = await sameOutcome(({ fetchServerConfigByWellKnownUrl: get }) => get(url, { type }))
        assert.deepEqual(failed, { name: 'MCPAuthAuthServerError', code: 'invalid_server_metadata' })
        await sameOutcome(({ fetchServerConfigByWellKnownUrl: get }) =>
          get(new URL(url), { type, transpileData: (data) => ({ ...data, response_types_supported: ['code'] }) }),
        )
      },
    ))

  test('says that there is nothing', () =>
    withDocument(
      () => undefined,
      async (origin) => {
        const failed = await sameOutcome(({ fetchServerConfig }) => fetchServerConfig(origin, { type }))
        assert.deepEqual(failed, { name: 'MCPAuthConfigError', code: 'fetch_server_config_error' })
      },
    ))

  test("E1 refuses another issuer's metadata, because whoever serves it chooses the keys", () =>
    withDocument(
      () => serverDocument({ issuer: 'https://honest.example', jwksUri: 'https://evil.example/jwks' }),
      async (origin) => {
        await theirs.fetchServerConfig(origin, { type })
        const mismatch = { code: 'invalid_server_metadata' }
        await assert.rejects(ours.fetchServerConfig(origin, { type }), mismatch)
        const place = `${origin}/.well-known/openid-configuration`
        await assert.rejects(ours.fetchServerConfigByWellKnownUrl(place, { type }), mismatch)
      },
    ))

  test('E7 has an error of its own for a server that cannot be reached', async () => {
    const gone = 'http://127.0.0.1:1'
    await assert.rejects(theirs.fetchServerConfig(gone, { type }), TypeError)
    await assert.rejects(ours.fetchServerConfig(gone, { type }), { code: 'fetch_server_config_error' })
  })
})

describe('what cannot be used is said at once', () => {
  const place = { resource, authorizationServers: [{ metadata, type }] }

  test('as there', async () => {
    const wrong: readonly ((library: Names) => unknown)[] = [
      ({ MCPAuth }) => new MCPAuth(JSON.parse('{}')),
      ({ MCPAuth }) => new MCPAuth({ protectedResources: [{ metadata: place }, { metadata: place }] }),
      ({ MCPAuth }) =>
        new MCPAuth({
          protectedResources: {
            metadata: {
              ...place,
              authorizationServers: [
                { metadata, type },
                { issuer, type },
              ],
            },
          },
        }),
      ({ MCPAuth }) => new MCPAuth({ server: { metadata: { ...metadata, responseTypesSupported: [] }, type } }),
      ({ MCPAuth }) => new MCPAuth({ protectedResources: { metadata: place } }).delegatedRouter(),
      ({ MCPAuth }) => new MCPAuth({ server: { metadata, type } }).protectedResourceMetadataRouter(),
      ({ MCPAuth }) =>
        new MCPAuth({ protectedResources: { metadata: place } }).bearerAuth('jwt', { resource: 'https://x.example' }),
      ({ handleBearerAuth }) => handleBearerAuth(JSON.parse('{"issuer":"https://as.example"}')),
      ({ handleBearerAuth }) => handleBearerAuth({ issuer: 'not a url', verifyAccessToken: () => JSON.parse('{}') }),
    ]
    for (const run of wrong) {
      const failed = await sameOutcome(run)
      assert.match(JSON.stringify(failed), /TypeError|MCPAuthAuthServerError/, `${run}`)
    }
  })

  test('and what mcp-auth only finds when a request comes, or never', () => {
    const wrong: readonly [string, RegExp, Record<string, unknown>][] = [
      ['F7', /^protectedResources\.metadata\.resource: /, { ...place, resource: 'not a url' }],
      ['F7', /^protectedResources\.metadata\.resource: /, { ...place, resource: 'http://mcp.example' }],
      ['F7', /^protectedResources\.metadata\.resource: /, { ...place, resource: 'https://mcp.example/#f' }],
      ['F17', /^protectedResources\.metadata\.authorizationServers: /, { ...place, authorizationServers: [] }],
      [
        'F18',
        /^protectedResources\.metadata\.authorizationServers\[0\]\.issuer: /,
        { ...place, authorizationServers: [{ issuer: 'https://as.example/?q=1', type }] },
      ],
      [
        'E2',
        /^protectedResources\.metadata\.authorizationServers\[0\]\.metadata\.jwksUri: /,
        { ...place, authorizationServers: [{ metadata: { ...metadata, jwksUri: 'http://as.example/jwks' }, type }] },
      ],
      [
        'A13',
        /^protectedResources\.metadata\.bearerMethodsSupported: /,
        { ...place, bearerMethodsSupported: ['header', 'query'] },
      ],
    ]
    for (const [id, message, document] of wrong) {
      const config = JSON.parse(JSON.stringify({ protectedResources: { metadata: document } }))
      assert.doesNotThrow(() => new theirs.MCPAuth(config), id)
      assert.throws(() => new ours.MCPAuth(config), { name: 'ConfigError', message }, id)
    }
    const { jwksUri: _, ...keyless } = metadata
    const config = {
      protectedResources: { metadata: { ...place, authorizationServers: [{ metadata: keyless, type }] } },
    }
    assert.doesNotThrow(() => new theirs.MCPAuth(config).bearerAuth('jwt', { resource }))
    assert.throws(() => new ours.MCPAuth(config).bearerAuth('jwt', { resource }), { code: 'missing_jwks_uri' }, 'E22')
  })
})

describe('createVerifyJwt', () => {
  test('says the same of a good token, and lets nothing broken pass', async () => {
    const server = await createFakeIssuer({ audience: resource })
    try {
      const getKey = createRemoteJWKSet(new URL(server.jwksUri))
      const good = server.mint({ scope: 'read write', aud: [resource] })
      assert.deepEqual(await ours.createVerifyJwt(getKey)(good), await theirs.createVerifyJwt(getKey)(good))
      const refused = { name: 'MCPAuthTokenVerificationError', code: 'invalid_token' }
      for (const claims of [{ exp: 1, iat: 0 }, { sub: undefined }, { iss: undefined }]) {
        for (const { createVerifyJwt } of [theirs, ours]) {
          await assert.rejects(async () => createVerifyJwt(getKey)(server.mint(claims)), refused)
        }
      }
      for (const claims of [{ exp: undefined }, { cnf: { jkt: 'x' } }]) {
        await theirs.createVerifyJwt(getKey)(server.mint(claims))
        await assert.rejects(ours.createVerifyJwt(getKey)(server.mint(claims)), refused)
      }
      const options = { audience: 'https://other.example' }
      await assert.rejects(ours.createVerifyJwt(getKey, options)(good), refused)
    } finally {
      await server.close()
    }
    const gone = createRemoteJWKSet(new URL('http://127.0.0.1:1/jwks'))
    await assert.rejects(ours.createVerifyJwt(gone)(server.mint()), { code: 'temporarily_unavailable' })
  })
})

describe('the metadata documents', () => {
  for (const legacy of [false, true]) {
    test(`are the same ${legacy ? 'for the legacy mode' : 'for a protected resource'}`, async () => {
      const path = legacy ? '/.well-known/oauth-authorization-server' : '/.well-known/oauth-protected-resource/mcp'
      const documents: unknown[] = []
      for (const library of ['theirs', 'ours'] as const) {
        const app = await start(library, { legacy })
        try {
          const { status, headers, body } = await app.send({ method: 'GET', path })
          assert.deepEqual([status, headers['access-control-allow-origin']], [200, '*'], library)
          // Each app has an issuer on a port of its own; a protected resource says more here.
          const { bearer_methods_supported: _, resource_name: __, ...document } = JSON.parse(body)
          documents.push(JSON.parse(JSON.stringify(document).replaceAll(app.issuer.issuer, issuer)))
        } finally {
          await app.close()
        }
      }
      assert.deepEqual(documents[1], documents[0])
    })
  }
})

import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, type TestContext, test } from 'node:test'
import { type EventInput, generateApiKey, hashApiKey, parseChallenges } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import express from 'express'
import express4 from 'express4'
import type { NodeHandler } from '../adapters/node.ts'
import { isAuthInfo } from '../auth-info.ts'
import { expectRefusal, type SeenResponse, seen } from '../testing/expect.ts'
import { createFakeIssuer, type FakeIssuer } from '../testing/fake-issuer.ts'
import { handleBearerAuth, MCPAuth, MCPAuthBearerAuthError, type MCPAuthConfig } from './index.ts'

const resource = 'https://mcp.example/mcp'
const metadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'
const expected = { metadataUrl, scope: 'read write' }
const requiredScopes = ['read', 'write']

const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function start(): Promise<FakeIssuer> {
  const issuer = await createFakeIssuer({ audience: resource })
  opened.push(() => issuer.close())
  return issuer
}

interface App {
  auth: unknown
  ask(token?: string, path?: string, init?: RequestInit): Promise<SeenResponse>
}

type Use = (app: express.Express) => unknown

/** Serves what `use` mounts, and what the handler behind it was told. */
async function serve(use: Use, framework: () => express.Express = express): Promise<App> {
  const app = framework()
  use(app)
  const state: App = {
    auth: undefined,
    async ask(token, path = '/mcp', init = {}) {
      const headers = new Headers(init.headers)
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
      return seen(await fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers }))
    },
  }
  app.use('/mcp', (req, res) => {
    state.auth = req.auth
    res.json({ ok: true })
  })
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  opened.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return state
}

function guarding(handler: NodeHandler): Use {
  return (app) => app.use('/mcp', handler)
}

function protecting({ issuer }: FakeIssuer, more: Partial<MCPAuthConfig> = {}): MCPAuth {
  return new MCPAuth({
    protectedResources: { metadata: { resource, authorizationServers: [{ issuer, type: 'oidc' }] } },
    ...more,
  })
}

function silence(t: TestContext) {
  return t.mock.method(console, 'warn', () => undefined).mock
}

describe('answers are those of RFC 6750 unless another format is asked for', () => {
  for (const [name, framework] of Object.entries({ 'Express 5': express, 'Express 4': express4 })) {
    test(name, async () => {
      const issuer = await start()
      const app = await serve(guarding(protecting(issuer).bearerAuth('jwt', { resource, requiredScopes })), framework)
      expectRefusal(await app.ask(), 'C0', expected)
      const secrets = [issuer.mint({ aud: 'https://other.example' }), 'user-1']
      expectRefusal(await app.ask(secrets[0]), 'IT', { ...expected, secrets })
      expectRefusal(await app.ask(issuer.mint({ scope: 'read' })), 'IS', expected)
      expectRefusal(await app.ask('one two'), 'IR', expected)
      assert.equal(app.auth, undefined)
      const down = await start()
      down.fail('jwks', { status: 500 })
      const waiting = await serve(guarding(protecting(down).bearerAuth('jwt')), framework)
      expectRefusal(await waiting.ask(down.mint()), 'UN', { metadataUrl })
    })
  }

  test('a failing verifier, and one that refuses', async () => {
    const issuer = await start()
    const verify = async (token: string) => {
      if (token === 'fails') throw new Error('db password=hunter2')
      if (token === 'refuses') throw new MCPAuthBearerAuthError('missing_required_scopes', { missingScopes: ['admin'] })
      return null
    }
    const app = await serve(guarding(protecting(issuer).bearerAuth(verify, { requiredScopes })))
    expectRefusal(await app.ask('fails'), 'SE', { ...expected, secrets: ['hunter2'] })
    expectRefusal(await app.ask('refuses'), 'IS', expected)
    expectRefusal(await app.ask('null'), 'IT', expected)
  })

  test('the format may be chosen for all routes, or for one', async () => {
    const issuer = await start()
    const mcpAuth = protecting(issuer, { errorFormat: 'mcp-auth' })
    const coded = await serve(guarding(mcpAuth.bearerAuth('jwt')))
    assert.equal(JSON.parse((await coded.ask()).body).error, 'missing_auth_header')
    const plain = await serve(guarding(mcpAuth.bearerAuth('jwt', { errorFormat: 'rfc6750' })))
    expectRefusal(await plain.ask(), 'C0', { metadataUrl })
  })
})

test("mcp-auth's codes go into the Bearer challenge alone", async () => {
  const issuer = await start()
  const mcpAuth = protecting(issuer, { errorFormat: 'mcp-auth', kit: { dpop: { mode: 'allowed' } } })
  const app = await serve(guarding(mcpAuth.bearerAuth('jwt', { requiredScopes })))
  const challenges = parseChallenges((await app.ask(issuer.mint({ aud: 'x' }))).headers['www-authenticate'] ?? '')
  const errors = challenges.map(({ scheme, params }) => [scheme, params['error']])
  assert.deepEqual(errors.toSorted(), [
    ['Bearer', 'invalid_audience'],
    ['DPoP', 'invalid_token'],
  ])
})

describe('reasons are shown only where they may be', () => {
  const shown = async () => {
    const issuer = await start()
    const app = await serve(guarding(protecting(issuer).bearerAuth('jwt', { showErrorDetails: true })))
    const { body } = await app.ask(issuer.mint({ exp: undefined }))
    return JSON.parse(body).cause
  }

  test('L4: not in production, where that is said', async (t) => {
    const before = process.env['NODE_ENV']
    const warn = silence(t)
    try {
      process.env['NODE_ENV'] = 'production'
      assert.equal(await shown(), undefined)
    } finally {
      if (before === undefined) delete process.env['NODE_ENV']
      else process.env['NODE_ENV'] = before
    }
    assert.equal(warn.callCount(), 1)
    assert.deepEqual(await shown(), { reason: 'expiry_missing' })
    assert.equal(warn.callCount(), 1)
  })
})

describe('the resource', () => {
  test('is the audience in any of its spellings, where none is named', async () => {
    const issuer = await start()
    const written = 'https://MCP.example/mcp/'
    const mcpAuth = new MCPAuth({
      protectedResources: [
        { metadata: { resource: written, authorizationServers: [{ issuer: issuer.issuer, type: 'oidc' }] } },
        {
          metadata: {
            resource: 'https://mcp.example/',
            authorizationServers: [{ issuer: issuer.issuer, type: 'oidc' }],
          },
        },
      ],
    })
    const path = await serve(guarding(mcpAuth.bearerAuth('jwt', { resource: written })))
    for (const aud of [written, 'https://mcp.example/mcp/']) {
      assert.equal((await path.ask(issuer.mint({ aud }))).status, 200, aud)
    }
    for (const aud of ['https://mcp.example/mcp', 'https://mcp.example', 'https://mcp.example/mcp/x']) {
      assert.equal((await path.ask(issuer.mint({ aud }))).status, 401, aud)
    }
    const bare = await serve(guarding(mcpAuth.bearerAuth('jwt', { resource: 'https://mcp.example' })))
    for (const aud of ['https://mcp.example', 'https://mcp.example/']) {
      assert.equal((await bare.ask(issuer.mint({ aud }))).status, 200, aud)
    }
    assert.throws(() => mcpAuth.bearerAuth('jwt'), { code: 'invalid_server_config', message: /several/ })
  })

  test('gives way to audiences that are named', async () => {
    const issuer = await start()
    const mcpAuth = protecting(issuer)
    const one = await serve(guarding(mcpAuth.bearerAuth('jwt', { audience: ['api://a', 'api://b'] })))
    assert.equal((await one.ask(issuer.mint({ aud: 'api://b' }))).status, 200)
    assert.equal((await one.ask(issuer.mint())).status, 401)
    const both = await serve(
      guarding(mcpAuth.bearerAuth('jwt', { audience: 'api://a', jwtVerify: { audience: ['api://a', 'api://b'] } })),
    )
    assert.equal((await both.ask(issuer.mint({ aud: 'api://a' }))).status, 200)
    assert.equal((await both.ask(issuer.mint({ aud: 'api://b' }))).status, 401)
    const joses = await serve(guarding(mcpAuth.bearerAuth('jwt', { jwtVerify: { audience: 'api://c' } })))
    assert.equal((await joses.ask(issuer.mint({ aud: 'api://c' }))).status, 200)
    assert.equal((await joses.ask(issuer.mint())).status, 401)
  })

  test('holds what is told of the caller', async () => {
    const issuer = await start()
    const app = await serve(guarding(protecting(issuer).bearerAuth('jwt')))
    await app.ask(issuer.mint({ client_id: undefined, azp: 'app' }))
    assert.ok(isAuthInfo(app.auth) && Object.isFrozen(app.auth))
    const { issuer: iss, subject, clientId, scopes, audience, resource: url, claims } = app.auth
    assert.deepEqual([iss, subject, clientId, scopes], [issuer.issuer, 'user-1', 'app', ['read', 'write']])
    assert.deepEqual([audience, url.href, claims['azp']], [[resource], resource, 'app'])
  })
})

describe('the legacy mode', () => {
  const legacy = (issuer: FakeIssuer, events: EventInput[] = []) =>
    new MCPAuth({
      server: { issuer: issuer.issuer, type: 'oauth' },
      kit: { onEvent: (event) => void events.push(event) },
    })

  test('warns once where any audience will do, leaves an event, and tells tools of no resource', async (t) => {
    const warn = silence(t)
    const issuer = await start()
    const events: EventInput[] = []
    const mcpAuth = legacy(issuer, events)
    assert.equal(warn.callCount(), 0)
    const app = await serve(guarding(mcpAuth.bearerAuth('jwt', { requiredScopes })))
    mcpAuth.bearerAuth('jwt')
    mcpAuth.bearerAuth(() => undefined)
    assert.equal(warn.callCount(), 1)
    assert.match(String(warn.calls[0]?.arguments[0]), /audience.*protectedResources/)
    const loosened = {
      kind: 'service.state',
      outcome: 'ok',
      reason: 'setting_loosened',
      resource: 'urn:mcp-auth:server',
    }
    assert.deepEqual(events, [loosened, loosened, loosened])

    for (const aud of ['https://other.example', ['a', 'b'], undefined]) {
      assert.equal((await app.ask(issuer.mint({ aud }))).status, 200)
    }
    assert.ok(isAuthInfo(app.auth) && Object.isFrozen(app.auth))
    assert.equal('resource' in app.auth, false)
    assert.deepEqual(app.auth.audience, [])
    const { headers } = await app.ask()
    assert.equal(headers['www-authenticate'], 'Bearer realm="MCP server", scope="read write"')
    assert.equal((await app.ask(issuer.mint({ aud: { x: 1 } }))).status, 401)
  })

  test('checks the audience, or the resource, where one is named, and is quiet', async (t) => {
    const warn = silence(t)
    const issuer = await start()
    const events: EventInput[] = []
    const mcpAuth = legacy(issuer, events)
    const byAudience = await serve(guarding(mcpAuth.bearerAuth('jwt', { audience: resource })))
    const byName = await serve(guarding(mcpAuth.bearerAuth('jwt', { audience: 'my-api' })))
    const byResource = await serve(guarding(mcpAuth.bearerAuth('jwt', { resource })))
    assert.deepEqual([warn.callCount(), events], [0, []])
    assert.equal((await byName.ask(issuer.mint({ aud: 'my-api' }))).status, 200)
    assert.equal((await byName.ask(issuer.mint())).status, 401)
    for (const app of [byAudience, byResource]) {
      assert.equal((await app.ask(issuer.mint())).status, 200)
      assert.equal((await app.ask(issuer.mint({ aud: 'my-api' }))).status, 401)
      assert.ok(isAuthInfo(app.auth))
      assert.equal(app.auth.resource.href, resource)
    }
    // Only who names the resource says that its metadata is to be found.
    assert.equal((await byAudience.ask()).headers['www-authenticate'], `Bearer realm="${resource}"`)
    assert.equal((await byResource.ask()).headers['www-authenticate'], `Bearer resource_metadata="${metadataUrl}"`)
  })
})

describe('keys', () => {
  /** Serves an issuer's keys, and takes down what asked for them. */
  async function keysOf(issuer: FakeIssuer): Promise<{ jwksUri: string; asked: IncomingHttpHeaders[] }> {
    const asked: IncomingHttpHeaders[] = []
    const server = createServer((req, res) => {
      asked.push(req.headers)
      fetch(issuer.jwksUri)
        .then((answer) => answer.text())
        .then(
          (text) => res.end(text),
          () => res.destroy(),
        )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    opened.push(() => server.close())
    return { jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`, asked }
  }

  test('E17 the timeout of remoteJwtSet counts', async () => {
    const issuer = await start()
    const { promise, resolve } = Promise.withResolvers<void>()
    issuer.fail('jwks', { hold: promise })
    const app = await serve(guarding(protecting(issuer).bearerAuth('jwt', { remoteJwtSet: { timeoutDuration: 20 } })))
    try {
      expectRefusal(await app.ask(issuer.mint()), 'UN', { metadataUrl })
    } finally {
      resolve()
    }
  })

  test('E15 each route has its own options, and headers go to the keys alone', async () => {
    const issuer = await start()
    const { jwksUri, asked } = await keysOf(issuer)
    const discovered: IncomingHttpHeaders[] = []
    const fetches: typeof fetch = async (target, init) => {
      if (String(target).includes('.well-known')) discovered.push(Object.fromEntries(new Headers(init?.headers)))
      return fetch(target, init)
    }
    issuer.fail('metadata', { body: { issuer: issuer.issuer, jwks_uri: jwksUri } })
    const mcpAuth = protecting(issuer, { kit: { fetch: fetches } })
    for (const name of ['first', 'second']) {
      const app = await serve(guarding(mcpAuth.bearerAuth('jwt', { remoteJwkSet: { headers: { 'x-route': name } } })))
      assert.equal((await app.ask(issuer.mint())).status, 200)
    }
    assert.deepEqual(
      asked.map((headers) => headers['x-route']),
      ['first', 'second'],
    )
    assert.deepEqual(
      discovered.map((headers) => headers['x-route']),
      [undefined, undefined],
    )
  })

  test('maxTokenAge counts for tokens that passed before, too', async () => {
    const clock = createTestClock()
    const issuer = await createFakeIssuer({ audience: resource, clock })
    opened.push(() => issuer.close())
    const app = await serve(
      guarding(protecting(issuer, { kit: { clock } }).bearerAuth('jwt', { jwtVerify: { maxTokenAge: 60 } })),
    )
    const token = issuer.mint()
    assert.equal((await app.ask(token)).status, 200)
    clock.advance(66_000)
    expectRefusal(await app.ask(token), 'IT', { metadataUrl })
    expectRefusal(await app.ask(issuer.mint({ iat: undefined })), 'IT', { metadataUrl })
  })

  test('jwtVerify.issuer narrows the servers down', async () => {
    const [one, other] = [await start(), await start()]
    const authorizationServers = [one, other].map(({ issuer }) => ({ issuer, type: 'oidc' as const }))
    const mcpAuth = new MCPAuth({ protectedResources: { metadata: { resource, authorizationServers } } })
    const all = await serve(guarding(mcpAuth.bearerAuth('jwt')))
    const narrow = await serve(guarding(mcpAuth.bearerAuth('jwt', { jwtVerify: { issuer: [one.issuer] } })))
    for (const issuer of [one, other]) assert.equal((await all.ask(issuer.mint())).status, 200)
    assert.equal((await narrow.ask(one.mint())).status, 200)
    assert.equal((await narrow.ask(other.mint())).status, 401)
  })

  test('E1 metadata of another issuer is never used', async () => {
    const [issuer, evil] = [await start(), await start()]
    issuer.fail('metadata', { body: { issuer: evil.issuer, jwks_uri: evil.jwksUri } })
    const app = await serve(guarding(protecting(issuer).bearerAuth('jwt')))
    expectRefusal(await app.ask(evil.mint({ iss: issuer.issuer })), 'UN', { metadataUrl })
    assert.equal(evil.fetches.jwks, 0)
  })
})

describe("a verifier of one's own", () => {
  const expiresAt = Date.now() / 1000 + 300

  test('says who the caller is; what AuthInfo does not know is in extra', async () => {
    const issuer = await start()
    const info = {
      token: 'x',
      clientId: 'c',
      scopes: ['read'],
      subject: 's',
      expiresAt,
      role: 'admin',
      extra: { a: 1 },
    }
    const app = await serve(guarding(protecting(issuer).bearerAuth(() => info)))
    assert.equal((await app.ask('opaque')).status, 200)
    assert.ok(isAuthInfo(app.auth))
    const { kind, token, issuer: iss, audience, extra, scopes } = app.auth
    assert.deepEqual([kind, token, iss, audience], ['custom', 'opaque', issuer.issuer, [resource]])
    assert.deepEqual([extra, scopes], [{ role: 'admin', a: 1 }, ['read']])
    info.scopes.push('write')
    assert.deepEqual(app.auth.scopes, ['read'])
  })

  test('sees JWTs too, and every token anew', async () => {
    const issuer = await start()
    const tokens: string[] = []
    const verify = (token: string) => {
      tokens.push(token)
      return { expiresAt, audience: [resource, 'x'] }
    }
    const app = await serve(guarding(protecting(issuer).bearerAuth(verify)))
    const token = issuer.mint()
    for (let times = 0; times < 2; times += 1) assert.equal((await app.ask(token)).status, 200)
    assert.deepEqual([tokens, issuer.fetches.metadata, issuer.fetches.jwks], [[token, token], 0, 0])
  })

  test('must name the audience that the route asks for, and may not name another resource', async () => {
    const issuer = await start()
    const mcpAuth = protecting(issuer)
    const saying = (audience: string | undefined) => () => ({ expiresAt, audience })
    for (const [audience, named, status] of [
      [undefined, undefined, 200],
      [undefined, 'https://other.example', 401],
      ['api://a', 'api://a', 200],
      ['api://a', resource, 401],
      ['api://a', undefined, 401],
    ] as const) {
      const route = audience === undefined ? {} : { audience }
      const app = await serve(guarding(mcpAuth.bearerAuth(saying(named), route)))
      assert.equal((await app.ask('opaque')).status, status, `${audience} ${named}`)
    }
  })

  test('may say that a token has no end where the option lets it', async () => {
    const issuer = await start()
    const mcpAuth = protecting(issuer)
    const strict = await serve(guarding(mcpAuth.bearerAuth(() => ({ subject: 's' }))))
    expectRefusal(await strict.ask('opaque'), 'IT', { metadataUrl })
    const events: EventInput[] = []
    const told = protecting(issuer, { kit: { onEvent: (event) => void events.push(event) } })
    const lax = await serve(guarding(told.bearerAuth(() => ({ subject: 's' }), { allowNonExpiring: true })))
    assert.equal((await lax.ask('opaque')).status, 200)
    assert.deepEqual(
      events.map(({ reason }) => reason),
      ['setting_loosened', 'ok'],
    )
  })

  test('is one of several ways: API keys of the kit', async () => {
    const issuer = await start()
    const key = generateApiKey()
    const kit = { apiKeys: [{ id: 'a', name: 'A', hash: await hashApiKey(key) }] }
    const app = await serve(guarding(protecting(issuer, { kit }).bearerAuth(() => undefined)))
    assert.equal((await app.ask(key)).status, 200)
    assert.ok(isAuthInfo(app.auth) && app.auth.kind === 'api-key')
    assert.equal((await app.ask(generateApiKey())).status, 401)
  })

  test('in handleBearerAuth: an issuer, or a function that judges it', async () => {
    const verifyAccessToken = (token: string) => ({
      issuer: token === 'none' ? undefined : `https://${token}.example`,
      expiresAt,
    })
    const issuer = (name: string) => {
      if (name !== 'https://good.example') throw new MCPAuthBearerAuthError('invalid_issuer')
    }
    const judged = await serve(guarding(handleBearerAuth({ verifyAccessToken, issuer, resource })))
    const named = await serve(
      guarding(handleBearerAuth({ verifyAccessToken, issuer: 'https://good.example', resource })),
    )
    for (const app of [judged, named]) {
      assert.equal((await app.ask('good')).status, 200)
      expectRefusal(await app.ask('evil'), 'IT', { metadataUrl })
    }
    expectRefusal(await judged.ask('none'), 'IT', { metadataUrl })
    assert.equal((await named.ask('none')).status, 200)
    const coded = await serve(guarding(handleBearerAuth({ verifyAccessToken, issuer, errorFormat: 'mcp-auth' })))
    assert.equal(JSON.parse((await coded.ask('evil')).body).error, 'invalid_issuer')
  })
})

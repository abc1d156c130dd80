import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type RestAnswer, restOf } from '../testing/rest.ts'
import { type Gateway, startGateway } from '../testing/start-gateway.ts'

const builtin = { type: 'builtin' }
const good = { name: 'tools', path: '/free', backend: builtin }

describe('management requests that are refused', () => {
  let gateway: Gateway
  let call: ReturnType<typeof restOf>
  let id: string

  before(async () => {
    gateway = await startGateway()
    call = restOf(gateway)
    const jwt = { type: 'CustomJWT', discoveryUrl: 'https://idp.example/.well-known/openid-configuration' } as const
    const service = await gateway.createService({
      id: 'taken',
      name: 'taken',
      path: '/Taken/mcp',
      backend: { type: 'builtin' },
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'first' }] }, jwt],
      rootMetadata: true,
    })
    id = service.id
  })
  after(() => gateway.close())

  const everything = async () => JSON.stringify((await call('GET', '/mcp-services?limit=100')).body)

  async function refused(asking: () => Promise<RestAnswer>, status: number, code: string): Promise<RestAnswer> {
    const before = await everything()
    const answer = await asking()
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    assert.equal(answer.headers.get('content-type'), 'application/problem+json')
    assert.equal(answer.body.status, status)
    assert.equal(answer.body.code, code)
    assert.ok(answer.body.requestId)
    assert.equal(await everything(), before, 'something changed')
    return answer
  }

  const fields: [what: string, body: unknown, field: string, message: RegExp][] = [
    ['an unknown field', { ...good, nmae: 'x' }, 'nmae', /did you mean .?name/i],
    ['no name', { path: '/free', backend: builtin }, 'name', /required/],
    ['a name of 10 kB', { ...good, name: 'x'.repeat(10_000) }, 'name', /shorten/],
    ['a path without a slash', { ...good, path: 'mcp' }, 'path', /such as \/mcp/],
    ['a path with a slash at its end', { ...good, path: '/mcp/' }, 'path', /no "\/" at its end/],
    ['the bare root as path', { ...good, path: '/' }, 'path', /such as \/mcp/],
    ['a percent-encoded path', { ...good, path: '/m%63p' }, 'path', /letters, digits/],
    ['a path with dot segments', { ...good, path: '/a/../api' }, 'path', /segments/],
    ['a path with an empty segment', { ...good, path: '//mcp' }, 'path', /such as/],
    ['a path with a query', { ...good, path: '/mcp?x=1' }, 'path', /such as/],
    [
      'an unknown backend',
      { ...good, backend: { type: 'docker' } },
      'backend.type',
      /one of stdio, http, openapi, builtin/,
    ],
    [
      'an http backend on a public host without TLS',
      { ...good, backend: { type: 'http', url: 'http://example.com/mcp' } },
      'backend.url',
      /use https/,
    ],
    [
      'a mask that stands for nothing',
      { ...good, backend: { type: 'stdio', command: 'x', env: { TOKEN: '***' } } },
      'backend.env.TOKEN',
      /write the value/,
    ],
    [
      'a masked header of no service',
      { ...good, backend: { type: 'http', url: 'https://example.com', headers: { 'X-Key': '***' } } },
      'backend.headers.X-Key',
      /write the value/,
    ],
    ['no authorizer at all', { ...good, authorizers: [] }, 'authorizers', /at least 1/],
    ['an authorizer "none"', { ...good, authorizers: [{ type: 'none' }] }, 'authorizers[0].type', /ApiKey, CustomJWT/],
    [
      'a discovery URL that is no metadata',
      { ...good, authorizers: [{ type: 'CustomJWT', discoveryUrl: 'https://idp.example/' }] },
      'authorizers[0].discoveryUrl',
      /\.well-known/,
    ],
    [
      'a discovery URL on a public host without TLS',
      {
        ...good,
        authorizers: [{ type: 'CustomJWT', discoveryUrl: 'http://idp.example/.well-known/openid-configuration' }],
      },
      'authorizers[0].discoveryUrl',
      /use https/,
    ],
    [
      'a discovery URL of our provider that names no pool',
      {
        ...good,
        authorizers: [{ type: 'CustomJWT', discoveryUrl: 'http://localhost:4700/.well-known/openid-configuration' }],
      },
      'authorizers[0].discoveryUrl',
      /write http:\/\/localhost:4700\/pools\/<id>/,
    ],
    [
      'a scope with a space',
      {
        ...good,
        authorizers: [
          {
            type: 'CustomJWT',
            discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
            requiredScopes: ['a b'],
          },
        ],
      },
      'authorizers[0].requiredScopes[0]',
      /one scope/,
    ],
    [
      'a key with a value of its own',
      { ...good, authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'x', key: `pst_${'A'.repeat(43)}` }] }] },
      'authorizers[0].apiKeys[0].key',
      /made by Postern/,
    ],
    [
      'a key that has expired already',
      { ...good, authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'x', expiresAt: '2020-01-01T00:00:00Z' }] }] },
      'authorizers[0].apiKeys[0].expiresAt',
      /has passed/,
    ],
    [
      'two authorizers of a type',
      { ...good, authorizers: [{ type: 'ApiKey' }, { type: 'ApiKey' }] },
      'authorizers[1].type',
      /one of each type/,
    ],
    [
      'two keys of a name',
      { ...good, authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'a' }, { name: 'a' }] }] },
      'authorizers[0].apiKeys[1].name',
      /give each its own/,
    ],
    ['an unknown isolation', { ...good, isolation: 'none' }, 'isolation', /one of caller, shared/],
  ]
  for (const [what, body, field, message] of fields) {
    test(`a service with ${what}: 400`, async () => {
      const { body: problem } = await refused(() => call('POST', '/mcp-services', body), 400, 'invalid_request')
      const fault = problem.errors.find((one: { field: string }) => one.field === field)
      assert.ok(fault, JSON.stringify(problem.errors))
      assert.match(fault.message, message)
    })
  }

  for (const path of [
    '/api',
    '/api/mcp',
    '/services/x',
    '/.well-known/x',
    '/healthz',
    '/readyz',
    '/metrics',
    '/API/x',
  ]) {
    test(`a service at the reserved path ${path}: 400`, async () => {
      await refused(() => call('POST', '/mcp-services', { ...good, path }), 400, 'invalid_request')
    })
  }

  const conflicts: [what: string, body: unknown, code: string, field: string][] = [
    ['an id that is taken', { ...good, id: 'taken' }, 'duplicate', 'id'],
    ['a path that is taken', { ...good, path: '/Taken/mcp' }, 'duplicate', 'path'],
    ['a path that differs in case alone', { ...good, path: '/taken/MCP' }, 'duplicate', 'path'],
    ["the root's metadata, which is taken", { ...good, rootMetadata: true }, 'duplicate', 'rootMetadata'],
    [
      'a sixth client',
      {
        ...good,
        authorizers: [
          {
            type: 'CustomJWT',
            discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
            allowedClients: ['a', 'b', 'c', 'd', 'e', 'f'],
          },
        ],
      },
      'limit',
      'authorizers[0].allowedClients',
    ],
    [
      '26 keys',
      {
        ...good,
        authorizers: [{ type: 'ApiKey', apiKeys: Array.from({ length: 26 }, (_, n) => ({ name: `k${n}` })) }],
      },
      'limit',
      'authorizers[0].apiKeys',
    ],
  ]
  for (const [what, body, code, field] of conflicts) {
    test(`a service with ${what}: 409`, async () => {
      const { body: problem } = await refused(() => call('POST', '/mcp-services', body), 409, code)
      if (field !== '') assert.equal(problem.errors[0].field, field)
    })
  }

  const patches: [what: string, body: unknown, status: number, code: string, field: string][] = [
    ['its path', { path: '/other' }, 409, 'immutable', 'path'],
    ['its id', { id: 'other' }, 409, 'immutable', 'id'],
    ['its status', { status: 'Ready' }, 400, 'invalid_request', 'status'],
    ['its authorizers to none', { authorizers: [] }, 400, 'invalid_request', 'authorizers'],
    [
      'its keys',
      { authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'x' }] }] },
      400,
      'invalid_request',
      'authorizers[0].apiKeys',
    ],
    [
      'its env to a mask that stands for nothing',
      { backend: { type: 'stdio', command: 'x', env: { A: '***' } } },
      400,
      'invalid_request',
      'backend.env.A',
    ],
  ]
  for (const [what, body, status, code, field] of patches) {
    test(`a PATCH of ${what}: ${status}`, async () => {
      const { body: problem } = await refused(() => call('PATCH', `/mcp-services/${id}`, body), status, code)
      assert.equal(problem.errors[0].field, field)
    })
  }

  test('what does not exist: 404', async () => {
    const key = { name: 'x' }
    for (const [method, path, body] of [
      ['GET', '/mcp-services/nobody', undefined],
      ['PATCH', '/mcp-services/nobody', { name: 'x' }],
      ['DELETE', '/mcp-services/nobody', undefined],
      ['GET', '/mcp-services/nobody/api-keys', undefined],
      ['POST', '/mcp-services/nobody/api-keys', key],
      ['DELETE', '/mcp-services/nobody/api-keys/x', undefined],
      ['GET', `/mcp-services/${id}/api-keys/nobody`, undefined],
      ['DELETE', `/mcp-services/${id}/api-keys/nobody`, undefined],
      ['GET', '/mcp-toolsets/nobody', undefined],
      ['GET', '/mcp-nothings', undefined],
    ] as const) {
      await refused(() => call(method, path, body), 404, 'not_found')
    }
  })

  test('the admin token is asked for, on every path of the API', async () => {
    for (const adminToken of ['', 'wrong-token-wrong-token']) {
      const stranger = restOf({ url: gateway.url, adminToken })
      for (const [method, path, body] of [
        ['GET', '/mcp-services', undefined],
        ['POST', '/mcp-services', good],
        ['DELETE', `/mcp-services/${id}`, undefined],
        ['GET', '/mcp-toolsets', undefined],
        ['GET', '/seed', undefined],
        ['POST', '/seed', { version: 1 }],
        ['GET', '/events', undefined],
      ] as const) {
        const answer = await refused(() => stranger(method, path, body), 401, 'unauthorized')
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /)
      }
    }
  })

  test('cursors and limits that are none of ours: 400', async () => {
    await refused(() => call('GET', '/mcp-services?cursor=AAAA'), 400, 'invalid_cursor')
    await refused(() => call('GET', '/mcp-services?limit=101'), 400, 'invalid_request')
    await refused(() => call('GET', `/mcp-services/${id}/api-keys?limit=0`), 400, 'invalid_request')
  })

  test('a key for a service: each mistake of it', async () => {
    const path = `/mcp-services/${id}/api-keys`
    await refused(() => call('POST', path, { name: 'first' }), 409, 'duplicate')
    await refused(() => call('POST', path, { name: 'x', key: `pst_${'A'.repeat(43)}` }), 400, 'invalid_request')
    await refused(() => call('POST', path, { name: 'x', expiresAt: 'tomorrow' }), 400, 'invalid_request')
    await refused(() => call('POST', path, { name: 'x', expiresAt: '2020-01-01T00:00:00Z' }), 400, 'invalid_request')
    await refused(() => call('POST', path, { name: 'x', scopes: ['a b'] }), 400, 'invalid_request')
    await refused(() => call('POST', path, {}), 400, 'invalid_request')
  })

  test('a key for a service that takes none: 409, and the mend', async () => {
    const jwt = { type: 'CustomJWT', discoveryUrl: 'https://idp.example/.well-known/openid-configuration' } as const
    await gateway.createService({
      id: 'keyless',
      name: 'k',
      path: '/keyless',
      backend: { type: 'builtin' },
      authorizers: [jwt],
    })
    const { body } = await refused(() => call('POST', '/mcp-services/keyless/api-keys', { name: 'x' }), 409, 'conflict')
    assert.match(body.detail, /add \{"type": "ApiKey"\}/)
  })

  test('a body that is no JSON, or too large', async () => {
    const send = (headers: Record<string, string>, body: string) =>
      fetch(`${gateway.url}/api/v1/mcp-services`, {
        method: 'POST',
        headers: { authorization: `Bearer ${gateway.adminToken}`, ...headers },
        body,
      })
    assert.equal((await send({ 'content-type': 'text/plain' }, '{}')).status, 415)
    assert.equal((await send({ 'content-type': 'application/json' }, '{')).status, 400)
    const large = JSON.stringify({ ...good, name: 'x'.repeat(2 * 1024 * 1024) })
    assert.equal((await send({ 'content-type': 'application/json' }, large)).status, 413)
  })
})

test('the 26th key of a service: 409, and it is not there', async () => {
  await using gateway = await startGateway()
  const call = restOf(gateway)
  const apiKeys = Array.from({ length: 25 }, (_, n) => ({ name: `key ${n}` }))
  const { id } = await gateway.createService({
    name: 'full',
    path: '/full',
    backend: { type: 'builtin' },
    authorizers: [{ type: 'ApiKey', apiKeys }],
  })
  const answer = await call('POST', `/mcp-services/${id}/api-keys`, { name: 'one more' })
  assert.equal(answer.status, 409)
  assert.equal(answer.body.code, 'limit')
  const { body } = await call('GET', `/mcp-services/${id}/api-keys?limit=100`)
  assert.equal(body.items.length, 25)
  assert.equal((await call('DELETE', `/mcp-services/${id}/api-keys/${body.items[0].id}`)).status, 204)
  assert.equal((await call('POST', `/mcp-services/${id}/api-keys`, { name: 'one more' })).status, 201)
})

test('POSTERN_MAX_ALLOWED_CLIENTS sets how many clients can be named', async () => {
  await using gateway = await startGateway({ env: { POSTERN_MAX_ALLOWED_CLIENTS: '1' } })
  const call = restOf(gateway)
  const discoveryUrl = 'https://idp.example/.well-known/openid-configuration'
  const named = (...allowedClients: string[]) => ({
    ...good,
    authorizers: [{ type: 'CustomJWT', discoveryUrl, allowedClients }],
  })
  const refused = await call('POST', '/mcp-services', named('a', 'b'))
  assert.equal(refused.status, 409)
  assert.match(refused.body.detail, /POSTERN_MAX_ALLOWED_CLIENTS/)
  assert.equal((await call('POST', '/mcp-services', named('a'))).status, 201)
})

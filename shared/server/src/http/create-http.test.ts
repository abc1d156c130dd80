import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { EventInput } from '@postern/core'
import { z } from 'zod'
import { clientCreate } from '../contract/client.ts'
import { listQuery, listReply } from '../contract/list.ts'
import { immutable } from '../contract/scalars.ts'
import { strict } from '../contract/validate.ts'
import { limits } from '../limits.ts'
import { startHttp, type TestHttp } from '../testing/http-server.ts'
import { fieldProblem, problem } from './problem.ts'
import { route } from './route.ts'

const reached: unknown[] = []
const item = strict({
  name: z.string().max(10),
  tags: z.array(z.string()).exactOptional(),
  fixed: immutable('make another'),
})

const routes = [
  route({
    method: 'POST',
    path: '/items',
    summary: 'Makes an item',
    tag: 'Items',
    body: item,
    reply: { status: 201, schema: z.object({ name: z.string() }).meta({ id: 'Item' }) },
    handler: ({ body }) => {
      reached.push(body)
      return { body, headers: { location: `/api/v1/items/${body.name}` } }
    },
  }),
  route({
    method: 'GET',
    path: '/items',
    summary: 'Lists items',
    query: listQuery,
    reply: { status: 200, schema: listReply(z.object({ name: z.string() })) },
    handler: ({ query }) => ({ body: { items: [query], nextCursor: null } }),
  }),
  route({
    method: 'GET',
    path: '/items/:name',
    summary: 'Shows an item',
    reply: { status: 200 },
    handler: ({ params, requestId, header }) => ({ body: { ...params, requestId, own: header('x-own') ?? null } }),
  }),
  route({
    method: 'DELETE',
    path: '/items/:name',
    summary: 'Deletes an item',
    reply: { status: 204 },
    handler: ({ params }) => (params.name === 'missing' ? problem(404, 'not_found', 'there is no such item') : {}),
  }),
  route({
    method: 'POST',
    path: '/clients',
    summary: 'Checks a client',
    body: clientCreate,
    reply: { status: 201 },
    handler: ({ body }) => ({ body }),
  }),
  route({
    method: 'GET',
    path: '/broken',
    summary: 'Breaks',
    reply: { status: 200 },
    handler: () => {
      throw new Error('secret detail: pst_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')
    },
  }),
  route({
    method: 'GET',
    path: '/taken',
    summary: 'Is taken',
    reply: { status: 200 },
    handler: () => fieldProblem([{ field: 'name', code: 'duplicate', message: 'is taken; choose another' }]),
  }),
]

interface Document {
  status?: number
  title?: string
  code?: string
  detail?: string
  requestId?: string
  errors?: { field: string; code: string; message: string }[]
}

async function document(response: Response): Promise<Document> {
  assert.equal(response.headers.get('content-type'), 'application/problem+json')
  const body = (await response.json()) as Document
  assert.equal(body.status, response.status)
  assert.equal(body.requestId, response.headers.get('x-request-id'))
  assert.equal(response.headers.get('cache-control'), 'no-store')
  return body
}

describe('the management API', () => {
  let server: TestHttp
  const events: EventInput[] = []
  before(async () => {
    server = await startHttp({ routes, record: (event) => events.push(event) })
  })
  after(() => server.close())
  const post = (body: string, headers: Record<string, string> = {}) =>
    server.call('/api/v1/items', { method: 'POST', body, headers })

  test('a good request', async () => {
    const response = await post('{"name":"a"}')
    assert.equal(response.status, 201)
    assert.equal(response.headers.get('location'), '/api/v1/items/a')
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.deepEqual(await response.json(), { name: 'a' })
  })

  test('a query with defaults, a path with escapes, an answer without a body', async () => {
    assert.deepEqual(await (await server.call('/api/v1/items?limit=7')).json(), {
      items: [{ limit: 7 }],
      nextCursor: null,
    })
    const shown = await server.call('/api/v1/items/a%20%2Fb', { headers: { 'x-own': 'y', 'x-request-id': 'mine-1' } })
    assert.deepEqual(await shown.json(), { name: 'a /b', requestId: 'mine-1', own: 'y' })
    const deleted = await server.call('/api/v1/items/a', { method: 'DELETE' })
    assert.equal(deleted.status, 204)
    assert.equal(await deleted.text(), '')
  })

  test('HEAD answers as GET, without the body', async () => {
    const response = await server.call('/api/v1/items', { method: 'HEAD' })
    assert.equal(response.status, 200)
    assert.equal(await response.text(), '')
  })

  test('no or a wrong admin token', async () => {
    const count = reached.length
    events.length = 0
    for (const [authorization, challenge] of [
      [undefined, 'Bearer realm="postern"'],
      ['Basic YTpi', 'Bearer realm="postern"'],
      ['Bearer', 'Bearer realm="postern"'],
      ['Bearer wrong', 'Bearer realm="postern", error="invalid_token"'],
      [`Bearer ${server.adminToken}x`, 'Bearer realm="postern", error="invalid_token"'],
      [`Bearer ${server.adminToken.slice(0, -1)}`, 'Bearer realm="postern", error="invalid_token"'],
      [`Bearer ${server.adminToken} x`, 'Bearer realm="postern"'],
    ] as const) {
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        ...(authorization ? { authorization } : {}),
      }
      const response = await fetch(`${server.url}/api/v1/items`, { method: 'POST', headers, body: '{"name":"a"}' })
      assert.equal(response.status, 401, authorization)
      assert.equal(response.headers.get('www-authenticate'), challenge, authorization)
      const body = await document(response)
      assert.equal(body.code, 'unauthorized')
      assert.ok(!JSON.stringify(body).includes('wrong '), 'the token is not in the answer')
    }
    assert.equal(reached.length, count)
    assert.deepEqual([events.length, events[0]?.reason, events[0]?.status], [7, 'admin_unauthorized', 401])
    assert.match(await (await fetch(`${server.url}/metrics`)).text(), /postern_admin_refused_total\{server="idp"\} 7/)
  })

  test('without a token nobody learns which paths there are', async () => {
    for (const path of ['/api/v1/nowhere', '/api/v1/items/x', '/api/v1', '/api/v1/']) {
      assert.equal((await fetch(server.url + path)).status, 401)
    }
  })

  test('unknown paths', async () => {
    for (const path of [
      '/',
      '/api/v1/nowhere',
      '/api/v1',
      '/api/v1/items/',
      '/api/v1/items/a/b',
      '/api/v2/items',
      '/API/v1/items',
      `/api/v1/items/${'x'.repeat(600)}`,
      '/api/v1/items/%ff',
    ]) {
      const response = await server.call(path)
      assert.equal(response.status, 404, path)
      assert.equal((await document(response)).code, 'not_found')
    }
  })

  test('other methods', async () => {
    for (const [path, method, allow] of [
      ['/api/v1/items', 'PUT', 'GET, HEAD, POST'],
      ['/api/v1/items', 'OPTIONS', 'GET, HEAD, POST'],
      ['/api/v1/items/a', 'PATCH', 'DELETE, GET, HEAD'],
      ['/healthz', 'POST', 'GET, HEAD'],
      ['/readyz', 'DELETE', 'GET, HEAD'],
      ['/metrics', 'POST', 'GET, HEAD'],
      ['/api/v1/openapi.json', 'POST', 'GET, HEAD'],
    ] as const) {
      const response = await server.call(path, { method })
      assert.equal(response.status, 405, path)
      assert.equal(response.headers.get('allow'), allow)
      assert.equal((await document(response)).code, 'method_not_allowed')
    }
  })

  test('bodies that are no JSON', async () => {
    const count = reached.length
    for (const [type, body] of [
      ['text/plain', '{"name":"a"}'],
      ['application/x-www-form-urlencoded', 'name=a'],
      ['application/json; charset=iso-8859-1', '{"name":"a"}'],
      ['application/jsonp', '{}'],
    ] as const) {
      const response = await post(body, { 'content-type': type })
      assert.equal(response.status, 415, type)
      assert.equal((await document(response)).code, 'unsupported_media_type')
    }
    const encoded = await post('{"name":"a"}', { 'content-encoding': 'gzip' })
    assert.equal(encoded.status, 415)
    assert.match((await document(encoded)).detail ?? '', /without Content-Encoding/)
    assert.equal(reached.length, count)
    for (const type of ['application/json;charset=UTF-8', 'application/merge-patch+json', 'APPLICATION/JSON']) {
      assert.equal((await post('{"name":"a"}', { 'content-type': type })).status, 201, type)
    }
  })

  test('JSON that is malformed', async () => {
    for (const [body, expected] of [
      ['{"name":', /the text is not JSON \(line 1, column 9\)/],
      ['{\n  "name": "a",\n}', /line 3, column 1/],
      ['{"name":"a"} x', /line 1, column 14/],
      ['nope', /line 1, column 2/],
      ['{"name":"a","name":"b"}', /a member occurs twice/],
      [`${'['.repeat(100)}${']'.repeat(100)}`, /nested too deeply/],
      ['\ufeff{}', /not JSON/],
    ] as const) {
      const response = await post(body)
      assert.equal(response.status, 400, body)
      const { code, detail } = await document(response)
      assert.equal(code, 'malformed_json')
      assert.match(detail ?? '', expected, body)
    }
    const binary = await server.call('/api/v1/items', {
      method: 'POST',
      body: new Uint8Array([0x22, 0xff, 0x22]),
      headers: { 'content-type': 'application/json' },
    })
    assert.match((await document(binary)).detail ?? '', /not in UTF-8/)
  })

  test('no body is an empty object', async () => {
    const response = await server.call('/api/v1/items', { method: 'POST' })
    assert.equal(response.status, 400)
    assert.deepEqual((await document(response)).errors, [{ field: 'name', code: 'required', message: 'is required' }])
  })

  test('fields that are wrong', async () => {
    const response = await post('{"nmae":"a","tags":"x","name":"aaaaaaaaaaaaa"}')
    assert.equal(response.status, 400)
    const body = await document(response)
    assert.equal(body.title, 'Bad Request')
    assert.equal(body.code, 'invalid_request')
    assert.equal(body.detail, 'name: has more than 10 characters; shorten it (and 2 more, see errors)')
    assert.deepEqual(
      body.errors?.map(({ field, code }) => [field, code]),
      [
        ['name', 'too_long'],
        ['tags', 'invalid'],
        ['nmae', 'unknown_field'],
      ],
    )
    const client = await server.call('/api/v1/clients', {
      method: 'POST',
      body: '{"name":"a","clientType":"MACHINE_TO_MACHINE","redirectUris":["https://a.example"]}',
    })
    assert.equal(
      (await document(client)).detail,
      'redirectUris[0]: a machine client has no redirects; remove redirectUris or use clientType WEB_APPLICATION',
    )
  })

  test('what cannot change or is taken is a conflict', async () => {
    const response = await post('{"name":"a","fixed":1}')
    assert.equal(response.status, 409)
    assert.equal((await document(response)).code, 'immutable')
    const taken = await server.call('/api/v1/taken')
    assert.equal(taken.status, 409)
    assert.equal((await document(taken)).code, 'duplicate')
    const both = await post('{"fixed":1}')
    assert.equal(both.status, 400, 'a field that is wrong weighs more')
  })

  test('queries that are wrong', async () => {
    for (const [query, field] of [
      ['limit=0', 'limit'],
      ['limit=10&limit=20', 'limit'],
      ['page=2', 'page'],
      ['__proto__=1', '__proto__'],
    ]) {
      const response = await server.call(`/api/v1/items?${query}`)
      assert.equal(response.status, 400, query)
      assert.equal((await document(response)).errors?.[0]?.field, field)
    }
    assert.equal((await server.call('/api/v1/items/a?x=1')).status, 400)
    assert.equal((await server.call(`/api/v1/items?cursor=${'x'.repeat(5_000)}`)).status, 400)
  })

  test('a body that is too large', async () => {
    const count = reached.length
    const large = JSON.stringify({ name: 'x'.repeat(2 * limits.bodyBytes) })
    const response = await post(large)
    assert.equal(response.status, 413)
    assert.equal(response.headers.get('connection'), 'close')
    assert.equal((await document(response)).code, 'payload_too_large')
    assert.equal(reached.length, count)
  })

  test('a body that is too large and does not say so', async () => {
    const url = new URL(`${server.url}/api/v1/items`)
    const sent = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const req = request(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' },
      })
      req.on('response', async (response) => resolve({ status: response.statusCode, body: await text(response) }))
      req.on('error', reject)
      const chunk = ' '.repeat(64 * 1024)
      const write = () => {
        if (!req.destroyed && !req.writableEnded && req.write(chunk)) setImmediate(write)
        else req.once('drain', write)
      }
      write()
    })
    assert.equal(sent.status, 413)
    assert.match(sent.body, /payload_too_large/)
  })

  test('a body that ends early', async () => {
    const count = reached.length
    const { port } = new URL(server.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(
      `POST /api/v1/items HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.adminToken}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name"`,
    )
    await setTimeout(20)
    socket.destroy()
    await setTimeout(20)
    assert.equal(reached.length, count)
  })

  test('what fails unexpectedly says nothing but the request id, and the log has the rest', async () => {
    const response = await server.call('/api/v1/broken')
    assert.equal(response.status, 500)
    const body = await document(response)
    assert.equal(body.code, 'internal_error')
    assert.ok(!JSON.stringify(body).includes('secret detail'))
    const line = server.lines().find(({ msg }) => msg === 'a request failed unexpectedly')
    assert.equal(line?.['requestId'], body.requestId)
    assert.match(JSON.stringify(line), /create-http\.test\.ts/)
    assert.ok(!server.text().includes('pst_aaaa'))
  })

  test('odd request targets', async () => {
    const { port } = new URL(server.url)
    const send = async (line: string) => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.write(`${line} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`)
      return text(socket)
    }
    assert.match(await send('GET http://evil.example/healthz'), /^HTTP\/1\.1 200 /)
    for (const target of [
      'OPTIONS *',
      'GET //healthz',
      'GET /%',
      'GET /healthz/',
      'GET http://',
      'GET /../healthz',
      'GET /healthz%00',
    ]) {
      const answer = await send(target)
      assert.match(answer, /^HTTP\/1\.1 404 /, target)
      assert.ok(!answer.includes('evil'), target)
    }
  })

  test('request ids are taken when they are sane', async () => {
    const id = async (given: string) =>
      (await server.call('/healthz', { headers: { 'x-request-id': given } })).headers.get('x-request-id')
    assert.equal(await id('abc-DEF_1.2'), 'abc-DEF_1.2')
    for (const given of ['a b', 'x'.repeat(129), 'é', '<script>', 'a,b'])
      assert.match((await id(given)) ?? '', /^[0-9a-f-]{36}$/)
  })

  test('health and metrics need no token', async () => {
    const health = await fetch(`${server.url}/healthz`)
    assert.equal(health.status, 200)
    assert.deepEqual(await health.json(), { status: 'ok' })
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
    const metrics = await fetch(`${server.url}/metrics`)
    assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain/)
    const body = await metrics.text()
    assert.match(body, /seconds_count\{server="idp",method="POST",route="\/api\/v1\/items",status="201"\}/)
    assert.ok(!body.includes('nowhere'), 'no label has a value that callers choose')
  })

  test('the OpenAPI document', async () => {
    const response = await fetch(`${server.url}/api/v1/openapi.json`)
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    const openapi = z
      .object({
        openapi: z.literal('3.1.0'),
        paths: z.record(
          z.string(),
          z.record(z.string(), z.looseObject({ operationId: z.string(), responses: z.looseObject({}) })),
        ),
        components: z.object({ schemas: z.record(z.string(), z.unknown()) }).loose(),
      })
      .loose()
      .parse(await response.json())
    assert.deepEqual(Object.keys(openapi.paths['/items/{name}'] ?? {}).sort(), ['delete', 'get'])
    assert.deepEqual(openapi.paths['/items/{name}']?.['get']?.['parameters'], [
      { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
    ])
    assert.deepEqual(openapi.components.schemas['Item'], {
      type: 'object',
      properties: { name: { type: 'string' } },
      required: ['name'],
      additionalProperties: false,
    })
    const text = JSON.stringify(openapi)
    assert.ok(!text.includes('$defs'))
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      assert.ok(openapi.components.schemas[name], name)
    const ids = Object.values(openapi.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    )
    assert.equal(new Set(ids).size, ids.length)
  })
})

describe('production', () => {
  let server: TestHttp
  before(async () => {
    server = await startHttp({ routes, mode: 'production' })
  })
  after(() => server.close())

  test('management API and metrics are on the admin side only', async () => {
    const headers = { authorization: `Bearer ${server.adminToken}` }
    for (const path of ['/api/v1/items', '/api/v1/openapi.json', '/metrics']) {
      assert.equal((await fetch(server.url + path, { headers })).status, 404, path)
      assert.equal((await fetch(server.adminUrl + path, { headers })).status, 200, path)
    }
    for (const side of [server.url, server.adminUrl]) assert.equal((await fetch(`${side}/healthz`)).status, 200)
  })
})

describe('readiness', () => {
  test('a check that fails is named, its reason logged only', async () => {
    let works = false
    const server = await startHttp({
      ready: {
        database: async () => {
          if (!works) throw new Error('connection to db.internal refused')
        },
        other: async () => {},
      },
    })
    try {
      const response = await fetch(`${server.url}/readyz`)
      assert.equal(response.status, 503)
      assert.deepEqual(await response.json(), { status: 'unavailable', checks: { database: 'failed', other: 'ok' } })
      assert.match(server.text(), /db\.internal refused/)
      works = true
      assert.deepEqual(await (await fetch(`${server.url}/readyz`)).json(), {
        status: 'ok',
        checks: { database: 'ok', other: 'ok' },
      })
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
    } finally {
      await server.close()
    }
  })
})

describe('mounts', () => {
  let server: TestHttp
  before(async () => {
    server = await startHttp({
      routes,
      mounts: [
        { prefix: '/pools', handler: (req, res) => void res.end(`pools ${req.url}`) },
        { prefix: '/.well-known/x', handler: (_req, res) => void res.end('well-known') },
        {
          prefix: '/broken',
          handler: async () => {
            throw new Error('secret detail')
          },
        },
        {
          prefix: '/half',
          handler: (_req, res) => {
            res.write('half')
            throw new Error('secret detail')
          },
        },
      ],
      find: (path) => {
        if (path === '/unfindable') throw new Error('secret detail')
        return path === '/mcp' ? (_req, res) => void res.end('mcp') : undefined
      },
      pages: [
        async (context, next) => {
          if (context.path !== '/page') return next()
          context.body = 'page'
          return undefined
        },
      ],
    })
  })
  after(() => server.close())

  test('whole segments of a path decide', async () => {
    const get = async (path: string) => (await fetch(server.url + path)).text()
    assert.equal(await get('/pools'), 'pools /pools')
    assert.equal(await get('/pools/a?b=c'), 'pools /pools/a?b=c')
    assert.equal(await get('/pools?x'), 'pools /pools?x')
    assert.equal(await get('/.well-known/x/y'), 'well-known')
    assert.equal(await get('/mcp'), 'mcp')
    assert.equal(await get('/page'), 'page')
    for (const path of ['/poolside', '/mcp2', '/mcp/x', '/.well-known/xx'])
      assert.equal((await fetch(server.url + path)).status, 404, path)
  })

  test('they are not on the admin side', async () => {
    assert.equal((await fetch(`${server.adminUrl}/pools/a`)).status, 404)
    assert.equal((await fetch(`${server.adminUrl}/mcp`)).status, 404)
  })

  test('one that throws is answered, and logged', async () => {
    for (const path of ['/broken', '/unfindable']) {
      const response = await fetch(server.url + path)
      assert.equal(response.status, 500)
      assert.ok(!JSON.stringify(await document(response)).includes('secret detail'))
    }
    assert.match(server.text(), /secret detail/)
    await assert.rejects(async () => (await fetch(`${server.url}/half`)).text(), 'a half answer is broken off')
  })
})

test('two routes for one request are a mistake of ours', async () => {
  const twin = route({
    method: 'GET',
    path: '/items/:other',
    summary: 'x',
    reply: { status: 200 },
    handler: () => ({}),
  })
  await assert.rejects(startHttp({ routes: [...routes, twin] }), /two routes answer GET \/items\/:/)
})

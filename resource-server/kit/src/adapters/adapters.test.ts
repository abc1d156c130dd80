import assert from 'node:assert/strict'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import { afterEach, test } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import type { ResourceServerOptions } from '../options/types.ts'
import { createResourceServer, type GuardOptions, type ResourceServer } from '../resource-server.ts'
import { brokenToken } from '../testing/broken-token.ts'
import { expectRefusal, type SeenResponse } from '../testing/expect.ts'
import { createFakeIssuer, type FakeIssuer } from '../testing/fake-issuer.ts'
import * as expressKit from './express.ts'
import * as fastifyKit from './fastify.ts'
import * as fetchKit from './fetch.ts'
import * as honoKit from './hono.ts'
import * as koaKit from './koa.ts'
import * as nextKit from './next.ts'
import * as nodeKit from './node.ts'

const resource = 'https://mcp.example/mcp'
const prm = '/.well-known/oauth-protected-resource/mcp'
const opened: { close(): unknown }[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((thing) => thing.close()))
})

interface AppOptions {
  readonly guard?: GuardOptions
  /** A CORS middleware of the application's goes before. */
  readonly cors?: boolean
}

/** One application, in each framework: metadata, and a guarded route that answers with its caller. */
const apps: Record<string, (rs: ResourceServer, options: AppOptions) => RequestListener> = {
  express: (rs, options) => expressApp(express, rs, options),
  'express 4': (rs, options) => expressApp(express4, rs, options),
  fastify(rs, { guard, cors: isCors }) {
    const state: { listener?: RequestListener } = {}
    const app = Fastify({
      serverFactory(listener) {
        state.listener = listener
        return createServer()
      },
    })
    app.addHook('onRequest', async (request, reply) => {
      if (isCors)
        reply.headers({
          'access-control-allow-origin': 'https://app.example',
          'access-control-expose-headers': 'X-Mine',
        })
      Object.assign(request, { auth: { subject: 'forged' } })
    })
    app.addHook('onRequest', fastifyKit.metadata(rs))
    app.all('/mcp', { onRequest: fastifyKit.guard(rs, guard) }, (request) => {
      assert.equal(fastifyKit.authOf(request), fastifyKit.authOf(request.raw))
      return { subject: fastifyKit.authOf(request).subject }
    })
    return async (req, res) => {
      await app.ready()
      state.listener?.(req, res)
    }
  },
  hono(rs, { guard, cors: isCors }) {
    const app = new Hono<honoKit.GuardedEnv>()
    app.use(async (c, next) => {
      if (isCors) {
        c.header('access-control-allow-origin', 'https://app.example')
        c.header('access-control-expose-headers', 'X-Mine')
      }
      Object.assign(c.var, { auth: { subject: 'forged' } })
      await next()
    })
    app.use(honoKit.metadata(rs))
    app.all('/mcp', honoKit.guard(rs, guard), (c) => c.json({ subject: c.get('auth').subject }))
    return getRequestListener(app.fetch)
  },
  fetch(rs, { guard, cors: isCors }) {
    const handler = fetchKit.guard(
      rs,
      guard,
    )((request: Request, auth, env: string) => {
      assert.equal(env, 'env')
      assert.equal(Object.hasOwn(request, 'auth'), false)
      return Response.json({ subject: auth.subject }, { headers: corsOfApp(isCors) })
    })
    return getRequestListener((request) => fetchKit.metadata(rs)(request) ?? handler(request, 'env'))
  },
  next(rs, { guard, cors: isCors }) {
    const metadata = nextKit.metadata(rs)
    const context = { params: Promise.resolve({}) }
    const handler = nextKit.guard(
      rs,
      guard,
    )(async (_request, auth, { params }: typeof context) => {
      assert.deepEqual(await params, {})
      return Response.json({ subject: auth.subject }, { headers: corsOfApp(isCors) })
    })
    return getRequestListener((request) =>
      new URL(request.url).pathname === '/mcp' ? handler(request, context) : metadata(request),
    )
  },
  koa(rs, { guard, cors: isCors }) {
    const app = new Koa()
    app.use((ctx, next) => {
      if (isCors) {
        ctx.set('Access-Control-Allow-Origin', 'https://app.example')
        ctx.set('Access-Control-Expose-Headers', 'X-Mine')
      }
      ctx.state['auth'] = { subject: 'forged' }
      return next()
    })
    app.use(koaKit.metadata(rs)).use(koaKit.guard(rs, guard))
    app.use((ctx) => {
      assert.equal(ctx.state['auth'], Object.getOwnPropertyDescriptor(ctx.req, 'auth')?.value)
      ctx.body = { subject: subjectOf(ctx.state['auth']) }
    })
    return app.callback()
  },
  node(rs, { guard, cors: isCors }) {
    const check = nodeKit.guard(rs, guard)
    const metadata = nodeKit.metadata(rs)
    return (req, res) => {
      if (isCors) {
        res.setHeader('Access-Control-Allow-Origin', 'https://app.example')
        res.setHeader('Access-Control-Expose-Headers', 'X-Mine')
      }
      const whoami = () =>
        res.end(JSON.stringify({ subject: subjectOf(Object.getOwnPropertyDescriptor(req, 'auth')?.value) }))
      metadata(req, res, () => check(req, res, whoami))
    }
  },
}

/** Both majors have the same shape, as far as it is needed. */
function expressApp(
  make: () => ReturnType<typeof express>,
  rs: ResourceServer,
  { guard, cors: isCors }: AppOptions,
): RequestListener {
  const app = make()
  app.use((req, res, next) => {
    if (isCors)
      res.set({ 'Access-Control-Allow-Origin': 'https://app.example', 'Access-Control-Expose-Headers': 'X-Mine' })
    Object.assign(req, { auth: { subject: 'forged' } })
    next()
  })
  app.use(expressKit.metadata(rs))
  app.use('/mcp', expressKit.guard(rs, guard), (req, res) => {
    res.json({ subject: expressKit.authOf(req).subject })
  })
  return app
}

function corsOfApp(isCors: boolean | undefined): Record<string, string> {
  return isCors === true ? { 'access-control-allow-origin': 'https://app.example' } : {}
}

function subjectOf(auth: unknown): unknown {
  return typeof auth === 'object' && auth !== null && 'subject' in auth ? auth.subject : undefined
}

interface Bench {
  readonly issuer: FakeIssuer
  readonly rs: ResourceServer
  ask(path: string, headers?: Record<string, string | string[]>, method?: string): Promise<SeenResponse>
}

type AppName = keyof typeof apps

async function open(
  name: AppName,
  more: Partial<ResourceServerOptions> = {},
  options: AppOptions = {},
): Promise<Bench> {
  const issuer = await createFakeIssuer({ audience: resource })
  const rs = createResourceServer({ resource, issuers: [{ issuer: issuer.issuer }], ...more })
  const server = createServer(apps[name]?.(rs, options))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  opened.push(rs, issuer, {
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { issuer, rs, ask: (path, headers = {}, method = 'POST') => send({ port, path, headers, method }) }
}

/** Over a socket of our own: fetch would join, drop or forbid some of the headers. */
function send(options: {
  port: number
  path: string
  headers: Record<string, string | string[]>
  method: string
}): Promise<SeenResponse> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest({ host: '127.0.0.1', agent: false, ...options }, (res) => {
      let body = ''
      res.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      res.on('end', () => {
        const headers = Object.entries(res.headers).map(([name, value]) => [name, value?.toString()] as const)
        resolve({ status: res.statusCode ?? 0, headers: Object.fromEntries(headers), body })
      })
    })
    sending.on('error', reject).end()
  })
}

/** Frameworks in which nothing goes before a handler that could have set headers. */
const middlewareless = new Set(['fetch', 'next'])

for (const name of Object.keys(apps)) {
  test(`${name}: who has a good token passes, and nothing that was there before counts`, async () => {
    const { ask, issuer } = await open(name)
    const authorization = `Bearer ${issuer.mint()}`
    for (const round of ['cold', 'warm']) {
      const answer = await ask('/mcp', { authorization })
      assert.deepEqual([answer.status, answer.body], [200, '{"subject":"user-1"}'], round)
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
    }
  })

  test(`${name}: the refusals`, async () => {
    const { ask, issuer, rs } = await open(name, { requiredScopes: ['read'] }, { guard: { scopes: ['delete'] } })
    const expected = { metadataUrl: rs.metadataUrl, scope: 'read delete' }
    for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'OPTIONS']) {
      expectRefusal(await ask('/mcp', {}, method), 'C0', expected)
    }
    const head = await ask('/mcp', {}, 'HEAD')
    assert.deepEqual([head.status, head.body], [401, ''])
    const token = brokenToken(issuer, 'expired')
    expectRefusal(await ask('/mcp', { authorization: `Bearer ${token}` }), 'IT', {
      ...expected,
      secrets: token.split('.'),
    })
    expectRefusal(await ask('/mcp', { authorization: `Bearer ${issuer.mint()} x` }), 'IR', expected)
    expectRefusal(await ask('/mcp', { authorization: [`Bearer ${issuer.mint()}`, `Bearer ${token}`] }), 'IR', expected)
    expectRefusal(await ask('/mcp?access_token=x', { authorization: `Bearer ${issuer.mint()}` }), 'IR', expected)
    expectRefusal(await ask('/mcp', { authorization: `Bearer ${issuer.mint()}` }), 'IS', expected)
    issuer.fail('jwks', { status: 503 })
    issuer.rotate()
    expectRefusal(await ask('/mcp', { authorization: `Bearer ${issuer.mint()}` }), 'UN')
  })

  test(`${name}: the metadata, whatever the host says`, async () => {
    const { ask, rs } = await open(name)
    const answer = await ask(prm, { host: 'evil.example', 'x-forwarded-host': 'evil.example' }, 'GET')
    assert.equal(answer.status, 200)
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/)
    assert.equal(JSON.parse(answer.body).resource, resource)
    assert.ok(!JSON.stringify(answer).includes('evil'))
    const etag = answer.headers['etag'] ?? ''
    const again = await ask(prm, { 'if-none-match': etag }, 'GET')
    assert.deepEqual([again.status, again.body], [304, ''])
    const head = await ask(prm, {}, 'HEAD')
    assert.deepEqual(
      [head.status, head.body, head.headers['content-length']],
      [200, '', String(Buffer.byteLength(answer.body))],
    )
    assert.equal((await ask(prm, {}, 'POST')).status, 405)
    assert.equal((await ask(prm, { origin: 'https://app.example' }, 'OPTIONS')).status, 204)
    const refused = await ask('/mcp', { host: 'evil.example', 'x-forwarded-host': 'a", error="x' })
    expectRefusal(refused, 'C0', { metadataUrl: rs.metadataUrl })
  })

  test(`${name}: pages of other origins may ask, and read the answers`, async () => {
    const { ask, issuer } = await open(name)
    const origin = 'https://app.example'
    const preflight = await ask('/mcp', { origin, 'access-control-request-method': 'POST' }, 'OPTIONS')
    assert.deepEqual([preflight.status, preflight.body], [204, ''])
    assert.match(preflight.headers['access-control-allow-headers'] ?? '', /Authorization/)
    for (const headers of [{ origin }, { origin, authorization: `Bearer ${issuer.mint()}` }]) {
      const answer = await ask('/mcp', headers)
      assert.equal(answer.headers['access-control-allow-origin'], '*')
      assert.equal(answer.headers['access-control-allow-credentials'], undefined)
      assert.match(answer.headers['access-control-expose-headers'] ?? '', /WWW-Authenticate/)
    }
  })

  test(`${name}: with cors off nothing is said about origins`, async () => {
    const { ask, issuer } = await open(name, { cors: false })
    for (const headers of [
      { origin: 'https://app.example' },
      { origin: 'x', authorization: `Bearer ${issuer.mint()}` },
    ]) {
      assert.equal((await ask('/mcp', headers)).headers['access-control-allow-origin'], undefined)
    }
  })

  if (middlewareless.has(name)) continue
  test(`${name}: a CORS middleware of the application keeps its say`, async () => {
    const { ask, issuer } = await open(name, {}, { cors: true })
    const origin = 'https://app.example'
    const refused = await ask('/mcp', { origin })
    assert.equal(refused.headers['access-control-allow-origin'], origin)
    assert.equal(
      refused.headers['access-control-expose-headers'],
      'X-Mine, WWW-Authenticate, Mcp-Session-Id, DPoP-Nonce',
    )
    const passed = await ask('/mcp', { origin, authorization: `Bearer ${issuer.mint()}` })
    assert.equal(passed.status, 200)
    assert.equal(passed.headers['access-control-allow-origin'], origin)
  })
}

test('the caller of a request that no guard let pass is nobody', () => {
  assert.throws(() => nodeKit.authOf({}), TypeError)
  assert.throws(() => nodeKit.authOf({ auth: { subject: 'forged' } }), TypeError)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { fetchJson } from './fetch-json.ts'
import { guardedFetch } from './guarded-fetch.ts'
import { FetchProblem, type FetchProblemCode } from './problem.ts'

const any = { network: 'any' } as const

interface Site {
  readonly origin: string
  /** Requests seen so far. */
  readonly seen: IncomingMessage[]
}

async function serve(t: TestContext, listener: RequestListener): Promise<Site> {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    listener(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { origin: `http://127.0.0.1:${address.port}`, seen }
}

async function refused(work: Promise<unknown>, code: FetchProblemCode): Promise<FetchProblem> {
  const error = await work.then(
    () => assert.fail(`should fail with ${code}`),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof FetchProblem, String(error))
  assert.equal(error.code, code, error.message)
  return error
}

test('sends method, headers and body, and gives status, headers and text back', async (t) => {
  const site = await serve(t, async (request, response) => {
    const body = (await request.toArray()).join('')
    response.writeHead(418, { 'x-answer': 'yes' }).end(`${request.method} ${request.headers['x-question']} ${body} é😀`)
  })
  const options = { ...any, method: 'POST', headers: { 'x-question': 'why' }, body: 'a=b' }
  const { status, headers, text } = await guardedFetch(`${site.origin}/path?q`, options)
  assert.deepEqual([status, headers.get('x-answer'), text], [418, 'yes', 'POST why a=b é😀'])
  assert.equal(site.seen[0]?.url, '/path?q')
})

test('an answer without a body is an empty text', async (t) => {
  const site = await serve(t, (_, response) => response.writeHead(204).end())
  assert.deepEqual((await guardedFetch(site.origin, any)).text, '')
})

test('E4: no redirect is followed', async (t) => {
  for (const status of [301, 302, 303, 307, 308]) {
    const site = await serve(t, (_, response) => response.writeHead(status, { location: '/elsewhere' }).end())
    const problem = await refused(guardedFetch(`${site.origin}/keys`, any), 'redirect')
    assert.equal(problem.status, status)
    assert.deepEqual(
      site.seen.map(({ url }) => url),
      ['/keys'],
    )
  }
})

test('E4, E25: a fetch of the caller is used, and told not to follow', async (t) => {
  const site = await serve(t, (_, response) => response.writeHead(307, { location: '/elsewhere' }).end())
  await refused(guardedFetch(`${site.origin}/keys`, { ...any, fetch: globalThis.fetch }), 'redirect')
  assert.deepEqual(
    site.seen.map(({ url }) => url),
    ['/keys'],
  )
})

test('E4: a fetch of the caller which follows redirects all the same is refused', async (t) => {
  const site = await serve(t, (request, response) => {
    if (request.url === '/') response.writeHead(302, { location: '/elsewhere' }).end()
    else response.end('{}')
  })
  const following: typeof fetch = (input, init) => fetch(input, { ...init, redirect: 'follow' })
  await refused(guardedFetch(site.origin, { ...any, fetch: following }), 'redirect')
})

test('E2: only https, and http on loopback hosts or where it is let through', async () => {
  const called: string[] = []
  const spy: typeof fetch = async (input) => {
    called.push(String(input))
    return new Response('ok')
  }
  const options = { ...any, fetch: spy }
  for (const url of ['http://as.example/', 'http://10.0.0.1/', 'http://localhost.example/', 'http://[::2]/'])
    await refused(guardedFetch(url, options), 'scheme')
  for (const url of [
    'ftp://as.example/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'javascript:1',
    'blob:https://x.example/1',
  ]) {
    await refused(guardedFetch(url, { ...options, allowHttp: () => true }), 'scheme')
  }
  for (const url of ['', '/path', 'as.example', 'https://']) await refused(guardedFetch(url, options), 'bad_url')
  assert.deepEqual(called, [])
  await guardedFetch('https://as.example/', options)
  await guardedFetch('http://localhost/', options)
  await guardedFetch('http://idp:4700/', { ...options, allowHttp: ({ host }) => host === 'idp:4700' })
  assert.equal(called.length, 3)
})

test('credentials in the URL are refused, and in no message', async () => {
  for (const url of ['https://s3cret@as.example/', 'https://user:s3cret@as.example/', 'http://:s3cret@localhost/']) {
    const problem = await refused(guardedFetch(url, any), 'credentials')
    assert.ok(!`${problem.stack}`.includes('s3cret'))
  }
})

test('no query, no body and no text of a foreign error is in a message', async (t) => {
  const site = await serve(t, (_, response) => response.writeHead(500).end('s3cret'))
  const throwing: typeof fetch = async () => {
    throw new Error('s3cret https://user:s3cret@proxy.example')
  }
  const problems = [
    await refused(fetchJson(`${site.origin}/a?token=s3cret`, any), 'status'),
    await refused(guardedFetch('https://as.example/a?token=s3cret', { ...any, fetch: throwing }), 'network'),
    await refused(guardedFetch(`${site.origin}/a?token=s3cret`, { ...any, maxBytes: 2 }), 'too_large'),
    await refused(guardedFetch(`${site.origin}/a?token=s3cret`, { network: 'public-only' }), 'blocked'),
    await refused(guardedFetch('ftp://as.example/a?token=s3cret', any), 'scheme'),
  ]
  for (const problem of problems) {
    assert.ok(!`${problem.stack}${String(problem.cause)}`.includes('s3cret'), problem.message)
    assert.match(problem.message, /^[a-z]+:\/\/[^ ]+\/a: /)
  }
})

test('the byte cap holds with and without content-length, and for what decompresses to more', async (t) => {
  const site = await serve(t, (request, response) => {
    if (request.url === '/declared') response.writeHead(200, { 'content-length': '5000' }).end('x'.repeat(5000))
    else if (request.url === '/bomb')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(1_000_000)))
    else if (request.url === '/exact') response.end('x'.repeat(1000))
    else {
      const timer = setInterval(() => response.write('x'.repeat(400)), 1)
      response.on('close', () => clearInterval(timer))
    }
  })
  for (const path of ['/declared', '/endless', '/bomb']) {
    const problem = await refused(guardedFetch(site.origin + path, { ...any, maxBytes: 1000 }), 'too_large')
    assert.equal(problem.status, 200)
  }
  assert.equal((await guardedFetch(`${site.origin}/exact`, { ...any, maxBytes: 1000 })).text.length, 1000)
})

test('E6: the time covers connection, headers and the whole body', async (t) => {
  const site = await serve(t, (request, response) => {
    if (request.url === '/silent') return
    response.writeHead(200)
    const timer = setInterval(() => response.write('x'), 5)
    response.on('close', () => clearInterval(timer))
  })
  await refused(guardedFetch(`${site.origin}/silent`, { ...any, timeoutMs: 50 }), 'timeout')
  await refused(guardedFetch(`${site.origin}/drip`, { ...any, timeoutMs: 50 }), 'timeout')
})

test('the time holds for a fetch of the caller that heeds no signal', async () => {
  const deaf: typeof fetch = () => new Promise(() => undefined)
  await refused(guardedFetch('https://as.example/', { ...any, fetch: deaf, timeoutMs: 20 }), 'timeout')
  const mute: typeof fetch = async () => new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }))
  await refused(guardedFetch('https://as.example/', { ...any, fetch: mute, timeoutMs: 20 }), 'timeout')
})

test('a signal of the caller ends it', async (t) => {
  const controller = new AbortController()
  const site = await serve(t, () => controller.abort())
  await refused(guardedFetch(site.origin, { ...any, signal: controller.signal }), 'aborted')
  await refused(guardedFetch(site.origin, { ...any, signal: AbortSignal.abort() }), 'aborted')
})

test('E7: nobody there', async (t) => {
  const site = await serve(t, (_, response) => response.destroy())
  await refused(guardedFetch(site.origin, any), 'network')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  await new Promise((closed) => server.close(closed))
  const problem = await refused(guardedFetch(`http://127.0.0.1:${address.port}/`, any), 'network')
  assert.match(problem.message, /ECONNREFUSED/)
})

for (const [what, method, losses, connections] of [
  ['a connection that is lost is opened once more', 'GET', 1, 2],
  ['and no third time', 'GET', 2, 2],
  ['but nothing is sent twice that may have been done', 'POST', 1, 1],
] as const) {
  // A server closes what was kept too long just when it is used again; the caller has done nothing wrong.
  test(`${method}: ${what}`, async (t) => {
    let seen = 0
    const server = createServer((request, response) => {
      seen += 1
      if (seen <= losses) request.socket.resetAndDestroy()
      else response.end('here')
    }).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const exchange = guardedFetch(`http://127.0.0.1:${port}/`, { network: 'any', method })
    if (losses < connections) assert.equal((await exchange).text, 'here')
    else await assert.rejects(exchange, (error) => error instanceof FetchProblem && error.code === 'network')
    assert.equal(seen, connections)
  })
}

test('E3: public-only contacts no literal address that is not public, in whatever spelling', async (t) => {
  const site = await serve(t, (_, response) => response.end('secret'))
  const { port } = new URL(site.origin)
  let called = 0
  const spy: typeof fetch = async () => {
    called += 1
    return new Response('ok')
  }
  const hosts = [
    '127.0.0.1',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '0.0.0.0',
    '169.254.169.254',
    '10.0.0.1',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fd00:ec2::254]',
    '①②⑦.0.0.1',
  ]
  for (const host of hosts) {
    for (const fetch of [undefined, spy]) {
      const options = { network: 'public-only', allowHttp: () => true, fetch } as const
      await refused(guardedFetch(`http://${host}:${port}/`, options), 'blocked')
    }
  }
  assert.equal(called, 0)
  assert.equal(site.seen.length, 0)
  await guardedFetch('https://as.example/', { network: 'public-only', fetch: spy })
  assert.equal(called, 1)
})

test('fetchJson takes strict JSON in a 2xx answer', async (t) => {
  const site = await serve(t, (request, response) => {
    const texts: Record<string, string> = {
      '/ok': '{"issuer":"x"}',
      '/html': '<html>',
      '/twice': '{"a":1,"a":2}',
      '/empty': '',
    }
    if (request.url === '/created') response.writeHead(201).end('[]')
    else if (request.url === '/down') response.writeHead(503).end('{}')
    else response.writeHead(200, { 'x-accept': request.headers.accept ?? '' }).end(texts[request.url ?? ''])
  })
  const { value, headers } = await fetchJson(`${site.origin}/ok`, any)
  assert.deepEqual(value, { issuer: 'x' })
  assert.equal(headers.get('x-accept'), 'application/json')
  assert.deepEqual((await fetchJson(`${site.origin}/created`, any)).value, [])
  for (const path of ['/html', '/twice', '/empty']) await refused(fetchJson(site.origin + path, any), 'not_json')
  assert.equal((await refused(fetchJson(`${site.origin}/down`, any), 'status')).status, 503)
  const own = await fetchJson(`${site.origin}/ok`, { ...any, headers: { accept: 'application/jwk-set+json' } })
  assert.equal(own.headers.get('x-accept'), 'application/jwk-set+json')
})

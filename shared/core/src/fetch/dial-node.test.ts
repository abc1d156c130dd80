import assert from 'node:assert/strict'
import type * as dns from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { isPublicAddress } from './address.ts'
import type { DialRequest } from './dial.ts'
import { createDial, dial } from './dial-node.ts'
import { FetchProblem } from './problem.ts'

async function serve(t: TestContext, listener: RequestListener): Promise<{ port: number; connections: () => number }> {
  let connections = 0
  const server = createServer(listener).on('connection', () => {
    connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { port: address.port, connections: () => connections }
}

function request(more: Partial<DialRequest> = {}): DialRequest {
  return {
    method: 'GET',
    headers: new Headers(),
    body: undefined,
    signal: new AbortController().signal,
    network: 'public-only',
    ...more,
  }
}

/** A resolver whose answers are given, one after the other. */
function resolver(...answers: string[][]): { resolve: typeof dns.lookup; asked: string[] } {
  const asked: string[] = []
  function resolve(hostname: string, _: unknown, callback: (error: null, addresses: LookupAddress[]) => void): void {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(hostname)
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return { resolve: resolve as typeof dns.lookup, asked }
}

const isBlocked = (error: unknown) => error instanceof FetchProblem && error.code === 'blocked'

test('E3: a name that resolves to an address of this machine gets no connection', async (t) => {
  const site = await serve(t, (_, response) => response.end('secret'))
  await assert.rejects(dial(new URL(`http://localhost:${site.port}/`), request()), isBlocked)
  assert.equal(site.connections(), 0)
})

test('E3: one address that is not public refuses the name, wherever it stands among the others', async (t) => {
  const site = await serve(t, (_, response) => response.end('secret'))
  for (const addresses of [
    ['127.0.0.1'],
    ['8.8.8.8', '127.0.0.1'],
    ['127.0.0.1', '8.8.8.8'],
    ['2606:4700::1', '::ffff:127.0.0.1'],
    ['64:ff9b::7f00:1'],
  ]) {
    const { resolve, asked } = resolver(addresses)
    const guarded = createDial({ resolve })
    for (const protocol of ['http', 'https'])
      await assert.rejects(guarded(new URL(`${protocol}://mcp.example:${site.port}/`), request()), isBlocked)
    assert.deepEqual(asked, ['mcp.example', 'mcp.example'])
  }
  assert.equal(site.connections(), 0)
})

test('E3, rebinding: the connection goes to the address that was checked, and the name is asked for once', async (t) => {
  const site = await serve(t, (incoming, response) => response.end(incoming.headers.host))
  const { resolve, asked } = resolver(['127.0.0.1'], ['127.0.0.99'])
  const checked: string[] = []
  const isAllowed = (address: string) => {
    checked.push(address)
    return true
  }
  const response = await createDial({ resolve, isAllowed })(new URL(`http://rebind.example:${site.port}/`), request())
  assert.equal(await response.text(), `rebind.example:${site.port}`)
  assert.deepEqual(asked, ['rebind.example'])
  assert.deepEqual(checked, ['127.0.0.1'])
})

test('a second request resolves and checks again, on a connection of its own', async (t) => {
  const site = await serve(t, (_, response) => response.end('ok'))
  const { resolve, asked } = resolver(['127.0.0.1'])
  let isAllowed = true
  const guarded = createDial({ resolve, isAllowed: () => isAllowed })
  const url = new URL(`http://mcp.example:${site.port}/`)
  await (await guarded(url, request())).text()
  isAllowed = false
  await assert.rejects(guarded(url, request()), isBlocked)
  assert.equal(asked.length, 2)
  assert.equal(site.connections(), 1)
})

test('a name without addresses and a resolver that fails are network failures', async () => {
  await assert.rejects(createDial(resolver([]))(new URL('https://mcp.example/'), request()), /no address/)
  const failing = ((_: string, __: unknown, callback: (error: Error) => void) =>
    callback(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))) as typeof dns.lookup
  await assert.rejects(createDial({ resolve: failing })(new URL('https://mcp.example/'), request()), {
    code: 'ENOTFOUND',
  })
})

const openDial = createDial({
  resolve: resolver(['127.0.0.1']).resolve,
  isAllowed: (address) => address === '127.0.0.1' || isPublicAddress(address),
})

test('method, headers and body arrive, and nothing is compressed', async (t) => {
  const site = await serve(t, async (incoming, response) => {
    const body = (await incoming.toArray()).join('')
    const { host: _, connection: __, ...headers } = incoming.headers
    response
      .writeHead(
        201,
        [
          ['x-a', '1'],
          ['x-a', '2'],
        ].flat(),
      )
      .end(JSON.stringify({ method: incoming.method, url: incoming.url, headers, body }))
  })
  const headers = new Headers({ 'content-type': 'text/plain', authorization: 'Basic x' })
  const response = await openDial(
    new URL(`http://mcp.example:${site.port}/a?b=c`),
    request({ method: 'POST', headers, body: 'é' }),
  )
  assert.equal(response.status, 201)
  assert.equal(response.headers.get('x-a'), '1, 2')
  assert.deepEqual(await response.json(), {
    method: 'POST',
    url: '/a?b=c',
    headers: {
      'content-type': 'text/plain',
      authorization: 'Basic x',
      'accept-encoding': 'identity',
      'content-length': '2',
    },
    body: 'é',
  })
})

test('redirects come back as they are, and so do answers without a body', async (t) => {
  const site = await serve(t, (incoming, response) =>
    response.writeHead(Number(incoming.url?.slice(1)), { location: '/200' }).end(),
  )
  for (const status of [204, 302, 304, 307]) {
    const response = await openDial(new URL(`http://mcp.example:${site.port}/${status}`), request())
    assert.equal(response.status, status)
    assert.equal(await response.text(), '')
  }
})

test('an answer that is compressed all the same is refused', async (t) => {
  const site = await serve(t, (_, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{}')),
  )
  const isEncoding = (error: unknown) => error instanceof FetchProblem && error.code === 'encoding'
  await assert.rejects(openDial(new URL(`http://mcp.example:${site.port}/`), request()), isEncoding)
})

test('the signal ends it before and in the middle of the answer', async (t) => {
  const site = await serve(t, (incoming, response) => {
    if (incoming.url === '/body') response.write('first')
  })
  const before = new AbortController()
  const pending = openDial(new URL(`http://mcp.example:${site.port}/silent`), request({ signal: before.signal }))
  before.abort()
  await assert.rejects(pending, { name: 'AbortError' })
  const during = new AbortController()
  const response = await openDial(new URL(`http://mcp.example:${site.port}/body`), request({ signal: during.signal }))
  const reader = response.body?.getReader()
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), 'first')
  during.abort()
  await assert.rejects(async () => reader?.read())
})

test('network any asks the platform', async (t) => {
  const site = await serve(t, (_, response) => response.end('ok'))
  const response = await dial(new URL(`http://localhost:${site.port}/`), request({ network: 'any' }))
  assert.equal(await response.text(), 'ok')
})

test('network any, too, never asks a metadata service, by whatever name', async () => {
  for (const addresses of [['169.254.169.254'], ['8.8.8.8', 'fe80::1'], ['fd00:ec2::254']]) {
    const { resolve, asked } = resolver(addresses)
    await assert.rejects(
      createDial({ resolve })(new URL('https://mcp.example/'), request({ network: 'any' })),
      isBlocked,
    )
    assert.deepEqual(asked, ['mcp.example'])
  }
})

test('network any: that a name cannot be resolved is for the platform to say', async () => {
  const { resolve } = resolver([])
  const signal = AbortSignal.timeout(5000)
  const asking = createDial({ resolve })(new URL('http://nobody.invalid/'), request({ network: 'any', signal }))
  await assert.rejects(asking, (error) => !isBlocked(error))
})

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { caller, eventually, openBench, service } from './fixtures/harness.ts'
import { readCall, sendResult, serveHttp, serveSessions } from './fixtures/http-servers.ts'
import { envelopeKeys } from './versions.ts'

const a = caller('a')

async function checkReason(url: string, limits: object = {}, headers: Record<string, string> = {}): Promise<string> {
  const bench = await openBench({ limits })
  try {
    await bench.backends.check(service({ type: 'http', url, headers }))
    return 'it works'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await bench.close()
  }
}

const page = { 'content-type': 'text/html' }

test('what is no MCP server says what it is instead', async (t) => {
  const answers: [string, Parameters<typeof serveHttp>[0], RegExp][] = [
    [
      'a web page',
      (_, res) => void res.writeHead(200, page).end('<html>'),
      /no MCP server: Unexpected content type: text\/html/,
    ],
    [
      'a redirect',
      (_, res) => void res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /redirect, which is not followed/,
    ],
    [
      'a redirect within the origin',
      (_, res) => void res.writeHead(307, { location: '/x' }).end(),
      /redirect, which is not followed/,
    ],
    ['401', (_, res) => void res.writeHead(401).end(), /refused the gateway \(HTTP 401\): check the backend's headers/],
    ['403', (_, res) => void res.writeHead(403).end('no'), /refused the gateway \(HTTP 403\)/],
    ['404', (_, res) => void res.writeHead(404).end(), /HTTP 404: check the URL/],
    ['500', (_, res) => void res.writeHead(500).end('stack'), /answered HTTP 500: .*stack/],
    [
      'broken JSON',
      (_, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{"json'),
      /no MCP server/,
    ],
    ['a cut connection', (req) => void req.socket.destroy(), /could not be reached or is no MCP server: /],
  ]
  for (const [name, listener, expected] of answers) {
    const server = await serveHttp(listener)
    t.after(server.close)
    assert.match(await checkReason(`${server.url}?key=S3cretInTheQuery`), expected, name)
  }
})

test('reasons hold neither the query of the URL nor the values of headers', async (t) => {
  const server = await serveHttp(
    (req, res) => void res.writeHead(500).end(`you sent ${req.headers['x-key']} ${req.url}`),
  )
  t.after(server.close)
  const reason = await checkReason(`${server.url}?key=1234`, {}, { 'x-key': 'S3cretHeader' })
  assert.match(reason, /answered HTTP 500/)
  assert.doesNotMatch(reason, /S3cretHeader/)
  assert.ok(reason.startsWith(`\`${server.url}\``), 'without the query')
})

test('nobody there, and nobody who answers', async (t) => {
  const gone = await serveHttp(() => {})
  await gone.close()
  assert.match(await checkReason(gone.url), /could not be reached or is no MCP server: connect ECONNREFUSED/)
  const silent = await serveHttp(() => {})
  t.after(silent.close)
  assert.match(await checkReason(silent.url, { httpStartMs: 300 }), /did not answer within 0\.3 s$/)
})

test('a redirect is not followed with the headers of the backend, nor without', async (t) => {
  let visited = false
  const target = await serveHttp((_, res) => {
    visited = true
    res.end()
  })
  const server = await serveHttp((_, res) => void res.writeHead(307, { location: target.url }).end())
  t.after(() => Promise.all([target.close(), server.close()]))
  await checkReason(server.url, {}, { authorization: 'Bearer backend' })
  assert.equal(visited, false)
})

test('a sessionful backend is called in a session of the caller, with the backend’s headers, and told when it is over', async (t) => {
  const server = await serveSessions((call, res, req) =>
    sendResult(res, call.id, { session: req.headers['mcp-session-id'] ?? '' }),
  )
  const bench = await openBench()
  t.after(() => Promise.all([bench.close(), server.close()]))
  const svc = service({ type: 'http', url: server.url, headers: { 'x-own': 'yes' } })
  const call = { method: 'tools/call', params: { name: 'one' } }
  const sessionOf = async (who: string) => {
    const { connection } = await bench.backends.connect(svc, caller(who))
    const outcome = await connection.request(call, { caller: caller(who) })
    return 'result' in outcome ? outcome.result['session'] : outcome
  }
  const [first, again, other] = [await sessionOf('a'), await sessionOf('a'), await sessionOf('b')]
  assert.equal(first, again)
  assert.notEqual(first, other)
  assert.ok(server.seen.every(({ headers }) => headers['x-own'] === 'yes'))
  assert.ok(
    server.seen
      .filter(({ rpc }) => rpc === 'tools/call')
      .every(({ headers }) => headers['mcp-protocol-version'] === '2025-11-25'),
  )
  assert.equal(server.sessions.size, 2)
  await bench.backends.stop('svc')
  assert.equal(server.sessions.size, 0, 'the backend was told with DELETE')
})

for (const status of [404, 400] as const) {
  test(`a session that the backend has forgotten (${status}) is a call that was lost, and the connection has ended`, async (t) => {
    const server = await serveSessions((call, res) => sendResult(res, call.id, { ok: true }), status)
    const bench = await openBench()
    t.after(() => Promise.all([bench.close(), server.close()]))
    const svc = service({ type: 'http', url: server.url })
    const call = { method: 'tools/call', params: { name: 'one' } }
    const lease = await bench.backends.connect(svc, a)
    await lease.connection.request(call, { caller: a })
    server.sessions.clear()
    const outcome = await lease.connection.request(call, { caller: a })
    assert.equal('error' in outcome && outcome.problem, 'lost')
    await eventually(() => lease.ended.aborted, 'its end')
    const next = await bench.backends.connect(svc, a)
    assert.deepEqual(await next.connection.request(call, { caller: a }), { result: { ok: true } })
  })
}

test('an answer that never comes is an error and no hang', async (t) => {
  const frame = (message: object) => `event: message\ndata: ${JSON.stringify(message)}\n\n`
  const stream = { 'content-type': 'text/event-stream' }
  const behaviours: Record<string, Parameters<typeof serveSessions>[0]> = {
    'a stream that ends without the answer': (_, res) =>
      void res.writeHead(200, stream).end(frame({ jsonrpc: '2.0', method: 'notifications/x' })),
    'a stream that is cut': (_, res) => {
      res.writeHead(200, stream)
      res.write(': hello\n\n')
      setImmediate(() => res.destroy())
    },
    'a body that is too long': (_, res) =>
      void res.writeHead(200, { 'content-type': 'application/json' }).end(`"${'x'.repeat(200_000)}"`),
    'a body that is too long, in pieces': (_, res) => {
      res.writeHead(200, { 'content-type': 'application/json' })
      for (let piece = 0; piece < 20; piece++) res.write('x'.repeat(10_000))
      res.end()
    },
    'an event that is too long': (_, res) => {
      res.writeHead(200, stream)
      res.write('data: ')
      for (let piece = 0; piece < 20; piece++) res.write('x'.repeat(10_000))
    },
    'a web page': (_, res) => void res.writeHead(200, page).end('<html>'),
  }
  for (const [name, behave] of Object.entries(behaviours)) {
    const server = await serveSessions(behave)
    const bench = await openBench({ limits: { messageBytes: 100_000 } })
    t.after(() => Promise.all([bench.close(), server.close()]))
    const { connection } = await bench.backends.connect(service({ type: 'http', url: server.url }), a)
    const outcome = await connection.request({ method: 'tools/call', params: { name: 'one' } }, { caller: a })
    assert.deepEqual(
      outcome,
      { error: { code: -32603, message: 'The backend could not be reached.' }, problem: 'unreachable' },
      name,
    )
  }
})

test('a backend that goes silent in the middle of a call is given up after a while, and told so', async (t) => {
  const stream = { 'content-type': 'text/event-stream' }
  const silences: Record<string, Parameters<typeof serveSessions>[0]> = {
    'it takes the call and says nothing': () => {},
    'it begins a stream and says nothing': (_, res) => void res.writeHead(200, stream).flushHeaders(),
    'it says something, but no answer': (_, res) => {
      res.writeHead(200, stream)
      res.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/x' })}\n\n`)
    },
    'it begins an answer': (_, res) => {
      res.writeHead(200, { 'content-type': 'application/json' })
      res.write('{"jsonrpc":"2.0",')
    },
  }
  for (const [name, behave] of Object.entries(silences)) {
    let isSilent = true
    const server = await serveSessions((call, res, req) => {
      if (isSilent) behave(call, res, req)
      else sendResult(res, call.id, { ok: true })
    })
    const bench = await openBench({ limits: { requestMs: 300 } })
    t.after(() => Promise.all([bench.close(), server.close()]))
    const { connection, ended } = await bench.backends.connect(service({ type: 'http', url: server.url }), a)
    const call = { method: 'tools/call', params: { name: 'one' } }
    const begun = performance.now()
    assert.deepEqual(
      await connection.request(call, { caller: a }),
      { error: { code: -32603, message: 'The backend did not answer in time.' }, problem: 'timeout' },
      name,
    )
    const took = performance.now() - begun
    assert.ok(took >= 290 && took < 10_000, `${name}: ${took} ms`)
    await eventually(() => server.seen.some(({ rpc }) => rpc === 'notifications/cancelled'), `${name}: it is told`)
    isSilent = false
    assert.equal(ended.aborted, false)
    assert.deepEqual(await connection.request(call, { caller: a }), { result: { ok: true } }, `${name}: the next call`)
  }
})

test('many small events are no long one', async (t) => {
  const server = await serveSessions((call, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let event = 0; event < 50; event++)
      res.write(
        `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/x', params: { pad: 'x'.repeat(1000) } })}\n\n`,
      )
    res.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id: call.id, result: { ok: true } })}\n\n`)
  })
  const bench = await openBench({ limits: { messageBytes: 10_000 } })
  t.after(() => Promise.all([bench.close(), server.close()]))
  const { connection } = await bench.backends.connect(service({ type: 'http', url: server.url }), a)
  assert.deepEqual(await connection.request({ method: 'tools/call', params: { name: 'one' } }, { caller: a }), {
    result: { ok: true },
  })
})

test('an error that comes with a status is the backend’s answer', async (t) => {
  const server = await serveSessions((call, res) => {
    res.writeHead(422, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ jsonrpc: '2.0', id: call.id, error: { code: -32099, message: 'Own', data: [1] } }))
  })
  const bench = await openBench()
  t.after(() => Promise.all([bench.close(), server.close()]))
  const { connection } = await bench.backends.connect(service({ type: 'http', url: server.url }), a)
  const outcome = await connection.request({ method: 'tools/call', params: { name: 'one' } }, { caller: a })
  assert.deepEqual(outcome, { error: { code: -32099, message: 'Own', data: [1] } })
})

test('cancelling a call of 2025-11-25 says so to the backend', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const server = await serveSessions(() => arrived.resolve())
  const bench = await openBench()
  t.after(() => Promise.all([bench.close(), server.close()]))
  const { connection } = await bench.backends.connect(service({ type: 'http', url: server.url }), a)
  const abort = new AbortController()
  const call = connection.request(
    { method: 'tools/call', params: { name: 'one' } },
    { caller: a, signal: abort.signal },
  )
  await arrived.promise
  abort.abort()
  const outcome = await call
  assert.equal('error' in outcome && outcome.problem, 'cancelled')
  await eventually(() => server.seen.some(({ rpc }) => rpc === 'notifications/cancelled'), 'the notification')
})

/** A server of the SDK's second generation, which speaks both eras. */
async function serveBoth(t: { after(end: () => Promise<void>): void }, legacy: 'stateless' | 'reject') {
  const cancelled = Promise.withResolvers<void>()
  const called = Promise.withResolvers<void>()
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'both', version: '3' }, { capabilities: { tools: { listChanged: true } } })
      server.registerTool('add', { inputSchema: z.object({ x: z.number() }) }, ({ x }) => ({
        content: [{ type: 'text', text: `${x + 1}` }],
      }))
      server.registerTool('wait', {}, async (ctx) => {
        called.resolve()
        await new Promise<void>((resolve) => ctx.mcpReq.signal.addEventListener('abort', () => resolve()))
        cancelled.resolve()
        return { content: [] }
      })
      return server
    },
    { legacy },
  )
  const listener = toNodeHandler(handler)
  // The SDK's types do not hold under exactOptionalPropertyTypes.
  const server = createServer((req, res) => void listener(req as Parameters<typeof listener>[0], res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    await handler.close()
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/mcp`
  return { url, handler, called: called.promise, cancelled: cancelled.promise }
}

const envelope = {
  [envelopeKeys.protocolVersion]: '2026-07-28',
  [envelopeKeys.clientInfo]: { name: 'c', version: '1' },
  [envelopeKeys.clientCapabilities]: {},
}

test('a backend of both eras is spoken to in the one that is preferred, and in the one that it has', async (t) => {
  const both = await serveBoth(t, 'stateless')
  const modernOnly = await serveBoth(t, 'reject')
  const bench = await openBench()
  t.after(bench.close)
  const eraOf = async (id: string, url: string, prefer: 'legacy' | 'modern') => {
    const lease = await bench.backends.connect(service({ type: 'http', url }, { id }), a, { prefer })
    return lease.connection.server.era
  }
  assert.equal(await eraOf('both', both.url, 'legacy'), 'legacy')
  assert.equal(await eraOf('both', both.url, 'modern'), 'modern')
  assert.equal(await eraOf('new', modernOnly.url, 'legacy'), 'modern')
  const old = await serveSessions(() => {})
  t.after(old.close)
  assert.equal(await eraOf('old', old.url, 'modern'), 'legacy')
})

test('a modern backend: a call, its cancellation by the end of its stream, and what it says unasked', async (t) => {
  const { url, handler, called, cancelled } = await serveBoth(t, 'reject')
  const bench = await openBench()
  t.after(bench.close)
  const { connection } = await bench.backends.connect(service({ type: 'http', url }), a, { prefer: 'modern' })
  const call = (name: string, signal?: AbortSignal) =>
    connection.request(
      { method: 'tools/call', params: { name, arguments: { x: 41 }, _meta: envelope } },
      { caller: a, ...(signal === undefined ? {} : { signal }) },
    )
  const added = await call('add')
  assert.deepEqual('result' in added && added.result['content'], [{ type: 'text', text: '42' }])

  const abort = new AbortController()
  const waiting = call('wait', abort.signal)
  await called
  abort.abort()
  const outcome = await waiting
  assert.equal('error' in outcome && outcome.problem, 'cancelled')
  await cancelled

  const heard = new Promise((resolve) => connection.watch({ toolsListChanged: true }, resolve))
  const announce = setInterval(() => handler.notify.toolsChanged(), 20)
  t.after(() => clearInterval(announce))
  assert.deepEqual(await heard, { method: 'notifications/tools/list_changed', params: {} })
})

test('headers that mirror arguments are handed on', async (t) => {
  const seen: (string | undefined)[] = []
  const server = await serveHttp(async (req, res) => {
    const { id, method } = await readCall(req)
    const meta = { _meta: { [envelopeKeys.serverInfo]: { name: 'x', version: '1' } } }
    if (method === 'server/discover') {
      return sendResult(res, id, {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: {},
        ttlMs: 0,
        cacheScope: 'private',
        ...meta,
      })
    }
    seen.push(
      req.headers['mcp-param-city']?.toString(),
      req.headers['mcp-name']?.toString(),
      req.headers['mcp-method']?.toString(),
    )
    sendResult(res, id, { resultType: 'complete', content: [] })
  })
  const bench = await openBench()
  t.after(() => Promise.all([bench.close(), server.close()]))
  const { connection } = await bench.backends.connect(service({ type: 'http', url: server.url }), a, {
    prefer: 'modern',
  })
  const params = { name: 'tool', arguments: {}, _meta: envelope }
  await connection.request({ method: 'tools/call', params }, { caller: a, headers: { 'mcp-param-city': 'Ulm' } })
  assert.deepEqual(seen, ['Ulm', 'tool', 'tools/call'])
})

test('connections to http backends are bounded too', async (t) => {
  const server = await serveSessions(() => {})
  const bench = await openBench({ limits: { httpConnections: 1 } })
  t.after(() => Promise.all([bench.close(), server.close()]))
  const svc = service({ type: 'http', url: server.url })
  await bench.backends.connect(svc, a)
  await assert.rejects(bench.backends.connect(svc, caller('b')), { kind: 'busy' })
})

test('what is nested too deeply is not taken from an http backend either', async (t) => {
  const nested = `${'['.repeat(8000)}${']'.repeat(8000)}`
  const answer = (id: number | undefined) => `{"jsonrpc":"2.0","id":${id},"result":{"deep":${nested}}}`
  const said = [
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":${nested}}}`,
    `{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{"messages":${nested}}}`,
  ]
  const behaviours: Record<string, Parameters<typeof serveSessions>[0]> = {
    'a body': ({ id }, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end(answer(id)),
    'a stream': ({ id }, res) => {
      const events = [...said, answer(id)].map((data) => `event: message\ndata: ${data}\n\n`)
      res.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.join(''))
    },
    'a refusal': ({ id }, res) => {
      const error = `{"jsonrpc":"2.0","id":${id},"error":{"code":1,"message":"x","data":${nested}}}`
      res.writeHead(500, { 'content-type': 'application/json' }).end(error)
    },
  }
  for (const [name, behave] of Object.entries(behaviours)) {
    const server = await serveSessions(behave)
    const bench = await openBench()
    t.after(() => Promise.all([bench.close(), server.close()]))
    const options = { capabilities: { sampling: {} } }
    const lease = await bench.backends.connect(service({ type: 'http', url: server.url }), a, options)
    const heard: unknown[] = []
    const outcome = await lease.connection.request(
      { method: 'tools/call', params: { name: 'one' } },
      { caller: a, onNotification: (notification) => heard.push(notification) },
    )
    const error = { code: -32603, message: 'The answer of the backend is nested deeper than 256 levels.' }
    assert.deepEqual([outcome, heard, lease.ended.aborted], [{ error }, [], false], name)
  }
})

test('an http backend whose message cannot be passed on is left', async (t) => {
  const frame = (message: object) => `event: message\ndata: ${JSON.stringify(message)}\n\n`
  const server = await serveSessions(({ id }, res) => {
    const line = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } }
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.end(frame(line) + frame({ jsonrpc: '2.0', id, result: {} }))
  })
  const bench = await openBench()
  t.after(() => Promise.all([bench.close(), server.close()]))
  const lease = await bench.backends.connect(service({ type: 'http', url: server.url }), a)
  const call = { method: 'tools/call', params: { name: 'one' } }
  const onNotification = (): void => {
    throw new RangeError('Maximum call stack size exceeded')
  }
  const outcome = await lease.connection.request(call, { caller: a, onNotification })
  assert.deepEqual(outcome, {
    error: { code: -32603, message: 'The backend of this service has failed.' },
    problem: 'closed',
  })
  await eventually(() => bench.reasons.length > 0, 'the reason')
  assert.deepEqual(bench.reasons, [`\`${server.url}\` was left, for one of its messages could not be passed on`])
  const next = await bench.backends.connect(service({ type: 'http', url: server.url }), a)
  assert.deepEqual(await next.connection.request(call, { caller: a }), { result: {} })
})

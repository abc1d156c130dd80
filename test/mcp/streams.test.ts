import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer as ServerV2 } from '@modelcontextprotocol/server'
import { createTestClock } from '@postern/core/testing'
import { createResourceServer } from '@postern/resource-server'
import { createFakeIssuer } from '@postern/resource-server/testing'
import { apps, type Behind, listen } from '../frameworks.ts'

const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }

/** A stream of one's own that never ends, and goes on writing whatever becomes of its response. */
function createTicker(): Behind & { stop(): void } {
  const timers: ReturnType<typeof setInterval>[] = []
  const tick = (write: (text: string) => unknown) => void timers.push(setInterval(() => write('data: tick\n\n'), 50))
  return {
    node(_req, res) {
      res.writeHead(200, headers)
      tick((text) => res.write(text))
    },
    web() {
      const encoder = new TextEncoder()
      const write = (controller: ReadableStreamDefaultController<Uint8Array>, text: string) => {
        try {
          controller.enqueue(encoder.encode(text))
        } catch {
          // The one who reads has gone.
        }
      }
      return new Response(new ReadableStream({ start: (controller) => tick((text) => write(controller, text)) }), {
        headers,
      })
    },
    stop() {
      for (const timer of timers) clearInterval(timer)
    },
  }
}

/** The GET stream of a v1 server. */
function createV1(): Behind & { stop(): void } {
  const options = { sessionIdGenerator: undefined, keepAliveMs: 50 }
  const connect = async (transport: object) => {
    const server = new ServerV1({ name: 'test', version: '1' })
    await server.connect(transport as Parameters<typeof server.connect>[0])
  }
  return {
    async node(req, res) {
      const transport = new StreamableHTTPServerTransport(options as object)
      await connect(transport)
      await transport.handleRequest(req, res)
    },
    async web(request) {
      const transport = new WebStandardStreamableHTTPServerTransport(options as object)
      await connect(transport)
      return transport.handleRequest(request)
    },
    stop: () => undefined,
  }
}

/** The `subscriptions/listen` stream of a v2 server. */
function createV2(): Behind & { stop(): void } {
  const handler = createMcpHandler(
    () => {
      const server = new ServerV2({ name: 'test', version: '1' })
      server.registerTool('x', {}, () => ({ content: [] }))
      return server
    },
    { keepAliveMs: 50 },
  )
  const nodeHandler = toNodeHandler(handler)
  return {
    node: (req, res, _auth, body) => nodeHandler(req as Parameters<typeof nodeHandler>[0], res, body),
    web: (request, authInfo) => handler.fetch(request, { authInfo }),
    stop: () => void handler.close(),
  }
}

const subscription = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'subscriptions/listen',
  params: {
    notifications: { toolsListChanged: true },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
})
const listenRequest: RequestInit = {
  method: 'POST',
  body: subscription,
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'subscriptions/listen',
  },
}
const getRequest: RequestInit = { headers: { accept: 'text/event-stream' } }

const streams: Record<string, { create: () => Behind & { stop(): void }; request: RequestInit }> = {
  'a stream of one’s own': { create: createTicker, request: getRequest },
  'the GET stream of SDK v1': { create: createV1, request: getRequest },
  'subscriptions/listen of SDK v2': { create: createV2, request: listenRequest },
}

async function open(name: string, { create, request }: (typeof streams)[string], endStreams?: boolean) {
  const clock = createTestClock()
  const listening = await listen()
  const url = `http://127.0.0.1:${listening.port}/mcp`
  const issuer = await createFakeIssuer({ audience: url, clock })
  const rs = createResourceServer({ resource: url, issuers: [{ issuer: issuer.issuer }], clock })
  const behind = create()
  const app = apps[name] ?? assert.fail()
  listening.use(app(rs, endStreams === undefined ? undefined : { endStreams }, behind))
  const authorization = `Bearer ${issuer.mint()}`
  const response = await fetch(url, { ...request, headers: { ...request.headers, authorization } })
  assert.equal(response.status, 200, response.status === 200 ? '' : await response.text())
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  const reader = response.body?.getReader() ?? assert.fail()
  return {
    clock,
    /** Reads so many pieces, of which one comes every 50 ms; false where the stream ended before. */
    async goesOn(pieces: number) {
      for (let piece = 0; piece < pieces; piece += 1) if ((await reader.read()).done) return false
      return true
    },
    async close() {
      behind.stop()
      await reader.cancel().catch(() => undefined)
      rs.close()
      await listening.close()
      await issuer.close()
    },
  }
}

describe('C34: streams end when their token does', { concurrency: 8 }, () => {
  for (const name of Object.keys(apps)) {
    for (const [what, stream] of Object.entries(streams)) {
      test(`${name}: ${what}`, async () => {
        const { clock, goesOn, close } = await open(name, stream)
        try {
          // Tokens of the fake issuer live for 300 s, and the tolerance is 5 s.
          clock.advance(304_000)
          assert.ok(await goesOn(30), 'inside the tolerance it goes on')
          clock.advance(1001)
          const over = performance.now()
          while (await goesOn(1));
          assert.ok(performance.now() - over < 5000, 'closed within 5 s')
        } finally {
          await close()
        }
      })
    }

    test(`${name}: with endStreams off they do not`, async () => {
      const { clock, goesOn, close } = await open(name, streams['a stream of one’s own'] ?? assert.fail(), false)
      try {
        clock.advance(3_600_000)
        assert.ok(await goesOn(30))
      } finally {
        await close()
      }
    })
  }
})

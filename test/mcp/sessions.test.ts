import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { type EventStore, StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { type AuthInfo, createResourceServer, type ResourceServer } from '@postern/resource-server'
import {
  bindEventStore,
  bindSessions,
  createSessionId,
  type Sessions,
  sessionNotFound,
} from '@postern/resource-server/mcp'
import { createFakeIssuer, type FakeIssuer } from '@postern/resource-server/testing'
import { apps, type Behind, type Listening, listen } from '../frameworks.ts'

type NodeTransport = StreamableHTTPServerTransport
type WebTransport = WebStandardStreamableHTTPServerTransport

function createServer(): McpServer {
  const server = new McpServer({ name: 'test', version: '1' })
  server.registerTool('whoami', {}, ({ authInfo }) => ({
    content: [{ type: 'text', text: `${authInfo?.extra?.['sub'] ?? authInfo?.clientId}` }],
  }))
  return server
}

/** One store for all sessions, as a database would be. (The SDK's sample loses the order within a millisecond.) */
function createEventStore(): EventStore {
  const events: { streamId: string; message: Parameters<EventStore['storeEvent']>[1] }[] = []
  return {
    storeEvent: async (streamId, message) => String(events.push({ streamId, message }) - 1),
    async replayEventsAfter(lastEventId, { send }) {
      const streamId = events[Number(lastEventId)]?.streamId ?? ''
      for (const [index, event] of events.entries()) {
        if (index > Number(lastEventId) && event.streamId === streamId) await send(String(index), event.message)
      }
      return streamId
    },
  }
}

interface Stateful extends Behind {
  readonly sessions: Sessions<NodeTransport | WebTransport>
}

/** A stateful server as one writes it: a session's transport is found by its caller alone. */
function createStateful(): Stateful {
  const sessions = bindSessions<NodeTransport | WebTransport>({ onEvict: (transport) => void transport.close() })
  const sharedEvents = createEventStore()
  const open = async <T extends NodeTransport | WebTransport>(
    Transport: new (options: ConstructorParameters<typeof StreamableHTTPServerTransport>[0]) => T,
    auth: AuthInfo,
  ): Promise<T> => {
    const transport: T = new Transport({
      sessionIdGenerator: createSessionId,
      onsessioninitialized: (id) => sessions.set(id, auth, transport),
      onsessionclosed: (id) => sessions.delete(id),
      eventStore: bindEventStore(sharedEvents),
    })
    const server = createServer()
    await server.connect(transport as Parameters<typeof server.connect>[0])
    return transport
  }
  return {
    sessions,
    async node(req, res, auth, body) {
      const id = req.headers['mcp-session-id']?.toString()
      const transport = id === undefined ? await open(StreamableHTTPServerTransport, auth) : sessions.get(id, auth)
      if (transport instanceof StreamableHTTPServerTransport) return transport.handleRequest(req, res, body)
      res.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(sessionNotFound))
    },
    async web(request, authInfo) {
      const id = request.headers.get('mcp-session-id') ?? undefined
      const transport =
        id === undefined ? await open(WebStandardStreamableHTTPServerTransport, authInfo) : sessions.get(id, authInfo)
      if (transport instanceof WebStandardStreamableHTTPServerTransport)
        return transport.handleRequest(request, { authInfo })
      return Response.json(sessionNotFound, { status: 404 })
    },
  }
}

for (const [name, app] of Object.entries(apps)) {
  describe(`${name}: sessions`, () => {
    let issuers: FakeIssuer[]
    let rs: ResourceServer
    let listening: Listening
    let url: URL
    let backend: Stateful
    const clients: Client[] = []

    before(async () => {
      listening = await listen()
      url = new URL(`http://127.0.0.1:${listening.port}/mcp`)
      issuers = [await createFakeIssuer({ audience: url.href }), await createFakeIssuer({ audience: url.href })]
      rs = createResourceServer({ resource: url.href, issuers: issuers.map(({ issuer }) => ({ issuer })) })
      backend = createStateful()
      listening.use(app(rs, undefined, backend))
    })
    after(async () => {
      for (const client of clients) await client.close()
      rs.close()
      await listening.close()
      for (const issuer of issuers) await issuer.close()
    })

    const mint = (claims = {}, at = 0) =>
      issuers[at]?.mint({ sub: 'alice', client_id: 'app', ...claims }) ?? assert.fail()

    /** A session of alice's, opened by the SDK's own client. */
    const connect = async () => {
      const client = new Client({ name: 'test', version: '1' })
      const transport = new StreamableHTTPClientTransport(url, {
        requestInit: { headers: { authorization: `Bearer ${mint()}` } },
      })
      await client.connect(transport as Parameters<typeof client.connect>[0])
      clients.push(client)
      return { client, id: transport.sessionId ?? assert.fail() }
    }

    const send = async (token: string, method: string, id: string, more: Record<string, string> = {}) => {
      const headers = {
        authorization: `Bearer ${token}`,
        accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
        'mcp-session-id': id,
        'mcp-protocol-version': '2025-11-25',
        ...more,
      }
      const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'whoami', arguments: {} } }
      return fetch(url, { method, headers, ...(method === 'POST' ? { body: JSON.stringify(call) } : {}) })
    }

    const strangers = {
      'another person': () => mint({ sub: 'bob' }),
      'another client of hers': () => mint({ client_id: 'other' }),
      'her name at another issuer': () => mint({}, 1),
    }

    test("K1–K4: another caller's POST, GET and DELETE meet what an unknown session does", async () => {
      const { client, id } = await connect()
      for (const [who, token] of Object.entries(strangers)) {
        for (const method of ['POST', 'GET', 'DELETE']) {
          const answer = await send(token(), method, id)
          const unknown = await send(token(), method, createSessionId())
          assert.equal(answer.status, 404, `${who}, ${method}`)
          assert.deepEqual(await answer.json(), sessionNotFound)
          assert.deepEqual([unknown.status, await unknown.json()], [404, sessionNotFound])
          assert.equal(answer.headers.get('mcp-session-id'), null)
        }
      }
      await client.callTool({ name: 'whoami', arguments: {} })
    })

    test('K5: a refreshed token goes on with the session', async () => {
      const { id } = await connect()
      const answer = await send(mint({ scope: 'read' }), 'POST', id)
      assert.equal(answer.status, 200)
      assert.match(await answer.text(), /app/)
    })

    test('her own DELETE ends it', async () => {
      const { id } = await connect()
      const before = backend.sessions.size
      assert.equal((await send(mint(), 'DELETE', id)).status, 200)
      assert.equal(backend.sessions.size, before - 1)
      assert.equal((await send(mint(), 'POST', id)).status, 404)
    })

    test("K7: another session's Last-Event-ID replays nothing", async () => {
      const { id } = await connect()
      const events = await (await send(mint(), 'POST', id)).text()
      const [, first] = /^id: (.+)$/m.exec(events) ?? assert.fail('there are event ids')
      const own = await send(mint(), 'GET', id, { 'last-event-id': first ?? '' })
      assert.match(await readUntil(own, /"id":7/), /app/, 'she gets her own again')

      const bob = await openFor(mint({ sub: 'bob' }))
      const his = await send(mint({ sub: 'bob' }), 'GET', bob, { 'last-event-id': first ?? '' })
      assert.equal(his.status, 200)
      backend.sessions.get(bob, await authOf(mint({ sub: 'bob' })))?.close()
      assert.doesNotMatch(await his.text(), /data:/)
    })

    const openFor = async (token: string): Promise<string> => {
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
      })
      await answer.text()
      return answer.headers.get('mcp-session-id') ?? assert.fail()
    }

    const authOf = async (token: string): Promise<AuthInfo> => {
      const auth = await rs.authenticate(new Request(url, { headers: { authorization: `Bearer ${token}` } }))
      assert.ok(!(auth instanceof Response))
      return auth
    }
  })
}

async function readUntil(response: Response, pattern: RegExp): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!pattern.test(text)) {
    const next = await reader?.read()
    if (next?.value === undefined) break
    text += next.value
  }
  await reader?.cancel()
  return text
}

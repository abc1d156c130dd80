import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { authOf } from '@postern/resource-server/express'
import { bindSessions, sessionNotFound } from '@postern/resource-server/mcp'
import { MCPAuth } from '@postern/resource-server/mcp-auth'
import { createFakeIssuer } from '@postern/resource-server/testing'
import express, { type Request, type RequestHandler } from 'express'
import { MCPAuth as TheirMCPAuth } from 'mcp-auth'
import { resource, serverMetadata } from './apps.ts'

/** A stateful server's transports, as its program keeps them. */
interface Sessions {
  get(id: string, req: Request): StreamableHTTPServerTransport | undefined
  set(id: string, req: Request, transport: StreamableHTTPServerTransport): void
}

/** As the examples of the SDK do it: whoever has the id has the session. */
function byId(): Sessions {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  return { get: (id) => transports.get(id), set: (id, _req, transport) => void transports.set(id, transport) }
}

function byCaller(): Sessions {
  const sessions = bindSessions<StreamableHTTPServerTransport>()
  return {
    get: (id, req) => sessions.get(id, authOf(req)),
    set: (id, req, transport) => sessions.set(id, authOf(req), transport),
  }
}

function handlerOf(sessions: Sessions): RequestHandler {
  return async (req, res) => {
    const id = req.get('mcp-session-id')
    const transport = id === undefined ? await open(sessions, req) : sessions.get(id, req)
    if (transport === undefined) res.status(404).json(sessionNotFound)
    else await handle(transport, req, res)
  }
}

/** The two generations of the SDK disagree about the type of `auth`, so here the request has none. */
function handle(transport: StreamableHTTPServerTransport, req: IncomingMessage, res: ServerResponse): Promise<void> {
  return transport.handleRequest(req, res)
}

async function open(sessions: Sessions, req: Request): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: true,
    onsessioninitialized: (id) => sessions.set(id, req, transport),
  })
  const server = new McpServer({ name: 'test', version: '1' })
  await server.connect(transport as Parameters<typeof server.connect>[0])
  return transport
}

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
}

describe('other than mcp-auth 0.2.0: sessions', () => {
  for (const [library, expected] of Object.entries({ theirs: [200, 200, 200], ours: [404, 404, 404] })) {
    test(`K1 K2 K3 Bob with the id of Alice's session: ${library}`, async () => {
      const issuer = await createFakeIssuer({ audience: resource })
      const metadata = { resource, authorizationServers: [{ metadata: serverMetadata(issuer), type: 'oidc' as const }] }
      const config = { protectedResources: { metadata } }
      const app = express()
      app.set('env', 'test')
      const isOurs = library === 'ours'
      const guard = isOurs
        ? new MCPAuth(config).bearerAuth('jwt', { resource })
        : new TheirMCPAuth(config).bearerAuth('jwt', { resource })
      app.use('/mcp', guard, handlerOf(isOurs ? byCaller() : byId()))
      const server = app.listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
      const call = (sub: string, method: string, id?: string, message?: object) =>
        fetch(url, {
          method,
          headers: {
            authorization: `Bearer ${issuer.mint({ sub })}`,
            accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
            'content-type': 'application/json',
            ...(id === undefined ? {} : { 'mcp-session-id': id }),
          },
          ...(message === undefined ? {} : { body: JSON.stringify(message) }),
        })
      const statusOf = async (answer: Promise<Response>) => {
        const { status, body } = await answer
        await body?.cancel()
        return status
      }
      try {
        const opened = await call('alice', 'POST', undefined, initialize)
        const id = opened.headers.get('mcp-session-id') ?? ''
        await opened.text()
        const ping = { jsonrpc: '2.0', id: 2, method: 'ping' }
        assert.equal(await statusOf(call('alice', 'POST', id, ping)), 200)
        const bobs = [
          await statusOf(call('bob', 'POST', id, ping)),
          await statusOf(call('bob', 'GET', id)),
          await statusOf(call('bob', 'DELETE', id)),
        ]
        assert.deepEqual(bobs, expected)
        if (isOurs) assert.equal(await statusOf(call('alice', 'POST', id, ping)), 200)
      } finally {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
        await issuer.close()
      }
    })
  }
})

import type { IncomingMessage, ServerResponse } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer as ServerV1, ResourceTemplate as TemplateV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer as ServerV2, ResourceTemplate as TemplateV2 } from '@modelcontextprotocol/server'
import { authInfoOf, type HandlerContext, type ScopeChallengeHandler } from '@postern/resource-server/mcp'
import type { Behind } from '../frameworks.ts'

/** A server of an SDK, and what it has executed. */
export interface McpBackend extends Behind {
  readonly executed: string[]
}

/** The SDK's own types are not written for exactOptionalPropertyTypes. */
type TransportOf<S extends { connect(transport: never): unknown }> = Parameters<S['connect']>[0]

const items = (text: string) => ({ content: [{ type: 'text' as const, text }] })
const contents = (uri: URL) => ({ contents: [{ uri: uri.href, text: 'x' }] })
const messages = { messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'x' } }] }

/** Tools delete and read, a prompt review, resources config://app and users://{id}; all tell that they were executed. */
export function createV1(): McpBackend {
  const executed: string[] = []
  const createServer = () => {
    const server = new ServerV1({ name: 'test', version: '1' })
    const run = (name: string, extra: HandlerContext) => {
      executed.push(name)
      return items(authInfoOf(extra).subject)
    }
    server.registerTool('delete', {}, (extra) => run('delete', extra))
    server.registerTool('read', {}, (extra) => run('read', extra))
    server.registerPrompt('review', {}, () => {
      executed.push('review')
      return messages
    })
    server.registerResource('app', 'config://app', {}, (uri) => {
      executed.push(uri.href)
      return contents(uri)
    })
    server.registerResource('user', new TemplateV1('users://{id}', { list: undefined }), {}, (uri) => {
      executed.push(uri.href)
      return contents(uri)
    })
    return server
  }
  return {
    executed,
    async node(req, res, _auth, body) {
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
      await createServer().connect(transport as TransportOf<ServerV1>)
      await transport.handleRequest(req, res, body)
    },
    async web(request, authInfo) {
      const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
      await createServer().connect(transport as TransportOf<ServerV1>)
      return transport.handleRequest(request, { authInfo })
    },
  }
}

/** The same on SDK v2, which serves legacy and 2026-07-28 requests. With a handler it asks for scopes by itself. */
export function createV2(scopeChallenge?: ScopeChallengeHandler): McpBackend {
  const executed: string[] = []
  const config = scopeChallenge === undefined ? {} : { scopeChallenge }
  const handler = createMcpHandler(() => {
    const server = new ServerV2({ name: 'test', version: '1' })
    const run = (name: string, ctx: HandlerContext) => {
      executed.push(name)
      return items(authInfoOf(ctx).subject)
    }
    server.registerTool('delete', config, (ctx) => run('delete', ctx))
    server.registerTool('read', config, (ctx) => run('read', ctx))
    server.registerPrompt('review', config, () => {
      executed.push('review')
      return messages
    })
    server.registerResource('app', 'config://app', config, (uri) => {
      executed.push(uri.href)
      return contents(uri)
    })
    server.registerResource('user', new TemplateV2('users://{id}', { list: undefined }), config, (uri) => {
      executed.push(uri.href)
      return contents(uri)
    })
    return server
  })
  const nodeHandler = toNodeHandler(handler)
  return {
    executed,
    node: (req: IncomingMessage, res: ServerResponse, _auth, body) =>
      nodeHandler(req as Parameters<typeof nodeHandler>[0], res, body),
    web: (request, authInfo) => handler.fetch(request, { authInfo }),
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { StreamableHTTPClientTransport as ClientTransportV2, Client as ClientV2 } from '@modelcontextprotocol/client'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as ClientTransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  type EventStore as EventStoreV1,
  StreamableHTTPServerTransport,
} from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { WebStandardStreamableHTTPServerTransport as WebTransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import {
  type EventStore as EventStoreV2,
  McpServer as ServerV2,
  WebStandardStreamableHTTPServerTransport as WebTransportV2,
} from '@modelcontextprotocol/server'
import type { AuthInfo } from '@postern/resource-server'
import {
  authInfoOf,
  bindEventStore,
  bindSessions,
  createSessionId,
  type HandlerContext,
  type Sessions,
  sessionNotFound,
} from '@postern/resource-server/mcp'
import type { Behind } from '../frameworks.ts'

interface NodeTransport {
  handleRequest(req: IncomingMessage, res: ServerResponse, body?: unknown): Promise<void>
  close(): Promise<void>
}

interface WebTransport {
  handleRequest(request: Request, options: { authInfo: AuthInfo }): Promise<Response>
  close(): Promise<void>
}

interface Hooks {
  readonly sessionIdGenerator: () => string
  readonly onsessioninitialized: (id: string) => void
  readonly onsessionclosed: (id: string) => void
}

/** A client's own session. */
export interface Opened {
  readonly id: string | undefined
  whoami(): Promise<unknown>
  close(): Promise<void>
}

/** What differs between the generations of the SDK. */
export interface Sdk {
  openNode(hooks: Hooks): Promise<NodeTransport>
  openWeb(hooks: Hooks): Promise<WebTransport>
  /** Opens a session by the SDK's own client. */
  connect(url: URL, token: string): Promise<Opened>
}

/** The SDK's own types are not written for exactOptionalPropertyTypes. */
type TransportOf<S extends { connect(transport: never): unknown }> = Parameters<S['connect']>[0]

const info = { name: 'test', version: '1' }
const asking = { name: 'whoami', arguments: {} }

function whoami(context: HandlerContext) {
  const { subject, clientId } = authInfoOf(context)
  return { content: [{ type: 'text' as const, text: `${subject} by ${clientId}` }] }
}

/** One store for all sessions, as a database would be. (The SDK's sample loses the order within a millisecond.) */
function createEventStore<Message>() {
  const events: { streamId: string; message: Message }[] = []
  return {
    storeEvent: async (streamId: string, message: Message) => String(events.push({ streamId, message }) - 1),
    async replayEventsAfter(
      lastEventId: string,
      { send }: { send: (eventId: string, message: Message) => Promise<void> },
    ) {
      const streamId = events[Number(lastEventId)]?.streamId ?? ''
      for (const [index, event] of events.entries()) {
        if (index > Number(lastEventId) && event.streamId === streamId) await send(String(index), event.message)
      }
      return streamId
    },
  }
}

function createSdkV1(): Sdk {
  const events = createEventStore<Parameters<EventStoreV1['storeEvent']>[1]>()
  const serve = async <T extends StreamableHTTPServerTransport | WebTransportV1>(transport: T): Promise<T> => {
    const server = new ServerV1(info)
    server.registerTool('whoami', {}, whoami)
    await server.connect(transport as TransportOf<ServerV1>)
    return transport
  }
  return {
    openNode: (hooks) => serve(new StreamableHTTPServerTransport({ ...hooks, eventStore: bindEventStore(events) })),
    openWeb: (hooks) => serve(new WebTransportV1({ ...hooks, eventStore: bindEventStore(events) })),
    async connect(url, token) {
      const client = new ClientV1(info)
      const transport = new ClientTransportV1(url, { requestInit: { headers: { authorization: `Bearer ${token}` } } })
      await client.connect(transport as TransportOf<ClientV1>)
      return { id: transport.sessionId, whoami: () => client.callTool(asking), close: () => client.close() }
    },
  }
}

function createSdkV2(): Sdk {
  const events = createEventStore<Parameters<EventStoreV2['storeEvent']>[1]>()
  const serve = async <T extends NodeStreamableHTTPServerTransport | WebTransportV2>(transport: T): Promise<T> => {
    const server = new ServerV2(info)
    server.registerTool('whoami', {}, whoami)
    await server.connect(transport as TransportOf<ServerV2>)
    return transport
  }
  return {
    openNode: (hooks) => serve(new NodeStreamableHTTPServerTransport({ ...hooks, eventStore: bindEventStore(events) })),
    openWeb: (hooks) => serve(new WebTransportV2({ ...hooks, eventStore: bindEventStore(events) })),
    async connect(url, token) {
      const client = new ClientV2(info)
      const transport = new ClientTransportV2(url, { requestInit: { headers: { authorization: `Bearer ${token}` } } })
      await client.connect(transport as TransportOf<ClientV2>)
      return { id: transport.sessionId, whoami: () => client.callTool(asking), close: () => client.close() }
    },
  }
}

export const sdks: Readonly<Record<string, () => Sdk>> = { 'SDK v1': createSdkV1, 'SDK v2': createSdkV2 }

type Session = { readonly node: NodeTransport } | { readonly web: WebTransport }

export interface Stateful extends Behind {
  readonly sessions: Sessions<Session>
}

export function closeSession(session: Session | undefined): Promise<void> | undefined {
  return session === undefined ? undefined : 'node' in session ? session.node.close() : session.web.close()
}

/** A stateful server as one writes it: a session's transport is found by its caller alone. */
export function createStateful(sdk: Sdk): Stateful {
  const sessions = bindSessions<Session>({ onEvict: (session) => void closeSession(session) })
  const hooks = (auth: AuthInfo, session: () => Session): Hooks => ({
    sessionIdGenerator: createSessionId,
    onsessioninitialized: (id) => sessions.set(id, auth, session()),
    onsessionclosed: (id) => sessions.delete(id),
  })
  const openNode = async (auth: AuthInfo): Promise<Session> => {
    const session: Session = { node: await sdk.openNode(hooks(auth, () => session)) }
    return session
  }
  const openWeb = async (auth: AuthInfo): Promise<Session> => {
    const session: Session = { web: await sdk.openWeb(hooks(auth, () => session)) }
    return session
  }
  return {
    sessions,
    async node(req, res, auth, body) {
      const id = req.headers['mcp-session-id']?.toString()
      const session = id === undefined ? await openNode(auth) : sessions.get(id, auth)
      if (session !== undefined && 'node' in session) return session.node.handleRequest(req, res, body)
      res.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(sessionNotFound))
    },
    async web(request, authInfo) {
      const id = request.headers.get('mcp-session-id') ?? undefined
      const session = id === undefined ? await openWeb(authInfo) : sessions.get(id, authInfo)
      if (session !== undefined && 'web' in session) return session.web.handleRequest(request, { authInfo })
      return Response.json(sessionNotFound, { status: 404 })
    },
  }
}

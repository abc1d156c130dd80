import type { Clock } from '@postern/core'
import { isJsonObject, type JsonObject, type RpcOutcome, type RpcRequest, rpcCodes, rpcError } from './json-rpc.ts'
import type { Live } from './live.ts'
import type { Caller, Connection, ServerDescription } from './types.ts'
import { gatewayInfo, latestLegacyVersion } from './versions.ts'

const server: ServerDescription = {
  era: 'legacy',
  protocolVersion: latestLegacyVersion,
  serverInfo: { name: 'postern-builtin', title: "Postern's own tools", version: gatewayInfo.version },
  capabilities: { tools: {} },
}

interface Tool {
  readonly definition: JsonObject
  call(args: JsonObject, context: { readonly caller: Caller; readonly clock: Clock }): JsonObject
}

const readOnly = { readOnlyHint: true, openWorldHint: false } as const

const whoami: Tool = {
  definition: {
    name: 'whoami',
    title: 'Who am I?',
    description: 'Shows how this gateway knows the caller: kind of credential, subject, client, issuer, scopes.',
    inputSchema: { type: 'object', properties: {}, additionalProperties: false },
    outputSchema: {
      type: 'object',
      properties: {
        kind: { type: 'string' },
        subject: { type: 'string' },
        clientId: { type: 'string' },
        issuer: { type: 'string' },
        scopes: { type: 'array', items: { type: 'string' } },
        apiKeyName: { type: 'string' },
      },
      required: ['kind', 'subject', 'clientId', 'scopes'],
    },
    annotations: readOnly,
  },
  call: (_args, { caller }) => {
    const { kind, subject, clientId, issuer, scopes, apiKeyName } = caller
    return structured({
      kind,
      subject,
      clientId,
      ...(issuer === undefined ? {} : { issuer }),
      scopes: [...scopes],
      ...(apiKeyName === undefined ? {} : { apiKeyName }),
    })
  },
}

const echo: Tool = {
  definition: {
    name: 'echo',
    title: 'Echo',
    description: 'Answers with the message it is given.',
    inputSchema: {
      type: 'object',
      properties: { message: { type: 'string', description: 'What to say back' } },
      required: ['message'],
      additionalProperties: false,
    },
    annotations: readOnly,
  },
  call: ({ message }) => (typeof message === 'string' ? text(message) : mistake('message: give the text to echo')),
}

const currentTime: Tool = {
  definition: {
    name: 'current_time',
    title: 'Current time',
    description: 'The time now, in UTC and in a time zone of choice.',
    inputSchema: {
      type: 'object',
      properties: { timeZone: { type: 'string', description: 'An IANA name such as Asia/Shanghai; default UTC' } },
      additionalProperties: false,
    },
    outputSchema: {
      type: 'object',
      properties: { utc: { type: 'string' }, local: { type: 'string' }, timeZone: { type: 'string' } },
      required: ['utc', 'local', 'timeZone'],
    },
    annotations: readOnly,
  },
  call: ({ timeZone = 'UTC' }, { clock }) => {
    const now = new Date(clock.now())
    const local = typeof timeZone === 'string' ? localTime(now, timeZone) : undefined
    if (local === undefined) return mistake('timeZone: give an IANA name such as Europe/Berlin')
    return structured({ utc: now.toISOString(), local, timeZone })
  },
}

const tools: ReadonlyMap<string, Tool> = new Map([
  ['whoami', whoami],
  ['echo', echo],
  ['current_time', currentTime],
])
const listed: RpcOutcome = { result: { tools: [...tools.values()].map((tool) => tool.definition) } }

/** The gateway's own tools, answered in this process: it can neither fail nor end. */
export function startBuiltin(clock: Clock): Live {
  const connection: Connection = {
    server,
    request: (request, { caller }) => Promise.resolve(answer(request, caller, clock)),
    notify: () => {},
    watch: () => () => {},
    setLogLevel: () => {},
  }
  return { connection, ended: new Promise(() => {}), close: () => Promise.resolve() }
}

function answer({ method, params }: RpcRequest, caller: Caller, clock: Clock): RpcOutcome {
  if (method === 'tools/list') return listed
  if (method !== 'tools/call') return rpcError(rpcCodes.methodNotFound, 'Method not found')
  const { name, arguments: args = {} } = params ?? {}
  const tool = typeof name === 'string' ? tools.get(name) : undefined
  if (tool === undefined) return rpcError(rpcCodes.invalidParams, 'Unknown tool')
  if (!isJsonObject(args)) return rpcError(rpcCodes.invalidParams, 'arguments: give an object')
  return { result: tool.call(args, { caller, clock }) }
}

function text(value: string): JsonObject {
  return { content: [{ type: 'text', text: value }] }
}

function structured(value: JsonObject): JsonObject {
  return { ...text(JSON.stringify(value, null, 2)), structuredContent: value }
}

function mistake(message: string): JsonObject {
  return { ...text(message), isError: true }
}

function localTime(time: Date, timeZone: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(time)
  } catch {
    return undefined
  }
}

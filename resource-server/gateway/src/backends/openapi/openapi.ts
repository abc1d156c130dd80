import { isJsonObject, type JsonObject, type RpcOutcome, type RpcRequest, rpcCodes, rpcError } from '../json-rpc.ts'
import type { Live } from '../live.ts'
import { printable, redact } from '../text.ts'
import {
  BackendError,
  type BackendLimits,
  type CallOptions,
  type Connection,
  type OpenapiBackend,
  type ServerDescription,
} from '../types.ts'
import { gatewayInfo, latestLegacyVersion } from '../versions.ts'
import { mistake, toResult } from './answer.ts'
import { baseUrlOf } from './base-url.ts'
import { ArgumentProblem } from './encode.ts'
import { readOperations } from './operations.ts'
import { readDocument } from './read-document.ts'
import { type ApiRequest, buildRequest } from './request.ts'
import { makeTools, type Tool } from './tools.ts'

export interface OpenapiOptions {
  readonly backend: OpenapiBackend
  /** Brings the gateway's own token along where there is one. Redirects are refused whatever it does. */
  readonly fetch: typeof fetch
  /** Throws when the host of a URL is one that is never contacted. */
  readonly checkHost: (url: URL) => Promise<void>
  /** What no caller is to see: values of the backend's headers, its tokens. */
  readonly secrets: () => readonly string[]
  /** Told why a call came to nothing; the caller is told no more than that it did. */
  readonly onTrouble: (reason: string) => void
  readonly limits: BackendLimits
}

/**
 * An API over HTTP as an MCP server: each operation of its OpenAPI document is a tool.
 * @throws BackendError with a sentence that names the place in the document and the mend
 */
export async function startOpenapi(options: OpenapiOptions): Promise<Live> {
  const { backend, limits } = options
  const document = await readDocument(backend.document, limits)
  const base = baseUrlOf(backend, document)
  const fixedHeaders = new Set(Object.keys(backend.headers ?? {}).map((name) => name.toLowerCase()))
  const hasBaseUrl = backend.baseUrl !== undefined
  const { operations, leftOut } = readOperations(document, { limits, fixedHeaders, hasBaseUrl })
  const tools = makeTools(document, operations, limits)
  await checkBase(base, options)
  const closing = new AbortController()
  const api = { ...options, base, tools: new Map(tools.map((tool) => [tool.name, tool])), closing: closing.signal }
  const connection: Connection = {
    server: describe(document, leftOut, limits),
    request: answerer(api),
    notify: () => {},
    watch: () => () => {},
    setLogLevel: () => {},
  }
  return {
    connection,
    ended: new Promise((resolve) => closing.signal.addEventListener('abort', () => resolve({ kind: 'closed' }))),
    close() {
      closing.abort()
      return Promise.resolve()
    },
  }
}

interface Api extends OpenapiOptions {
  readonly base: URL
  readonly tools: ReadonlyMap<string, Tool>
  readonly closing: AbortSignal
}

async function checkBase(base: URL, { checkHost, limits }: OpenapiOptions): Promise<void> {
  try {
    await checkHost(base)
  } catch (error) {
    const reason = printable(error instanceof Error ? error.message : 'it has no address', limits.quotedLength)
    throw new BackendError('failed', `\`${base.origin}${base.pathname}\` cannot be called: ${reason}`, { cause: error })
  }
}

function describe(document: JsonObject, leftOut: readonly string[], limits: BackendLimits): ServerDescription {
  const info = isJsonObject(document['info']) ? document['info'] : {}
  const { title, version, description } = info
  const name = typeof title === 'string' && title !== '' ? printable(title, 100) : 'api'
  const missing = leftOut.length === 0 ? [] : [`These operations cannot be called here:\n${leftOut.join('\n')}`]
  const about = typeof description === 'string' && description.trim() !== '' ? [description.trim()] : []
  const instructions = [...about, ...missing].join('\n\n').slice(0, limits.openapiDescription).toWellFormed()
  return {
    era: 'legacy',
    protocolVersion: latestLegacyVersion,
    serverInfo: { name, version: version === undefined ? '0' : printable(String(version), 50) },
    capabilities: { tools: {} },
    ...(instructions === '' ? {} : { instructions }),
  }
}

function answerer(api: Api): Connection['request'] {
  const listed: RpcOutcome = { result: { tools: [...api.tools.values()].map(({ definition }) => definition) } }
  let underWay = 0
  return async (request, options) => {
    if (api.closing.aborted) return closed
    if (request.method === 'tools/list') return listed
    if (request.method === 'ping') return { result: {} }
    if (request.method !== 'tools/call') return rpcError(rpcCodes.methodNotFound, 'Method not found')
    if (underWay >= api.limits.inFlight) return busy
    underWay += 1
    try {
      return await call(api, request, options)
    } finally {
      underWay -= 1
    }
  }
}

async function call(api: Api, { params }: RpcRequest, { signal }: CallOptions): Promise<RpcOutcome> {
  const { name, arguments: args = {} } = params ?? {}
  const tool = typeof name === 'string' ? api.tools.get(name) : undefined
  if (tool === undefined) return rpcError(rpcCodes.invalidParams, 'Unknown tool')
  if (!isJsonObject(args)) return rpcError(rpcCodes.invalidParams, 'arguments: give an object')
  const timeOut = AbortSignal.timeout(api.limits.openapiCallMs)
  const signals = [api.closing, timeOut, ...(signal === undefined ? [] : [signal])]
  try {
    return { result: await ask(api, tool, buildRequest(api.base, tool, args), AbortSignal.any(signals)) }
  } catch (error) {
    if (signal?.aborted === true) return cancelled
    if (api.closing.aborted) return closed
    return { result: mistake(timeOut.aborted ? tooSlow(api.limits) : excuse(error, api)) }
  }
}

function tooSlow({ openapiCallMs }: BackendLimits): string {
  return `The API did not answer within ${openapiCallMs / 1000} s.`
}

/** What the caller is told of a failure that is none of the API's answers. */
function excuse(error: unknown, api: Api): string {
  if (error instanceof ArgumentProblem) return error.message
  api.onTrouble(reasonOf(error, api))
  return error instanceof BackendError ? 'The gateway got no token for the API.' : 'The API could not be reached.'
}

async function ask(api: Api, tool: Tool, request: ApiRequest, signal: AbortSignal): Promise<JsonObject> {
  const { limits, backend } = api
  const fixed = Object.entries(backend.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
  const { cookie: ownCookie } = Object.fromEntries(fixed)
  const cookie = [ownCookie, request.headers['cookie']].filter((one) => one !== undefined).join('; ')
  const response = await api.fetch(request.url, {
    method: request.method,
    // What the service sets stands, whatever the arguments.
    headers: {
      accept,
      'user-agent': userAgent,
      ...request.headers,
      ...Object.fromEntries(fixed),
      ...(cookie === '' ? {} : { cookie }),
    },
    ...(request.body === undefined ? {} : { body: request.body }),
    redirect: 'manual',
    signal,
  })
  return await toResult(response, { limits, promised: tool.answer, secrets: longSecrets(api) })
}

const userAgent = `${gatewayInfo.name}/${gatewayInfo.version}`
const accept = 'application/json, text/*;q=0.9, */*;q=0.5'

/** A short value is likely to be something else in an answer. */
function longSecrets({ secrets, limits }: Api): string[] {
  return secrets().filter((value) => value.length >= limits.openapiSecretLength)
}

/** The innermost cause of a failed fetch says most. It may be wrapped a few times. */
function reasonOf(error: unknown, { secrets, limits }: Api): string {
  let innermost = error
  for (let depth = 0; depth < 5 && innermost instanceof Error && innermost.cause instanceof Error; depth++) {
    innermost = innermost.cause
  }
  const message = innermost instanceof Error ? innermost.message : 'the request failed'
  return printable(redact(message, secrets()), limits.quotedLength)
}

const closed: RpcOutcome = {
  ...rpcError(rpcCodes.internalError, 'The backend of this service was closed.'),
  problem: 'closed',
}
const busy: RpcOutcome = {
  ...rpcError(rpcCodes.internalError, 'Too many requests are under way.'),
  problem: 'busy',
}
const cancelled: RpcOutcome = {
  ...rpcError(rpcCodes.internalError, 'The request was cancelled.'),
  problem: 'cancelled',
}

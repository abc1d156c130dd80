import { askable } from '../backends/capabilities.ts'
import {
  isJsonObject,
  isRpcId,
  type ParsedMessage,
  parseMessage,
  type RpcId,
  type RpcNotification,
  type RpcRequest,
  rpcCodes,
  rpcError,
} from '../backends/json-rpc.ts'
import { isLegacyVersion, latestLegacyVersion } from '../backends/versions.ts'
import { type Accepts, type Answer, createAnswer, readAccept, response } from './answer.ts'
import { type ClientDescription, initializeResult, isLogLevel } from './eras.ts'
import type { Exchange } from './exchange.ts'
import { connectOptions, follow, sessionOf } from './legacy-session.ts'
import type { Parts } from './parts.ts'
import { isAboutTask, mayHaveTasks, withoutTask, withoutTasks } from './policy/tasks.ts'
import { finishRelayed, type Relayed, unavailable } from './relay.ts'
import { Refusal, refusals, sendEmpty, sendJson } from './replies.ts'
import type { Session } from './sessions.ts'
import { isSearch } from './toolset/reached-tools.ts'

/** A legacy client's messages, and the session that they belong to, if there is one. */
interface Conversation {
  readonly exchange: Exchange
  readonly session: Session | undefined
  readonly parts: Parts
}

type ParsedRequest = Extract<ParsedMessage, { readonly kind: 'request' }>

/**
 * Serves one POST of a client of 2025-11-25 or before. Without a session, which curl and stateless clients do without, a
 * request is served all the same.
 * @throws Refusal
 */
export async function serveLegacy(exchange: Exchange, body: unknown, parts: Parts): Promise<void> {
  const messages = parseBody(body, parts.limits.batch)
  const [first] = messages
  const isFirst = first?.kind === 'request' && first.request.method === 'initialize' && messages.length === 1
  const session = isFirst ? undefined : sessionOf(exchange, parts)
  const requests = messages.filter((message) => message.kind === 'request')
  const passedOn = messages.filter((message) => message.kind === 'notification' && isPassedOn(message.notification))
  const asked = requests.map(({ request }) => request)
  checkSearches(exchange, asked, parts.limits.batchSearches)
  const isWork = asked.length + passedOn.length > 0
  // What only the gateway hears (answers, progress, cancellations) costs nothing and is heard in the order in which it came.
  const leave = isWork ? await parts.policy.enter(exchange, asked, passedOn.length) : () => {}
  try {
    if (isFirst) await initialize(exchange, first, parts)
    else await converse({ exchange, session, parts }, messages, Array.isArray(body))
  } finally {
    leave()
  }
}

/** Everything in it may pass. */
async function converse(
  conversation: Conversation,
  messages: readonly ParsedMessage[],
  isBatch: boolean,
): Promise<void> {
  const { exchange, session } = conversation
  for (const message of messages) {
    if (message.kind === 'notification') tell(conversation, message.notification)
    // Without a session nobody was asked anything.
    else if (message.kind === 'response') session?.questions.answer(message.id, message.outcome)
  }
  const requests = messages.filter((message) => message.kind === 'request')
  if (requests.length === 0) return sendEmpty(exchange.res, 202, exchange.headers)
  if (isBatch) return await serveBatch(conversation, requests)
  for (const request of requests) await serveRequest(conversation, request)
}

function parseBody(body: unknown, maxBatch: number): ParsedMessage[] {
  const elements: unknown[] = Array.isArray(body) ? body : [body]
  if (elements.length === 0 || elements.length > maxBatch) throw new Refusal(refusals.notRpc)
  return elements.map((element) => {
    const message = parseMessage(element)
    if (message === undefined) throw new Refusal(refusals.notRpc)
    return message
  })
}

function checkSearches({ service }: Exchange, requests: readonly RpcRequest[], most: number): void {
  if (requests.filter((request) => isSearch(service.backend, request)).length <= most) return
  const message = `Invalid request: at most ${most} searches in one batch; describe several tasks in one mcp_search_tool`
  throw new Refusal({ status: 400, code: rpcCodes.invalidRequest, message })
}

async function initialize(exchange: Exchange, { id, request }: ParsedRequest, parts: Parts): Promise<void> {
  const { res, service, principal, note } = exchange
  note({ method: request.method })
  const accepts = acceptsOf(exchange, id)
  const { protocolVersion, clientInfo, capabilities } = request.params ?? {}
  // Before the backend is there: when that takes long, the head of the answer goes first.
  const session = parts.sessions.open({
    serviceId: service.id,
    callerKey: principal.caller.key,
    clientInfo: isJsonObject(clientInfo) ? clientInfo : undefined,
    capabilities: askable(isJsonObject(capabilities) ? capabilities : {}),
  })
  const answer = createAnswer(res, { accepts, limits: parts.limits, headers: headersOf(exchange, session) })
  try {
    const lease = await parts.backends.connect(service, principal.caller, connectOptions(session))
    lease.release()
    const agreed = isLegacyVersion(protocolVersion) ? protocolVersion : latestLegacyVersion
    const { server } = lease.connection
    answer.finish(id, { result: initializeResult(mayHaveTasks(exchange) ? server : withoutTasks(server), agreed) })
  } catch (error) {
    parts.sessions.end(session)
    finishRelayed(answer, id, unavailable(error))
  }
}

function headersOf({ headers }: Exchange, session: Session | undefined): Readonly<Record<string, string>> {
  return session === undefined ? headers : { ...headers, 'mcp-session-id': session.id }
}

async function serveRequest(conversation: Conversation, { id, request }: ParsedRequest): Promise<void> {
  const { exchange, session, parts } = conversation
  exchange.note({ method: request.method })
  const headers = headersOf(exchange, session)
  const answer = createAnswer(exchange.res, { accepts: acceptsOf(exchange, id), limits: parts.limits, headers })
  finishRelayed(answer, id, await answerTo(conversation, id, request, answer))
}

/** Batches went with 2025-06-18. Their answers come together; what is said before them is lost. */
async function serveBatch(conversation: Conversation, requests: readonly ParsedRequest[]): Promise<void> {
  const { exchange } = conversation
  exchange.note({ method: 'batch' })
  const answers = requests.map(async ({ id, request }) => {
    const { outcome } = await answerTo(conversation, id, request, silent)
    return response(id, outcome)
  })
  sendJson(exchange.res, 200, await Promise.all(answers), exchange.headers)
}

/** Where nothing can be said before the answer. */
const silent: Pick<Answer, 'notify' | 'say'> = { notify: () => {}, say: () => false }

/**
 * What begins something between a backend and its one client, which is the gateway: it would be begun anew for everybody
 * who shares the connection, or never come to an end. An `initialize` that comes here is one among others.
 */
const begins = new Set(['initialize', 'server/discover', 'subscriptions/listen'])

async function answerTo(
  { session, exchange, parts }: Conversation,
  id: RpcId,
  request: RpcRequest,
  { notify, say }: Pick<Answer, 'notify' | 'say'>,
): Promise<Relayed> {
  if (request.method === 'ping') return { outcome: { result: {} } }
  const hasTasks = mayHaveTasks(exchange)
  if (begins.has(request.method) || (isAboutTask(request) && !hasTasks)) {
    return { outcome: rpcError(rpcCodes.methodNotFound, 'Method not found') }
  }
  const { service, principal, gone } = exchange
  const abort = new AbortController()
  session?.inFlight.set(id, abort)
  if (session !== undefined) before(session, request)
  const relayed = await parts.relay({
    service,
    principal,
    mayReach: exchange.tools.shows,
    client: describe(session),
    request: hasTasks ? request : withoutTask(request),
    // A broken connection does not cancel a request of this era (MCP 2025-11-25, "Sending Messages"). Without a session
    // nobody could ever do it otherwise.
    signal: session === undefined ? gone : abort.signal,
    onNotification: notify,
    ask: session?.questions.asker((message) => say(message) || (session.stream?.send(message) ?? false)),
  })
  exchange.ended(request, relayed)
  if (session?.inFlight.get(id) === abort) session.inFlight.delete(id)
  if (session !== undefined) await after(exchange, session, request, relayed, parts)
  return relayed
}

function describe(session: Session | undefined): ClientDescription {
  const { clientInfo, logLevel, capabilities = {} } = session ?? {}
  return { era: 'legacy', clientInfo, logLevel, capabilities }
}

/** Where the backend is of a later era, the level goes with each request from now on. */
function before(session: Session, { method, params }: RpcRequest): void {
  const level = params?.['level']
  if (method === 'logging/setLevel' && isLogLevel(level)) session.logLevel = level
}

/** Keeps the session's stream on what the client subscribed to, and on the backend of today where the last one has gone. */
async function after(exchange: Exchange, session: Session, request: RpcRequest, { outcome }: Relayed, parts: Parts) {
  const changed = !('error' in outcome) && noteSubscription(session, request, parts.limits.watchedResources)
  if (session.stream === undefined || (!changed && session.stream.watching() !== undefined)) return
  const { service, principal } = exchange
  const lease = await parts.backends.connect(service, principal.caller, connectOptions(session)).catch(() => undefined)
  if (lease !== undefined) follow(session, lease)
}

function noteSubscription({ resources }: Session, { method, params }: RpcRequest, most: number): boolean {
  const uri = params?.['uri']
  if (typeof uri !== 'string') return false
  if (method === 'resources/unsubscribe') return resources.delete(uri)
  if (method !== 'resources/subscribe' || resources.has(uri) || resources.size >= most) return false
  resources.add(uri)
  return true
}

const rootsChanged = 'notifications/roots/list_changed'

/** What is between client and gateway; other notifications are the backend's business. */
const forTheGateway = new Set(['notifications/initialized', 'notifications/cancelled', 'notifications/progress'])

/** A call without an id would be one that nobody has permitted and nobody gets the answer of. */
function isPassedOn({ method }: RpcNotification): boolean {
  return method.startsWith('notifications/') && !forTheGateway.has(method)
}

function tell({ exchange, session, parts }: Conversation, notification: RpcNotification): void {
  const { method, params } = notification
  exchange.note({ method })
  if (method === 'notifications/cancelled') {
    const id = params?.['requestId']
    if (isRpcId(id)) session?.inFlight.get(id)?.abort()
  }
  if (method === 'notifications/progress') session?.questions.progress(notification)
  // Nobody waits for it, so nobody can be told that it went astray.
  if (isPassedOn(notification)) passOn({ exchange, session, parts }, notification).catch(() => {})
}

async function passOn({ exchange, session, parts }: Conversation, notification: RpcNotification): Promise<void> {
  const { service, principal } = exchange
  // Roots of one client are none of a backend's business that others share.
  if (notification.method === rootsChanged && (service.isolation === 'shared' || !session?.capabilities['roots']))
    return
  const { backends } = parts
  const lease = await backends.connect(service, principal.caller, connectOptions(session)).catch(() => undefined)
  if (lease?.connection.server.era === 'legacy') lease.connection.notify(notification)
  lease?.release()
}

function acceptsOf({ req }: Exchange, id: RpcId): Accepts {
  const accepts = readAccept(req)
  if (!accepts.json && !accepts.stream) throw new Refusal({ ...refusals.accept, id })
  return accepts
}

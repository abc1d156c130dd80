import { askable } from '../backends/capabilities.ts'
import {
  isJsonObject,
  metaOf,
  type RpcId,
  type RpcOutcome,
  type RpcRequest,
  rpcCodes,
  rpcError,
} from '../backends/json-rpc.ts'
import type { ConnectOptions } from '../backends/types.ts'
import { envelopeKeys } from '../backends/versions.ts'
import { type Answer, createAnswer, readAccept } from './answer.ts'
import { type ClientDescription, discoverResult, isLogLevel } from './eras.ts'
import type { Exchange } from './exchange.ts'
import { listen, readListenFilter } from './listen.ts'
import { parameterHeaders } from './modern-headers.ts'
import { relayModern } from './modern-relay.ts'
import { readModern } from './modern-request.ts'
import type { Parts } from './parts.ts'
import { isAboutTask, mayHaveTasks, withoutTask, withoutTasks } from './policy/tasks.ts'
import { finishRelayed, unavailable } from './relay.ts'
import { Refusal, refusals, sendEmpty } from './replies.ts'

/** Methods of earlier revisions that 2026-07-28 has no more. */
const abolished = new Set(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'])

/**
 * Serves one POST of a client of 2026-07-28: without sessions, for all that is to be known stands in the request.
 * @throws Refusal
 */
export async function serveModern(exchange: Exchange, body: unknown, parts: Parts): Promise<void> {
  const { req, res, note } = exchange
  const message = readModern(req.headers, body)
  // Nothing that a client may say unasked means anything to a backend in this revision.
  if (message.kind === 'notification') return sendEmpty(res, 202, exchange.headers)
  const { id, request } = message
  note({ method: request.method })
  const isClosed = isAboutTask(request) && !mayHaveTasks(exchange)
  if (isClosed || abolished.has(request.method)) throw methodNotFound(id)
  const leave = await parts.policy.enter(exchange, [request])
  try {
    await serveRequest(exchange, id, request, parts)
  } finally {
    leave()
  }
}

async function serveRequest(exchange: Exchange, id: RpcId, request: RpcRequest, parts: Parts): Promise<void> {
  const { req, res } = exchange
  const accepts = readAccept(req)
  if (request.method === 'subscriptions/listen') return await subscribe(exchange, id, request, parts)
  if (!accepts.json && !accepts.stream) throw new Refusal({ ...refusals.accept, id })
  const answer = createAnswer(res, { accepts, limits: parts.limits, headers: exchange.headers })
  if (request.method === 'server/discover') return await discover(exchange, id, request, answer, parts)
  await relay(exchange, id, request, answer, parts)
}

async function relay(
  exchange: Exchange,
  id: RpcId,
  request: RpcRequest,
  answer: Answer,
  { relay, parking, states }: Parts,
): Promise<void> {
  const { req, service, principal, gone } = exchange
  const client = describe(request)
  const owner = { serviceId: service.id, callerKey: principal.caller.key }
  const canBeAsked = Object.keys(client.capabilities).length > 0
  const headers = parameterHeaders(req.headers)
  const asMade = mayHaveTasks(exchange) ? (sent: RpcRequest) => sent : withoutTask
  // The end of the request's own connection is how this revision cancels it.
  const call = { owner, request, onNotification: answer.notify, gone, canBeAsked }
  const relayed = await relayModern(call, {
    parking,
    states,
    relay: (sent, hooks) =>
      relay({ service, principal, mayReach: exchange.tools.shows, client, headers, request: asMade(sent), ...hooks }),
  })
  exchange.ended(request, relayed)
  finishRelayed(answer, id, relayed, statusOf(relayed.outcome, request.method))
}

function describe({ params }: RpcRequest): ClientDescription {
  const { [envelopeKeys.logLevel]: level, [envelopeKeys.clientCapabilities]: declared } = metaOf(params)
  return {
    era: 'modern',
    clientInfo: undefined,
    logLevel: isLogLevel(level) ? level : undefined,
    capabilities: askable(isJsonObject(declared) ? declared : {}),
  }
}

const namesSomething = new Set(['tools/call', 'prompts/get', 'resources/read', 'completion/complete'])

function connectOptions(request: RpcRequest): ConnectOptions {
  return { prefer: 'modern', capabilities: describe(request).capabilities }
}

/** An error within a stream or a 200 is the rule. A method that does not exist is 404; a missing capability, or a header that says something else than the body, 400. */
function statusOf(outcome: RpcOutcome, method: string): number {
  if (!('error' in outcome)) return 200
  const { code } = outcome.error
  if (code === rpcCodes.missingClientCapability || code === rpcCodes.headerMismatch) return 400
  // Where a request names a tool or the like, it may be that which was not found.
  return code === rpcCodes.methodNotFound && !namesSomething.has(method) ? 404 : 200
}

async function discover(
  exchange: Exchange,
  id: RpcId,
  request: RpcRequest,
  answer: Answer,
  { backends }: Parts,
): Promise<void> {
  const { service, principal } = exchange
  try {
    const lease = await backends.connect(service, principal.caller, connectOptions(request))
    lease.release()
    const { server } = lease.connection
    answer.finish(id, { result: discoverResult(mayHaveTasks(exchange) ? server : withoutTasks(server)) })
  } catch (error) {
    finishRelayed(answer, id, unavailable(error))
  }
}

async function subscribe(exchange: Exchange, id: RpcId, request: RpcRequest, parts: Parts): Promise<void> {
  const { res, req, service, principal } = exchange
  const { backends, streams, limits } = parts
  if (!readAccept(req).stream) throw new Refusal({ ...refusals.acceptStream, id })
  const filter = readListenFilter(request, limits.watchedResources)
  if (filter === undefined) {
    const message = `notifications: name what you want to hear of, at most ${limits.watchedResources} resources`
    const answer = createAnswer(res, { accepts: readAccept(req), limits, headers: exchange.headers })
    return answer.finish(id, rpcError(rpcCodes.invalidParams, message))
  }
  try {
    const lease = await backends.connect(service, principal.caller, connectOptions(request))
    listen(exchange, id, filter, lease, streams)
  } catch (error) {
    if (error instanceof Refusal) throw error
    const answer = createAnswer(res, { accepts: readAccept(req), limits, headers: exchange.headers })
    finishRelayed(answer, id, unavailable(error))
  }
}

function methodNotFound(id: RpcId): Refusal {
  return new Refusal({ status: 404, code: rpcCodes.methodNotFound, message: 'Method not found', id })
}

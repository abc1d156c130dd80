import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reply } from '@postern/resource-server'
import { rpcCodes } from '../backends/json-rpc.ts'
import type { ServedService } from '../catalog/types.ts'
import { protocolLimits } from '../limits.ts'
import { createAccess } from './access.ts'
import { readJsonBody } from './body.ts'
import { principalOf } from './caller.ts'
import { corsHeaders } from './cors.ts'
import type { Exchange, ReadyService } from './exchange.ts'
import { createJournal, type Entry } from './journal.ts'
import { serveLegacy } from './legacy.ts'
import { endSession, openStream } from './legacy-session.ts'
import { serveModern } from './modern.ts'
import { isModern } from './modern-request.ts'
import { createOriginCheck } from './origin.ts'
import { createParking } from './parking.ts'
import { callEnd } from './policy/call-end.ts'
import { createPolicy } from './policy/policy.ts'
import { toolPolicy } from './policy/tools.ts'
import { withVisibleTools } from './policy/visible.ts'
import { createRelay } from './relay.ts'
import {
  AccessDenied,
  Challenged,
  Refusal,
  type Refused,
  refusals,
  sendEmpty,
  sendJson,
  sendRefused,
} from './replies.ts'
import { createRequestStates } from './request-state.ts'
import { findTarget } from './route.ts'
import { createSessions } from './sessions.ts'
import { createStreams } from './streams.ts'
import { createToolsets } from './toolset/toolsets.ts'
import type { Protocol, ProtocolOptions } from './types.ts'

/**
 * The MCP endpoint of every service. A request passes the guard against DNS rebinding, then the service's resource
 * server, then is served in the era that it speaks.
 */
export function createProtocol(options: ProtocolOptions): Protocol {
  const { catalog, backends, clock, log, settings } = options
  const limits = { ...protocolLimits, ...options.limits }
  const journal = createJournal({ record: options.record, onRequest: options.onRequest })
  const access = createAccess({ ...options, onEvent: journal.decided })
  const sessions = createSessions(clock, limits)
  const streams = createStreams(clock, limits)
  const states = createRequestStates({ sealer: options.sealer, clock, lifetimeMs: limits.parkedMs })
  const parking = createParking({ clock, limits, states })
  const toolsets = createToolsets({
    ...options,
    relay: createRelay(backends, limits),
    limits: options.toolsetLimits ?? {},
  })
  const parts = {
    backends: toolsets,
    relay: withVisibleTools(toolsets.relay),
    sessions,
    streams,
    parking,
    states,
    policy: createPolicy(clock, limits),
    limits,
  }
  const isAllowedOrigin = createOriginCheck(settings)
  let closed = false

  const forget = (serviceId: string): void => {
    access.forget(serviceId)
    sessions.forget(serviceId)
    streams.forget(serviceId)
    parking.forget(serviceId)
  }
  const unsubscribe = catalog.subscribe(({ kind, serviceId }) => {
    // Who may come in has changed: whoever still may opens a new stream.
    if (kind === 'service.removed') forget(serviceId)
    else streams.forget(serviceId)
  })

  const serve = async (exchange: Exchange): Promise<void> => {
    const { req, res, note } = exchange
    if (req.method === 'POST') {
      const body = await readJsonBody(req, limits)
      return await (isModern(req.headers, body) ? serveModern : serveLegacy)(exchange, body, parts)
    }
    note({ method: req.method ?? 'other' })
    if (req.method === 'GET') return await openStream(exchange, parts)
    if (req.method !== 'DELETE') throw new Refusal(refusals.method)
    endSession(exchange, parts)
    sendEmpty(res, 204, exchange.headers)
  }

  const admit = async (
    service: ServedService,
    req: IncomingMessage,
    res: ServerResponse,
    entry: Entry,
  ): Promise<void> => {
    if (!isAllowedOrigin(req)) {
      const event = { kind: 'access.refused', outcome: 'refused', reason: 'origin_not_allowed' } as const
      journal.decided(service.id, { ...event, requestId: entry.requestId, resource: service.url })
      throw new Refusal(refusals.origin)
    }
    const life = access.lifeOf(service)
    const decision = await access.admit(service, req, entry.requestId)
    if (decision.reply !== undefined) return sendReply(res, decision.reply)
    const { auth } = decision
    const isOver = (): boolean => life.isOver(auth)
    const principal = principalOf(auth)
    entry.note({ apiKeyName: principal.caller.apiKeyName })
    const tools = toolPolicy(service, principal, catalog.findById)
    const challenge = async (scopes: readonly string[]): Promise<void> => {
      const { reply } = await access.admitWith(scopes, service, req, entry.requestId)
      if (reply !== undefined) throw new Challenged(reply)
    }
    const caller = { principal, isOver, tools, challenge }
    await serve(exchangeOf(readyOrThrow(service, limits.retryAfter), req, res, entry, caller))
  }

  const endpoint = async (service: ServedService, req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const entry = journal.open(service.id)
    res.once('close', () => entry.finish(res.headersSent ? res.statusCode : clientGone))
    try {
      await admit(service, req, res, entry)
    } catch (error) {
      if (!isForeseen(error) && !req.destroyed) log.error({ err: error, serviceId: service.id }, 'a request failed')
      sendError(res, error, corsHeaders(req))
    } finally {
      entry.over()
    }
  }

  const metadata = (service: ServedService, req: IncomingMessage, res: ServerResponse): void => {
    try {
      sendReply(res, access.publish(service, req) ?? noMetadata)
    } catch (error) {
      log.error({ err: error, serviceId: service.id }, 'the metadata of a service could not be made')
      sendRefused(res, refusals.internal)
    }
  }

  return {
    forget,
    async handler(req, res) {
      const target = findTarget(req.url ?? '', catalog)
      if (target === undefined) return false
      if (closed) sendRefused(res, refusals.closing)
      else if (target.kind === 'endpoint') await endpoint(target.service, req, res)
      else metadata(target.service, req, res)
      return true
    },
    async close() {
      closed = true
      unsubscribe()
      streams.close()
      toolsets.close()
      sessions.close()
      parking.close()
      access.close()
    },
  }
}

/** What a log calls a request whose client did not wait for the answer. */
const clientGone = 499

/** There is no authorization server to find: with this a client would start OAuth in vain. */
const noMetadata: Reply = {
  status: 404,
  headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' },
  body: '{"error":"not_found","error_description":"This service takes API keys only"}',
}

function readyOrThrow(service: ServedService, retryAfter: number): ReadyService {
  const { backend } = service
  if (backend !== undefined) return { ...service, backend }
  const status = service.preparing ? 'Creating' : 'CreateFailed'
  throw new Refusal({
    status: 503,
    code: rpcCodes.refused,
    message: `The service is not ready: ${status}`,
    data: { status },
    headers: { 'retry-after': String(retryAfter) },
  })
}

function exchangeOf(
  service: ReadyService,
  req: IncomingMessage,
  res: ServerResponse,
  entry: Entry,
  caller: Pick<Exchange, 'principal' | 'isOver' | 'tools' | 'challenge'>,
): Exchange {
  const gone = new AbortController()
  const onClose = (): void => {
    if (!res.writableFinished) gone.abort()
  }
  // They may have gone while it was found out who they are.
  if (res.destroyed) onClose()
  else res.once('close', onClose)
  const { note, refused, aside, calls } = entry
  return {
    ...caller,
    ...{ req, res, service, note, refused, aside, calls },
    headers: corsHeaders(req),
    gone: gone.signal,
    opened: () => entry.finish(res.statusCode),
    ended(request, relayed) {
      if (relayed.refused === undefined) calls.end(request, callEnd(relayed), relayed.reached)
      else refused(relayed.refused)
    },
  }
}

function isForeseen(error: unknown): boolean {
  return error instanceof Refusal || error instanceof AccessDenied || error instanceof Challenged
}

function sendError(res: ServerResponse, error: unknown, headers: Readonly<Record<string, string>>): void {
  if (res.headersSent) {
    res.destroy()
  } else if (error instanceof Challenged) {
    sendReply(res, { ...error.reply, headers: { ...headers, ...error.reply.headers } })
  } else if (error instanceof AccessDenied) {
    sendJson(res, 403, { error: 'access_denied', error_description: error.message }, headers)
  } else {
    const reply: Refused = error instanceof Refusal ? error.reply : refusals.internal
    sendRefused(res, { ...reply, headers: { ...headers, ...reply.headers } })
  }
}

function sendReply(res: ServerResponse, { status, headers, body }: Reply): void {
  if (res.destroyed) return
  res.writeHead(status, { ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) })
  res.end(body)
}

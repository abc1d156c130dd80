import { askable } from './capabilities.ts'
import { type Channel, ChannelError, type SendOptions } from './channel.ts'
import {
  isRpcId,
  type JsonObject,
  metaOf,
  type ParsedMessage,
  type RpcId,
  type RpcNotification,
  type RpcOutcome,
  type RpcRequest,
  rpcCodes,
  rpcError,
} from './json-rpc.ts'
import { type PeerRequestOptions, type Pending, routeNotification } from './pending.ts'
import { createQuestions } from './questions.ts'
import type { Asker, BackendLimits } from './types.ts'

/** One end of a JSON-RPC conversation with a backend: numbers requests, matches answers, routes notifications. */
export interface Peer {
  /** Never rejects. */
  request(request: RpcRequest, options: PeerRequestOptions): Promise<RpcOutcome>
  notify(notification: RpcNotification): void
  /** Somebody can ask the client what no request under way can ask. Returns how to stop. */
  attend(asker: Asker): () => void
  /** Takes what the channel received. */
  receive(message: ParsedMessage): void
  /** Answers all that is pending with an error; later requests fail at once. */
  close(reason: string): void
}

export interface PeerOptions {
  readonly channel: Channel
  /** What the backend may ask for; absent: nothing but a sign of life. */
  readonly capabilities?: JsonObject
  readonly limits: Pick<BackendLimits, 'inFlight' | 'questions' | 'questionBytes' | 'questionMs'>
  /** Hears notifications that belong to no single request. */
  readonly onNotification: (notification: RpcNotification) => void
}

/** Makes a peer on top of a channel. */
export function createPeer({ channel, capabilities, limits, onNotification }: PeerOptions): Peer {
  const pending = new Map<RpcId, Pending>()
  let lastId = 0
  let closed = false

  const settle = (id: RpcId, outcome: RpcOutcome): void => {
    const entry = pending.get(id)
    if (entry === undefined) return
    pending.delete(id)
    clearTimeout(entry.timer)
    entry.settle(outcome)
  }
  const send = (
    id: RpcId,
    request: RpcRequest,
    signal: AbortSignal | undefined,
    headers: SendOptions['headers'],
  ): void => {
    const stream = signal === undefined ? {} : { signal, onStreamEnd: () => settle(id, noAnswer.unreachable) }
    channel
      .send({ jsonrpc: '2.0', id, ...request }, { ...stream, ...(headers === undefined ? {} : { headers }) })
      .catch((error: unknown) => settle(id, undelivered(error)))
  }
  const notify = (notification: RpcNotification): void => {
    if (closed) return
    // A notification that is lost is found out by nobody; the channel's end is told in its own way.
    channel.send({ jsonrpc: '2.0', ...notification }).catch(() => {})
  }
  const cancel = (id: RpcId, abort: AbortController | undefined, reason: string): void => {
    if (!channel.cancelsBySignal()) notify({ method: 'notifications/cancelled', params: { requestId: id, reason } })
    abort?.abort()
  }
  const questions = createQuestions({
    capabilities: askable(capabilities),
    most: limits.questions,
    maxBytes: limits.questionBytes,
    timeoutMs: limits.questionMs,
    answer(id, outcome) {
      // Whoever asked was waiting: what it is asked for in turn has its time again.
      for (const { timer } of pending.values()) timer?.refresh()
      respond(channel, id, outcome)
    },
    tell: (method, params) => notify({ method, params }),
  })
  const armTimer = (id: RpcId, entry: Pending, abort: AbortController | undefined): void => {
    const { timeoutMs } = entry.options
    if (timeoutMs === 0) return
    entry.timer = setTimeout(() => {
      settle(id, noAnswer.timeout)
      cancel(id, abort, 'timeout')
    }, timeoutMs)
  }

  return {
    notify,
    request(request, options) {
      if (closed) return Promise.resolve(noAnswer.lost)
      if (pending.size >= limits.inFlight) return Promise.resolve(noAnswer.busy)
      if (options.signal?.aborted === true) return Promise.resolve(noAnswer.cancelled)
      lastId += 1
      const id = lastId
      const abort = channel.perRequestStreams ? new AbortController() : undefined
      return new Promise((resolve) => {
        const onAbort = (): void => {
          if (!pending.has(id)) return
          settle(id, noAnswer.cancelled)
          cancel(id, abort, 'cancelled by the caller')
        }
        options.signal?.addEventListener('abort', onAbort, { once: true })
        const progressToken = tokenOf(request.params)
        const leave = options.onRequest === undefined ? undefined : questions.add(options.onRequest, 'call')
        const entry: Pending = {
          settle: (outcome) => {
            leave?.()
            options.signal?.removeEventListener('abort', onAbort)
            resolve(outcome)
          },
          options,
          progressToken,
          timer: undefined,
        }
        pending.set(id, entry)
        armTimer(id, entry, abort)
        send(id, progressToken === undefined ? request : withToken(request, id), abort?.signal, options.headers)
      })
    },
    attend: (asker) => questions.add(asker, 'stream'),
    receive(message) {
      if (message.kind === 'response') {
        if (message.id !== null) settle(message.id, message.outcome)
      } else if (message.kind === 'request') {
        const { id, request } = message
        if (request.method === 'ping') respond(channel, id, { result: {} })
        else questions.receive(id, request)
      } else if (message.notification.method === 'notifications/cancelled') {
        const id = message.notification.params?.['requestId']
        if (isRpcId(id)) questions.withdraw(id)
      } else {
        routeNotification({ pending, questions }, message.notification, onNotification)
      }
    },
    close(reason) {
      closed = true
      questions.close()
      for (const id of [...pending.keys()]) settle(id, closedOutcome(reason))
    },
  }
}

function respond(channel: Channel, id: RpcId, outcome: RpcOutcome): void {
  const answer = 'error' in outcome ? { error: outcome.error } : { result: outcome.result }
  // A backend that cannot be reached is waited for no longer than it waits itself.
  channel.send({ jsonrpc: '2.0', id, ...answer }).catch(() => {})
}

function tokenOf(params: JsonObject | undefined): RpcId | undefined {
  const token = metaOf(params)['progressToken']
  return isRpcId(token) ? token : undefined
}

function withToken(request: RpcRequest, token: RpcId): RpcRequest {
  const { params } = request
  return { ...request, params: { ...params, _meta: { ...metaOf(params), progressToken: token } } }
}

const noAnswer = {
  timeout: { ...rpcError(rpcCodes.internalError, 'The backend did not answer in time.'), problem: 'timeout' },
  busy: { ...rpcError(rpcCodes.internalError, 'Too many requests are under way.'), problem: 'busy' },
  cancelled: { ...rpcError(rpcCodes.internalError, 'The request was cancelled.'), problem: 'cancelled' },
  lost: { ...rpcError(rpcCodes.internalError, 'The backend could not be reached.'), problem: 'lost' },
  unreachable: { ...rpcError(rpcCodes.internalError, 'The backend could not be reached.'), problem: 'unreachable' },
} as const satisfies Record<string, RpcOutcome>

function closedOutcome(reason: string): RpcOutcome {
  return { ...rpcError(rpcCodes.internalError, reason), problem: 'closed' }
}

function undelivered(error: unknown): RpcOutcome {
  if (!(error instanceof ChannelError)) return noAnswer.unreachable
  if (error.lost) return noAnswer.lost
  return error.answer?.kind === 'response' ? error.answer.outcome : noAnswer.unreachable
}

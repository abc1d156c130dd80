import { type Channel, ChannelError, type SendOptions } from './channel.ts'
import {
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

export interface PeerRequestOptions {
  readonly signal?: AbortSignal
  /** Milliseconds without an answer or progress after which the request has failed; 0: never. */
  readonly timeoutMs: number
  readonly onNotification?: (notification: RpcNotification) => void
  readonly headers?: Readonly<Record<string, string>>
}

/** One end of a JSON-RPC conversation with a backend: numbers requests, matches answers, routes notifications. */
export interface Peer {
  /** Never rejects. */
  request(request: RpcRequest, options: PeerRequestOptions): Promise<RpcOutcome>
  notify(notification: RpcNotification): void
  /** Takes what the channel received. */
  receive(message: ParsedMessage): void
  /** Answers all that is pending with an error; later requests fail at once. */
  close(reason: string): void
}

export interface PeerOptions {
  readonly channel: Channel
  readonly maxInFlight: number
  /** Hears notifications that belong to no single request. */
  readonly onNotification: (notification: RpcNotification) => void
}

interface Pending {
  readonly settle: (outcome: RpcOutcome) => void
  readonly options: PeerRequestOptions
  /** The token that the requester chose; the wire carries our own, which is unique. */
  readonly progressToken: RpcId | undefined
  timer: NodeJS.Timeout | undefined
}

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId'

/** Makes a peer on top of a channel. */
export function createPeer({ channel, maxInFlight, onNotification }: PeerOptions): Peer {
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
      if (pending.size >= maxInFlight) return Promise.resolve(noAnswer.busy)
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
        const entry: Pending = {
          settle: (outcome) => {
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
    receive(message) {
      if (message.kind === 'response') {
        if (message.id !== null) settle(message.id, message.outcome)
      } else if (message.kind === 'request') {
        answer(channel, message.id, message.request)
      } else {
        route(pending, message.notification, onNotification)
      }
    },
    close(reason) {
      closed = true
      for (const id of [...pending.keys()]) settle(id, closedOutcome(reason))
    },
  }
}

/** What a backend asks of its client. It was told that there is nothing to ask for but a sign of life. */
function answer(channel: Channel, id: RpcId, request: RpcRequest): void {
  const outcome = request.method === 'ping' ? { result: {} } : rpcError(rpcCodes.methodNotFound, 'Method not found')
  channel.send({ jsonrpc: '2.0', id, ...outcome }).catch(() => {})
}

function route(
  pending: ReadonlyMap<RpcId, Pending>,
  notification: RpcNotification,
  otherwise: (notification: RpcNotification) => void,
): void {
  const { method, params } = notification
  if (method === 'notifications/progress') {
    progress(pending, notification)
    return
  }
  const subscription = metaOf(params)[subscriptionKey]
  const owner = isKey(subscription) ? pending.get(subscription) : loneOwner(pending, method)
  if (owner?.options.onNotification === undefined) otherwise(notification)
  else owner.options.onNotification(notification)
}

function progress(pending: ReadonlyMap<RpcId, Pending>, notification: RpcNotification): void {
  const token = notification.params?.['progressToken']
  const entry = isKey(token) ? pending.get(token) : undefined
  if (entry?.progressToken === undefined) return
  entry.timer?.refresh()
  entry.options.onNotification?.({
    ...notification,
    params: { ...notification.params, progressToken: entry.progressToken },
  })
}

/** A log line names no request. It is certainly about one when only one is under way, subscriptions not counted. */
function loneOwner(pending: ReadonlyMap<RpcId, Pending>, method: string): Pending | undefined {
  if (method !== 'notifications/message') return undefined
  let lone: Pending | undefined
  for (const entry of pending.values()) {
    if (entry.options.timeoutMs === 0) continue
    if (lone !== undefined) return undefined
    lone = entry
  }
  return lone
}

function isKey(value: unknown): value is RpcId {
  return typeof value === 'string' || typeof value === 'number'
}

function tokenOf(params: JsonObject | undefined): RpcId | undefined {
  const token = metaOf(params)['progressToken']
  return isKey(token) ? token : undefined
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

import { isRpcId, metaOf, type RpcId, type RpcNotification, type RpcOutcome } from './json-rpc.ts'
import type { Questions } from './questions.ts'
import type { Asker } from './types.ts'
import { envelopeKeys } from './versions.ts'

export interface PeerRequestOptions {
  readonly signal?: AbortSignal
  /** Milliseconds without an answer or progress after which the request has failed; 0: never. */
  readonly timeoutMs: number
  readonly onNotification?: (notification: RpcNotification) => void
  readonly headers?: Readonly<Record<string, string>>
  /** Asks the client while the request is under way. */
  readonly onRequest?: Asker
}

/** A request under way. */
export interface Pending {
  readonly settle: (outcome: RpcOutcome) => void
  readonly options: PeerRequestOptions
  /** The token that the requester chose; the wire carries our own, which is unique. */
  readonly progressToken: RpcId | undefined
  timer: NodeJS.Timeout | undefined
}

interface Routes {
  readonly pending: ReadonlyMap<RpcId, Pending>
  readonly questions: Questions
}

/** Takes a notification to the request that it is about, or to `otherwise` where that cannot be told. */
export function routeNotification(
  routes: Routes,
  notification: RpcNotification,
  otherwise: (notification: RpcNotification) => void,
): void {
  const { method, params } = notification
  if (method === 'notifications/progress') {
    progress(routes.pending, notification)
    return
  }
  const subscription = metaOf(params)[envelopeKeys.subscriptionId]
  const owner = isRpcId(subscription) ? routes.pending.get(subscription) : loneOwner(routes, method)
  if (owner?.options.onNotification === undefined) otherwise(notification)
  else owner.options.onNotification(notification)
}

function progress(pending: ReadonlyMap<RpcId, Pending>, notification: RpcNotification): void {
  const token = notification.params?.['progressToken']
  const entry = isRpcId(token) ? pending.get(token) : undefined
  if (entry?.progressToken === undefined) return
  entry.timer?.refresh()
  entry.options.onNotification?.({
    ...notification,
    params: { ...notification.params, progressToken: entry.progressToken },
  })
}

/**
 * A log line names no request. It is certainly about one when only one is under way; subscriptions and the gateway's own
 * are not counted, nor, beside others, those that wait for an answer of their client.
 */
function loneOwner({ pending, questions }: Routes, method: string): Pending | undefined {
  if (method !== 'notifications/message') return undefined
  const isAsking = ({ options: { onRequest } }: Pending): boolean =>
    onRequest !== undefined && questions.isAsking(onRequest)
  const all: Pending[] = []
  for (const entry of pending.values()) {
    if (entry.options.timeoutMs !== 0 && entry.options.onNotification !== undefined) all.push(entry)
  }
  const [first, ...others] = all.length > 1 ? all.filter((entry) => !isAsking(entry)) : all
  return others.length === 0 ? first : undefined
}

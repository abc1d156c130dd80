import {
  isJsonObject,
  type JsonObject,
  metaOf,
  type RpcId,
  type RpcNotification,
  type RpcRequest,
} from '../backends/json-rpc.ts'
import type { Lease, WatchFilter } from '../backends/types.ts'
import { envelopeKeys } from '../backends/versions.ts'
import { listenFilter } from '../backends/watchers.ts'
import type { Exchange } from './exchange.ts'
import type { LiveStream, Streams } from './streams.ts'

/** What `subscriptions/listen` asks for; undefined when it does not say so properly. */
export function readListenFilter({ params }: RpcRequest, maxResources: number): WatchFilter | undefined {
  const wanted = params?.['notifications']
  if (!isJsonObject(wanted)) return undefined
  const { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions = [] } = wanted
  if (!Array.isArray(resourceSubscriptions) || resourceSubscriptions.length > maxResources) return undefined
  const resources = resourceSubscriptions.filter((uri) => typeof uri === 'string')
  if (resources.length !== resourceSubscriptions.length) return undefined
  return {
    toolsListChanged: toolsListChanged === true,
    promptsListChanged: promptsListChanged === true,
    resourcesListChanged: resourcesListChanged === true,
    resources,
  }
}

/**
 * Answers `subscriptions/listen` (MCP 2026-07-28): a stream that acknowledges what it will tell, tells it, and ends with
 * the result. It ends with the backend too, so that the client asks anew. Takes the lease over, also when it throws.
 * @throws Refusal when the caller has too many streams open
 */
export function listen(exchange: Exchange, id: RpcId, filter: WatchFilter, lease: Lease, streams: Streams): void {
  const { server } = lease.connection
  const notifications = listenFilter(filter, server.capabilities)
  const stamp = { [envelopeKeys.subscriptionId]: id }
  const stamped = (notification: RpcNotification): RpcNotification => ({
    ...notification,
    params: { ...notification.params, _meta: { ...metaOf(notification.params), ...stamp } },
  })
  const result: JsonObject = {
    resultType: 'complete',
    _meta: { ...stamp, [envelopeKeys.serverInfo]: server.serverInfo },
  }
  const stream = openOrRelease(lease, () =>
    streams.open(exchange, { shape: stamped, last: { jsonrpc: '2.0', id, result } }),
  )
  const acknowledged = { method: 'notifications/subscriptions/acknowledged', params: { notifications } }
  stream.send({ jsonrpc: '2.0', ...stamped(acknowledged) })
  if (Object.keys(notifications).length === 0) {
    lease.release()
    stream.end()
    return
  }
  stream.watch(lease, filter, { onEnd: stream.end })
}

/** A stream that is refused holds nothing: the backend would never be idle again. */
function openOrRelease(lease: Lease, open: () => LiveStream): LiveStream {
  try {
    return open()
  } catch (error) {
    lease.release()
    throw error
  }
}

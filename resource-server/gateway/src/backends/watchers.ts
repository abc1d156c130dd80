import { gatewayEnvelope } from './handshake.ts'
import { isJsonObject, type JsonObject, metaOf, type RpcNotification } from './json-rpc.ts'
import type { Peer } from './peer.ts'
import type { ServerDescription, WatchFilter } from './types.ts'
import { envelopeKeys } from './versions.ts'

export interface WatchersOptions {
  readonly peer: Peer
  readonly server: ServerDescription
  readonly shared: boolean
  readonly requestMs: number
}

type Listener = (notification: RpcNotification) => void

interface Watcher {
  readonly filter: WatchFilter
  readonly listener: Listener
}

export interface Watchers {
  /** Returns how to stop. */
  add(filter: WatchFilter, listener: Listener): () => void
  /** Takes a notification that belongs to no one request. */
  deliver(notification: RpcNotification): void
}

/**
 * Spreads a backend's notifications over those who want them, and sees to it that the backend sends them: with
 * `resources/subscribe` (2025-11-25, counted, for the backend knows one client only) or with a `subscriptions/listen` of
 * its own for each watcher (2026-07-28).
 */
export function createWatchers({ peer, server, shared, requestMs }: WatchersOptions): Watchers {
  const watchers = new Set<Watcher>()
  const counts = new Map<string, number>()

  const subscribe = (uri: string): void => {
    const count = counts.get(uri) ?? 0
    counts.set(uri, count + 1)
    if (count === 0) void peer.request({ method: 'resources/subscribe', params: { uri } }, { timeoutMs: requestMs })
  }
  const unsubscribe = (uri: string): void => {
    const count = counts.get(uri) ?? 0
    if (count > 1) {
      counts.set(uri, count - 1)
      return
    }
    counts.delete(uri)
    void peer.request({ method: 'resources/unsubscribe', params: { uri } }, { timeoutMs: requestMs })
  }
  const watchLegacy = (watcher: Watcher): (() => void) => {
    const uris = new Set(watcher.filter.resources)
    for (const uri of uris) subscribe(uri)
    return () => {
      for (const uri of uris) unsubscribe(uri)
    }
  }
  const watchModern = (watcher: Watcher): (() => void) => {
    const notifications = listenFilter(watcher.filter, server.capabilities)
    if (Object.keys(notifications).length === 0) return () => {}
    const abort = new AbortController()
    void peer.request(
      { method: 'subscriptions/listen', params: { notifications, _meta: gatewayEnvelope() } },
      { timeoutMs: 0, signal: abort.signal, onNotification: (notification) => hear(watcher, unstamped(notification)) },
    )
    return () => abort.abort()
  }
  return {
    add(filter, listener) {
      const watcher = { filter, listener }
      watchers.add(watcher)
      const end = server.era === 'legacy' ? watchLegacy(watcher) : watchModern(watcher)
      return () => {
        if (watchers.delete(watcher)) end()
      }
    },
    deliver(notification) {
      for (const watcher of watchers) {
        if (!shared || isPublic(notification.method)) hear(watcher, notification)
      }
    },
  }
}

const listChanges = {
  'notifications/tools/list_changed': 'toolsListChanged',
  'notifications/prompts/list_changed': 'promptsListChanged',
  'notifications/resources/list_changed': 'resourcesListChanged',
} as const satisfies Record<string, keyof WatchFilter>

function isListChange(method: string): method is keyof typeof listChanges {
  return Object.hasOwn(listChanges, method)
}

/** Says nothing that a caller may not know of another: that a list or a watched resource has changed. */
function isPublic(method: string): boolean {
  return isListChange(method) || method === 'notifications/resources/updated'
}

function hear({ filter, listener }: Watcher, notification: RpcNotification): void {
  if (wants(filter, notification)) listener(notification)
}

function wants(filter: WatchFilter, { method, params }: RpcNotification): boolean {
  if (isListChange(method)) return filter[listChanges[method]] === true
  if (method === 'notifications/resources/updated') {
    const uri = params?.['uri']
    // What is updated may be a part of what was subscribed to.
    return typeof uri === 'string' && (filter.resources?.some((watched) => uri.startsWith(watched)) ?? false)
  }
  return method !== 'notifications/subscriptions/acknowledged' && filter.rest === true
}

/** The part of a filter that the backend says it can serve, in the words of `subscriptions/listen`. */
export function listenFilter(filter: WatchFilter, capabilities: JsonObject): JsonObject {
  const can = (area: string, bit: string): boolean => objectAt(capabilities, area)[bit] === true
  const uris = filter.resources ?? []
  return {
    ...(filter.toolsListChanged === true && can('tools', 'listChanged') ? { toolsListChanged: true } : {}),
    ...(filter.promptsListChanged === true && can('prompts', 'listChanged') ? { promptsListChanged: true } : {}),
    ...(filter.resourcesListChanged === true && can('resources', 'listChanged') ? { resourcesListChanged: true } : {}),
    ...(uris.length > 0 && can('resources', 'subscribe') ? { resourceSubscriptions: [...uris] } : {}),
  }
}

function objectAt(parent: JsonObject, key: string): JsonObject {
  const value = parent[key]
  return isJsonObject(value) ? value : {}
}

/** Without the number of the gateway's own subscription, which means nothing to a watcher. */
function unstamped(notification: RpcNotification): RpcNotification {
  const { [envelopeKeys.subscriptionId]: _, ...meta } = metaOf(notification.params)
  const { _meta, ...params } = notification.params ?? {}
  return { ...notification, params: Object.keys(meta).length === 0 ? params : { ...params, _meta: meta } }
}

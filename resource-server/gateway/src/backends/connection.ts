import type { RpcNotification } from './json-rpc.ts'
import type { Peer } from './peer.ts'
import type { CallOptions, Connection, ServerDescription, WatchFilter } from './types.ts'
import { createWatchers } from './watchers.ts'

export interface ConnectionOptions {
  readonly peer: Peer
  readonly server: ServerDescription
  /** More than one caller uses it: what cannot be told whose it is goes to nobody. */
  readonly shared: boolean
  /** Milliseconds without an answer or progress after which a request has failed. */
  readonly requestMs: number
}

/** A connection whose backend has introduced itself, and where to put its notifications. */
export interface OpenConnection {
  readonly connection: Connection
  readonly onNotification: (notification: RpcNotification) => void
}

/** Puts what callers need on top of a peer. */
export function createConnection({ peer, server, shared, requestMs }: ConnectionOptions): OpenConnection {
  const watchers = createWatchers({ peer, server, shared, requestMs })
  let logLevel: string | undefined
  const connection: Connection = {
    server,
    request: (request, options) => {
      // A client's own `logging/setLevel` is the newest wish.
      if (request.method === 'logging/setLevel') logLevel = undefined
      return peer.request(request, peerOptions(options, requestMs))
    },
    notify: (notification) => peer.notify(notification),
    watch(filter: WatchFilter, listener, onRequest) {
      const unwatch = watchers.add(filter, listener)
      const leave = onRequest === undefined ? undefined : peer.attend(onRequest)
      return () => {
        leave?.()
        unwatch()
      }
    },
    setLogLevel(level) {
      if (server.era === 'modern' || level === logLevel || server.capabilities['logging'] === undefined) return
      logLevel = level
      void peer.request({ method: 'logging/setLevel', params: { level } }, { timeoutMs: requestMs })
    },
  }
  return { connection, onNotification: watchers.deliver }
}

function peerOptions({ signal, onNotification, headers, onRequest }: CallOptions, requestMs: number) {
  return {
    timeoutMs: requestMs,
    ...(signal === undefined ? {} : { signal }),
    ...(onNotification === undefined ? {} : { onNotification }),
    ...(headers === undefined ? {} : { headers }),
    ...(onRequest === undefined ? {} : { onRequest }),
  }
}

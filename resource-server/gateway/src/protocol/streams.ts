import type { Clock } from '@postern/core'
import type { RpcNotification } from '../backends/json-rpc.ts'
import type { Asker, Lease, WatchFilter } from '../backends/types.ts'
import type { ProtocolLimits } from '../limits.ts'
import { type EventStream, openEventStream } from './event-stream.ts'
import type { Exchange } from './exchange.ts'
import { Refusal, refusals } from './replies.ts'

export interface WatchOptions {
  /** The backend has gone. */
  readonly onEnd?: () => void
  /** Asks the client what the backend wants to know unasked. */
  readonly onRequest?: Asker
}

/** A long-lived stream of what a backend says unasked: GET (2025-11-25), `subscriptions/listen` (2026-07-28). */
export interface LiveStream {
  /** False when the stream has ended. */
  send(message: object): boolean
  /** Watches this from now on, and holds the lease for it; what was watched before no more. */
  watch(lease: Lease, filter: WatchFilter, options?: WatchOptions): void
  /** The connection that is watched, while it lives. */
  watching(): Lease['connection'] | undefined
  end(): void
}

export interface StreamOptions {
  /** What is sent of a notification. */
  readonly shape?: (notification: RpcNotification) => RpcNotification
  /** A last message, for when the stream is ended from here. */
  readonly last?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly onClose?: () => void
}

export interface Streams {
  /** @throws Refusal when the caller has too many open */
  open(exchange: Exchange, options: StreamOptions): LiveStream
  /** Ends all streams of a service: whoever may still come in comes back. */
  forget(serviceId: string): void
  close(): void
}

/** Keeps track of long-lived streams. None outlives the credential that opened it, nor its revocation. */
export function createStreams(clock: Clock, limits: ProtocolLimits): Streams {
  const open = new Map<
    LiveStream,
    { readonly serviceId: string; readonly owner: string; readonly isOver: () => boolean }
  >()
  let timer: ReturnType<typeof setInterval> | undefined
  const endOver = (): void => {
    for (const [stream, { isOver }] of [...open]) if (isOver()) stream.end()
  }
  const forgetStream = (stream: LiveStream): void => {
    open.delete(stream)
    if (open.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  const endWhere = (doomed: (serviceId: string) => boolean): void => {
    for (const [stream, { serviceId }] of [...open]) if (doomed(serviceId)) stream.end()
  }
  return {
    open({ res, service, principal, isOver, headers, opened }, options) {
      const owner = `${service.id} ${principal.caller.key}`
      if (countOf(open.values(), owner) >= limits.streamsPerCaller) throw new Refusal(refusals.tooManyStreams)
      const life = Math.min(limits.streamMs, (principal.expiresAt ?? Number.POSITIVE_INFINITY) - clock.now())
      const lifetime = setTimeout(() => stream.end(), Math.max(0, life))
      lifetime.unref()
      const events = openEventStream(res, {
        ...limits,
        headers: { ...headers, ...options.headers },
        onClose() {
          clearTimeout(lifetime)
          forgetStream(stream)
          watcher.stop()
          options.onClose?.()
        },
      })
      const watcher = createWatcher(events, options)
      const stream: LiveStream = {
        send(message) {
          if (res.destroyed || res.writableEnded) return false
          events.send(message)
          return true
        },
        watch: watcher.watch,
        watching: watcher.watching,
        end: () => events.end(options.last),
      }
      open.set(stream, { serviceId: service.id, owner, isOver })
      timer ??= setInterval(endOver, limits.credentialCheckMs).unref()
      opened()
      return stream
    },
    forget: (serviceId) => endWhere((other) => other === serviceId),
    close: () => endWhere(() => true),
  }
}

function countOf(streams: Iterable<{ readonly owner: string }>, owner: string): number {
  let count = 0
  for (const stream of streams) if (stream.owner === owner) count += 1
  return count
}

/** What a stream watches: at most one connection at a time. */
function createWatcher(events: EventStream, { shape = (notification) => notification }: StreamOptions) {
  let current: { readonly connection: Lease['connection']; readonly letGo: () => void } | undefined
  const stop = (): void => {
    const last = current
    current = undefined
    last?.letGo()
  }
  return {
    watch(lease: Lease, filter: WatchFilter, { onEnd, onRequest }: WatchOptions = {}): void {
      const { connection, ended } = lease
      const deliver = (notification: RpcNotification): void => events.send({ jsonrpc: '2.0', ...shape(notification) })
      // The new one first, so that what both want is not given up in between.
      const unwatch = connection.watch(filter, deliver, onRequest)
      stop()
      const onEnded = (): void => {
        stop()
        onEnd?.()
      }
      ended.addEventListener('abort', onEnded, { once: true })
      const letGo = (): void => {
        ended.removeEventListener('abort', onEnded)
        unwatch()
        lease.release()
      }
      current = { connection, letGo }
      if (ended.aborted) onEnded()
    },
    watching: () => current?.connection,
    stop,
  }
}

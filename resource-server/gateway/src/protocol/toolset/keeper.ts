import { setTimeout as delay } from 'node:timers/promises'
import type { BackendService, Lease } from '../../backends/types.ts'
import type { HotCatalog } from '../../catalog/types.ts'
import type { ToolsetLimits } from '../../limits.ts'
import { readyService } from './members.ts'

export interface KeeperOptions {
  readonly serviceId: string
  /** It could not be had before: that it can is news. */
  readonly missed: boolean
  readonly catalog: Pick<HotCatalog, 'findById'>
  readonly limits: Pick<ToolsetLimits, 'retryMs' | 'retryLongestMs'>
  connect(member: BackendService): Promise<Lease>
  /** Returns how to stop. */
  watch(lease: Lease): () => void
  /** The service has gone, or has come back. */
  onChange(): void
}

/** Keeps one service of a toolset watched, through its ends and changes, as long as somebody listens. */
export interface Keeper {
  /** The service was changed: its old connection is let go, and the new one watched. */
  renew(): void
  stop(): void
}

export function createKeeper(options: KeeperOptions): Keeper {
  const { catalog, serviceId, limits, connect, watch, onChange } = options
  const stopped = new AbortController()
  let renewal = new AbortController()

  const keep = async (): Promise<void> => {
    let pause = limits.retryMs
    for (let { missed } = options; !stopped.signal.aborted; missed = true) {
      const renewed = renewal.signal
      // Whatever goes wrong, it is tried again: a rejection would be nobody's and end the gateway.
      const wasHeard = await hear(renewed, missed).catch(() => false)
      if (wasHeard) pause = limits.retryMs
      const signal = AbortSignal.any([stopped.signal, renewed])
      await delay(pause, undefined, { signal, ref: false }).catch(() => {})
      if (!wasHeard) pause = Math.min(pause * 2, limits.retryLongestMs)
    }
  }

  /** Watches until the connection ends, is renewed, or nobody listens any more. False when there is nothing to watch. */
  const hear = async (renewed: AbortSignal, missed: boolean): Promise<boolean> => {
    const member = readyService(serviceId, catalog)
    if (member === undefined) return false
    const lease = await connect(member)
    try {
      if (stopped.signal.aborted) return true
      if (missed) onChange()
      const unwatch = watch(lease)
      await aborted(AbortSignal.any([stopped.signal, renewed, lease.ended]))
      unwatch()
    } finally {
      lease.release()
    }
    if (!stopped.signal.aborted) onChange()
    return true
  }

  void keep()
  return {
    renew() {
      const last = renewal
      renewal = new AbortController()
      last.abort()
    },
    stop: () => stopped.abort(),
  }
}

/** Keepers by the service that they watch. */
export interface Keepers {
  /** Returns how to stop it. */
  add(serviceId: string, keeper: Keeper): () => void
  renew(serviceId: string): void
  close(): void
}

export function createKeepers(): Keepers {
  const keepers = new Map<Keeper, string>()
  return {
    add(serviceId, keeper) {
      keepers.set(keeper, serviceId)
      return () => {
        keepers.delete(keeper)
        keeper.stop()
      }
    },
    renew(serviceId) {
      for (const [keeper, id] of keepers) if (id === serviceId) keeper.renew()
    },
    close() {
      for (const keeper of keepers.keys()) keeper.stop()
      keepers.clear()
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

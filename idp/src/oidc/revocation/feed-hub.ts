import type { Logger } from '@postern/server'
import { limits } from '../../limits.ts'

/** Knows how far the changes of each pool have come, and wakes who waits for the next. */
export interface FeedHub {
  /** Resolves once the pool is past the place, the time is over, the caller has gone or the hub closes: whichever is first. */
  wait(poolId: string, after: number, options: { readonly ms: number; readonly signal: AbortSignal }): Promise<void>
  /** This process has written something about the pool. */
  changed(poolId: string): void
  /** Lets everybody go who waits; from then on nobody does. */
  close(): void
}

export interface FeedHubOptions {
  /** How far the changes of the pools have come; those without any are left out. */
  readonly readSeqs: (poolIds: readonly string[]) => Promise<ReadonlyMap<string, number>>
  readonly log: Logger
}

interface Waiter {
  readonly after: number
  readonly wake: () => void
}

/**
 * All who wait share one look at the database, twice a second, and none while nobody waits: so what other processes
 * write is seen too. What this process writes wakes at once.
 */
export function createFeedHub({ readSeqs, log }: FeedHubOptions): FeedHub {
  const waiting = new Map<string, Set<Waiter>>()
  let count = 0
  let timer: ReturnType<typeof setInterval> | undefined
  let isLooking = false
  let isClosed = false

  const wakeAll = (poolId: string, seq = Number.POSITIVE_INFINITY): void => {
    for (const waiter of [...(waiting.get(poolId) ?? [])]) if (seq > waiter.after) waiter.wake()
  }

  const look = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    try {
      const poolIds = [...waiting.keys()]
      if (poolIds.length === 0) return
      for (const [poolId, seq] of await readSeqs(poolIds)) wakeAll(poolId, seq)
    } catch (error) {
      log.warn({ err: error }, 'it could not be seen whether tokens were revoked; the next look follows')
    } finally {
      isLooking = false
    }
  }

  const leave = (poolId: string, waiter: Waiter): void => {
    const waiters = waiting.get(poolId)
    if (waiters?.delete(waiter) !== true) return
    count -= 1
    if (waiters.size === 0) waiting.delete(poolId)
    if (count > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    wait(poolId, after, { ms, signal }) {
      if (isClosed || ms <= 0 || signal.aborted || count >= limits.revocationWaiters) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(patience)
          signal.removeEventListener('abort', wake)
          leave(poolId, waiter)
          resolve()
        }
        const waiter: Waiter = { after, wake }
        const patience = setTimeout(wake, ms)
        signal.addEventListener('abort', wake, { once: true })
        const waiters = waiting.get(poolId) ?? new Set()
        waiting.set(poolId, waiters.add(waiter))
        count += 1
        timer ??= setInterval(() => void look(), limits.revocationPollMs)
        // Something may have been written between the caller's look and now.
        void look()
      })
    },
    changed: (poolId) => wakeAll(poolId),
    close() {
      isClosed = true
      for (const poolId of [...waiting.keys()]) wakeAll(poolId)
    },
  }
}

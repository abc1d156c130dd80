import type { Clock, PosternEvent } from '@postern/core'
import { limits } from '../limits.ts'
import type { StoreBase } from '../store/store.ts'
import { firstIdAt, isEventId } from './event-id.ts'
import { type EventFilter, eventsBetween } from './query.ts'

/** What a stream needs of the recorder. */
export interface StreamSource {
  store: StoreBase
  clock: Clock
  flush(): Promise<void>
  /** Calls back after each batch that was written. */
  subscribe(listener: () => void): () => void
  /** Aborts when the recorder closes. */
  ended: AbortSignal
  /** An id behind every event so far. */
  lastId(): string
}

/**
 * Follows the table, not the recorder: what another process writes to the same database is in the stream too, and a
 * stream that breaks goes on where it was, by the id of its last event.
 */
export async function* streamEvents(
  source: StreamSource,
  filter: EventFilter,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<PosternEvent, void, undefined> {
  const stop = AbortSignal.any([signal, source.ended])
  const bell = createBell(source.store.dialect === 'postgres' ? limits.eventPoll : undefined, stop)
  const unsubscribe = source.subscribe(bell.ring)
  let after = startOf(source, filter, lastEventId)
  try {
    await source.flush()
    while (!stop.aborted) {
      const events = await eventsBetween(source.store.own, filter, after, settledBefore(source), limits.pageSizeMax)
      for (const event of events) {
        if (stop.aborted) return
        after = event.id
        yield event
      }
      if (events.length === 0) await bell.next()
    }
  } finally {
    unsubscribe()
    bell.close()
  }
}

function startOf(source: StreamSource, filter: EventFilter, lastEventId: string | undefined): string {
  if (lastEventId !== undefined && isEventId(lastEventId)) return lastEventId
  return filter.since === undefined ? source.lastId() : firstIdAt(Date.parse(filter.since))
}

/** On Postgres another process may yet write events of the last second; a stream that ran ahead would miss them. */
function settledBefore({ store, clock }: StreamSource): string | undefined {
  return store.dialect === 'postgres' ? firstIdAt(clock.now() - limits.eventSettle) : undefined
}

interface Bell {
  ring(): void
  /** Resolves when it rang since the last call, when the interval is over, or when the signal aborts. */
  next(): Promise<void>
  close(): void
}

function createBell(intervalMs: number | undefined, signal: AbortSignal): Bell {
  let rang = false
  let wake: (() => void) | undefined
  const ring = (): void => {
    rang = true
    wake?.()
  }
  const timer = intervalMs === undefined ? undefined : setInterval(ring, intervalMs).unref()
  signal.addEventListener('abort', ring)
  return {
    ring,
    async next() {
      if (!rang && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        wake = undefined
      }
      rang = false
    },
    close() {
      clearInterval(timer)
      signal.removeEventListener('abort', ring)
    },
  }
}

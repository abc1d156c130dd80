import type { Clock, EventSink, PosternEvent } from '@postern/core'
import type { Logger } from 'pino'
import type { EventQuery } from '../contract/event.ts'
import { limits } from '../limits.ts'
import type { Metrics, Role } from '../logs/metrics.ts'
import { createMetrics } from '../logs/metrics.ts'
import { errorCode, errorText } from '../start-error.ts'
import type { StoreBase } from '../store/store.ts'
import { createEventBuffer } from './buffer.ts'
import { createEventIds } from './event-id.ts'
import { insertEvents } from './insert.ts'
import { type EventFilter, listEvents } from './query.ts'
import { pruneEvents, type Retention } from './retention.ts'
import { streamEvents } from './stream.ts'

export interface RecorderOptions {
  store: StoreBase
  clock: Clock
  log: Logger
  role: Role
  /** Counts are kept here; in a registry of its own when absent. */
  metrics?: Metrics
  /** 200 000 events, 30 days. */
  retention?: Partial<Retention>
}

/** The flight recorder: every decision, kept for a while. It may lose the last second in a crash, and never slows one. */
export interface Recorder {
  /** Takes an event. Returns at once, never throws. */
  readonly record: EventSink
  /** A page of events, newest first, those that wait included. */
  list(query: EventQuery): Promise<{ items: PosternEvent[]; nextCursor: string | null }>
  /** Events as they come, oldest first; with `lastEventId` or `since`, those since then before. Ends with the signal. */
  stream(filter: EventFilter, lastEventId: string | undefined, signal: AbortSignal): AsyncIterable<PosternEvent>
  /** Writes what waits. Never rejects: what cannot be written is dropped and counted. */
  flush(): Promise<void>
  /** Writes what waits and ends all streams. What is recorded afterwards is dropped. */
  close(): Promise<void>
  readonly metrics: Metrics
}

export function createRecorder(options: RecorderOptions): Recorder {
  const { store, clock, log, role, metrics = createMetrics(role) } = options
  const keep: Retention = { rows: limits.eventRows, ageMs: limits.eventAge, ...options.retention }
  const buffer = createEventBuffer(limits.eventBuffer)
  const nextId = createEventIds()
  const ended = new AbortController()
  const listeners = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined
  let untilPrune = limits.eventPruneEvery
  let lastPrune = clock.now()
  let closing: Promise<void> | undefined

  const source = { store, clock, flush, subscribe, ended: ended.signal, lastId: () => nextId(clock.now()) }
  return {
    record,
    list: async (query) => {
      await flush()
      return listEvents(store.own, query)
    },
    stream: (filter, lastEventId, signal) => streamEvents(source, filter, lastEventId, signal),
    flush,
    close,
    metrics,
  }

  function record(event: Parameters<EventSink>[0]): void {
    metrics.events.inc({ kind: event.kind, outcome: event.outcome, reason: event.reason })
    if (closing !== undefined) {
      metrics.eventsDropped.inc({ why: 'closed' })
      return
    }
    const time = clock.now()
    if (!buffer.add({ id: nextId(time), time, event })) metrics.eventsDropped.inc({ why: 'full' })
    if (timer === undefined) {
      timer = setTimeout(() => void flush(), listeners.size > 0 ? limits.eventFlushLive : limits.eventFlush)
      timer.unref()
    }
  }

  function subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    // One batch at a time, or ids would appear out of order and a stream would pass some over.
    while (writing !== undefined) await writing
    if (buffer.size === 0) return
    writing = write().finally(() => {
      writing = undefined
    })
    await writing
  }

  async function write(): Promise<void> {
    const events = buffer.take()
    const stop = metrics.eventFlush.startTimer()
    try {
      await store.own.transaction().execute((trx) => insertEvents(trx, store.dialect, events))
    } catch (error) {
      metrics.eventsDropped.inc({ why: 'failed' }, events.length)
      log.error(
        { code: errorCode(error), reason: errorText(error), events: events.length },
        'events could not be stored',
      )
    }
    stop()
    for (const listener of listeners) listener()
    await prune(events.length)
  }

  async function prune(written: number): Promise<void> {
    untilPrune -= written
    if (untilPrune > 0 && clock.now() - lastPrune < limits.eventPruneInterval) return
    untilPrune = limits.eventPruneEvery
    lastPrune = clock.now()
    try {
      await pruneEvents(store.own, clock, keep)
    } catch (error) {
      log.warn({ code: errorCode(error), reason: errorText(error) }, 'old events could not be deleted')
    }
  }

  function close(): Promise<void> {
    closing ??= flush().then(() => ended.abort())
    return closing
  }
}

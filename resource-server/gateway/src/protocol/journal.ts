import type { EventInput, EventSink, Reason } from '@postern/core'
import type { FinishedRequest } from './types.ts'

/** What is known of one request on a service, to be recorded once it is over. */
export interface Entry {
  readonly requestId: string
  note(about: { readonly method?: string; readonly apiKeyName?: string | undefined }): void
  /** The calls of tools in the request: each is an event of its own. */
  readonly calls: Calls
  /** Records something besides: what would have been refused. */
  aside(reason: Reason, call?: object): void
  /** The caller was verified, and refused all the same. */
  refused(reason: Reason): void
  /** Nothing more is done about the request; a call that never came to its end did not get far. */
  over(): void
  /** The answer is complete, or the caller has gone. */
  finish(status: number): void
}

/** Calls are known by their message: the object itself. */
export interface Calls {
  /** @param tools those that it calls: an event for each */
  begin(call: object, tools: readonly string[], shownArguments: string | undefined): void
  /**
   * @param end `ok`, or why not
   * @param reached the ends of the tools that it called, in their order, where each had one of its own
   */
  end(call: object, end: Reason, reached?: readonly CallEnd[]): void
}

/** What came of one call: `ok`, or why not, and how long it took. */
export interface CallEnd {
  readonly reason: Reason
  readonly durationMs: number
}

export interface Journal {
  open(serviceId: string): Entry
  /** Takes a decision of the kit about a credential; it is recorded with what becomes of its request. */
  decided(serviceId: string, event: EventInput): void
}

export interface JournalOptions {
  readonly record: EventSink
  readonly onRequest: ((request: FinishedRequest) => void) | undefined
}

/** Methods that are counted by name; everything else is `other`, or a client could make up as many as it likes. */
const counted = new Set([
  'initialize',
  'ping',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
  'server/discover',
  'subscriptions/listen',
  'notifications/initialized',
  'notifications/cancelled',
  'batch',
  'GET',
  'DELETE',
])

const longestToolName = 128

interface Call {
  readonly tools: readonly { readonly tool?: string }[]
  readonly shown: { readonly arguments?: string }
  readonly startedAt: number
  /** One for each of the tools. */
  ends: readonly CallEnd[] | undefined
}

interface Pending {
  event: EventInput | undefined
}

/**
 * Joins what is known of a request in different places to one event: the kit's decision about the credential, the status
 * and how long it took. A request that calls tools is an event for each call instead: which tool, what came of it.
 */
export function createJournal({ record, onRequest }: JournalOptions): Journal {
  const open = new Map<string, Pending>()
  const prefix = Math.random().toString(36).slice(2, 10)
  let count = 0
  return {
    decided(serviceId, event) {
      const entry = event.requestId === undefined ? undefined : open.get(event.requestId)
      if (entry === undefined) record({ ...event, serviceId })
      else entry.event = event
    },
    open(serviceId) {
      count += 1
      const requestId = `${prefix}-${count.toString(36)}`
      const pending: Pending = { event: undefined }
      open.set(requestId, pending)
      return createEntry(serviceId, requestId, pending, { record, onRequest, forget: () => open.delete(requestId) })
    },
  }
}

function createEntry(
  serviceId: string,
  requestId: string,
  pending: Pending,
  { record, onRequest, forget }: JournalOptions & { readonly forget: () => void },
): Entry {
  const startedAt = performance.now()
  const calls = new Map<object, Call>()
  let method = 'other'
  let key: { readonly apiKeyName?: string } = {}
  let answered: { readonly status: number; readonly durationMs: number } | undefined
  let isRecorded = false

  const end = (call: Call, reason: Reason, reached: readonly CallEnd[] = []): void => {
    const whole = { reason, durationMs: since(call.startedAt) }
    call.ends ??= call.tools.map((_, index) => reached[index] ?? whole)
  }
  const endAll = (reason: Reason): void => {
    for (const call of calls.values()) end(call, reason)
    conclude()
  }
  const conclude = (): void => {
    const isOpen = [...calls.values()].some(({ ends }) => ends === undefined)
    if (answered === undefined || isRecorded || isOpen) return
    isRecorded = true
    forget()
    const { event } = pending
    if (event === undefined) return
    const about = { ...event, serviceId, ...key, ...answered }
    const made = [...calls.values()].flatMap(callsOf)
    if (made.length === 0) record(about)
    for (const { what, end } of made) {
      // Of a single call, the time that its request took: that is what its caller waited.
      const time = made.length === 1 || end === undefined ? {} : { durationMs: end.durationMs }
      record({ ...about, ...what, ...endOf(event, end?.reason), ...time })
    }
  }

  return {
    requestId,
    note(about) {
      if (about.method !== undefined) method = counted.has(about.method) ? about.method : 'other'
      if (about.apiKeyName !== undefined) key = { apiKeyName: about.apiKeyName }
    },
    calls: {
      begin(call, tools, shownArguments) {
        calls.set(call, {
          tools: tools.length === 0 ? [{}] : tools.map((tool) => ({ tool: tool.slice(0, longestToolName) })),
          shown: shownArguments === undefined ? {} : { arguments: shownArguments },
          startedAt: performance.now(),
          ends: undefined,
        })
      },
      end(message, reason, reached) {
        const call = calls.get(message)
        if (call === undefined) return
        end(call, reason, reached)
        conclude()
      },
    },
    aside(reason, message) {
      const call = message === undefined ? undefined : calls.get(message)
      const { event } = pending
      if (event === undefined) return
      for (const tool of call?.tools ?? [{}]) record({ ...event, serviceId, ...key, ...tool, outcome: 'ok', reason })
    },
    refused(reason) {
      if (pending.event !== undefined)
        pending.event = { ...pending.event, kind: 'access.refused', outcome: 'refused', reason }
      endAll('ok')
    },
    over: () => endAll('invalid_request'),
    finish(status) {
      if (answered !== undefined) return
      answered = { status, durationMs: since(startedAt) }
      onRequest?.({ serviceId, status, method, durationMs: answered.durationMs })
      conclude()
    },
  }
}

function callsOf({ tools, shown, ends = [] }: Call) {
  return tools.map((tool, index) => ({ what: { ...tool, ...shown }, end: ends[index] }))
}

/** A call of somebody who was let in and did not succeed; a refusal says it all by itself. */
function endOf({ kind }: EventInput, reason: Reason = 'ok'): Partial<EventInput> {
  return kind !== 'access.verified' || reason === 'ok' ? {} : { outcome: 'error', reason }
}

function since(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 1000) / 1000
}

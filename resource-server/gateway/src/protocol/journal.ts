import type { EventInput, EventSink, Reason } from '@postern/core'
import type { FinishedRequest } from './types.ts'

/** What is known of one request on a service, to be recorded once it is over. */
export interface Entry {
  readonly requestId: string
  note(about: { readonly method?: string; readonly tool?: string }): void
  /** The caller was verified, and refused all the same. */
  refused(reason: Reason): void
  /** The answer is complete, or the caller has gone. */
  finish(status: number): void
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

/**
 * Joins what is known of a request in different places to one event: the kit's decision about the credential, the tool
 * that was called, the status and how long it took.
 */
export function createJournal({ record, onRequest }: JournalOptions): Journal {
  const open = new Map<string, { event: EventInput | undefined }>()
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
      const entry: { event: EventInput | undefined } = { event: undefined }
      const startedAt = performance.now()
      let method = 'other'
      let tool: string | undefined
      open.set(requestId, entry)
      return {
        requestId,
        note(about) {
          if (about.method !== undefined) method = counted.has(about.method) ? about.method : 'other'
          if (about.tool !== undefined) tool = about.tool.slice(0, longestToolName)
        },
        refused(reason) {
          if (entry.event !== undefined)
            entry.event = { ...entry.event, kind: 'access.refused', outcome: 'refused', reason }
        },
        finish(status) {
          if (!open.delete(requestId)) return
          const durationMs = Math.round((performance.now() - startedAt) * 1000) / 1000
          onRequest?.({ serviceId, status, method, durationMs })
          const { event } = entry
          if (event === undefined) return
          record({ ...event, serviceId, status, durationMs, ...(tool === undefined ? {} : { tool }) })
        },
      }
    },
  }
}

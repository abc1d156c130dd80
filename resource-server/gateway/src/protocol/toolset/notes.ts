import type { Clock, EventSink } from '@postern/core'
import type { Log } from '../../backends/types.ts'
import type { ToolsetLimits } from '../../limits.ts'

/** Tells those who run the gateway that a toolset is not whole. */
export interface Notes {
  /** Once in a while for each service of each toolset, not at each request. */
  leftOut(toolsetId: string, serviceId: string, why: string): void
}

export interface NotesOptions {
  readonly log: Log
  readonly record: EventSink
  readonly clock: Clock
  readonly limits: ToolsetLimits
}

export function createNotes({ log, record, clock, limits }: NotesOptions): Notes {
  // As many entries as there are services in toolsets.
  const noted = new Map<string, number>()
  return {
    leftOut(toolsetId, serviceId, why) {
      const key = `${toolsetId} ${serviceId}`
      const now = clock.now()
      const last = noted.get(key)
      if (last !== undefined && now - last < limits.noteMs) return
      noted.set(key, now)
      log.warn({ toolsetId, serviceId, why }, 'a service is left out of a toolset')
      record({ kind: 'backend.state', outcome: 'error', reason: 'backend_failed', serviceId: toolsetId })
    },
  }
}

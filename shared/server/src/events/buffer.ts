import type { Pending } from './event-rows.ts'

/** Events that wait. Refusals and errors go first, and are the last to be dropped. */
export interface EventBuffer {
  /** False when the event was dropped, or pushed another out. */
  add(pending: Pending): boolean
  /** Everything that waits, what matters most first; the buffer is empty afterwards. */
  take(): Pending[]
  readonly size: number
}

export function createEventBuffer(max: number): EventBuffer {
  let important: Pending[] = []
  let others: Pending[] = []
  return {
    add(pending) {
      const isFull = important.length + others.length >= max
      if (pending.event.outcome === 'ok') {
        if (!isFull) others.push(pending)
        return !isFull
      }
      if (isFull && others.pop() === undefined) return false
      important.push(pending)
      return !isFull
    },
    take() {
      const all = others.length === 0 ? important : important.concat(others)
      important = []
      others = []
      return all
    },
    get size() {
      return important.length + others.length
    },
  }
}

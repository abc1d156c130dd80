import { BackendError, type BackendLimits } from './types.ts'

/** When a backend may be started (again) for one caller: not too soon after failures, not too often. */
export interface StartRule {
  /** @throws BackendError while there is to be waited */
  admit(now: number): void
  started(now: number): void
  failed(now: number, livedMs: number): void
  /** Nothing is remembered any more that could matter. */
  isForgotten(now: number): boolean
}

/**
 * The first start after a failure is at once, the second waits `backOffMs`, then twice as long each time. Who lived for
 * `recoveredMs` before it failed begins anew; but nobody is started more than `startsPerCaller` times in a window.
 */
export function createStartRule(limits: BackendLimits): StartRule {
  const { backOffMs, backOffLongestMs, recoveredMs, startsPerCaller, startWindowMs } = limits
  const starts: number[] = []
  let failures = 0
  let waitUntil = 0
  return {
    admit(now) {
      while ((starts[0] ?? now) < now - startWindowMs) starts.shift()
      const [first = now] = starts
      const windowEnds = starts.length < startsPerCaller ? now : first + startWindowMs
      const wait = Math.max(waitUntil, windowEnds) - now
      if (wait > 0) throw leftAlone(wait)
    },
    started: (now) => void starts.push(now),
    failed(now, livedMs) {
      failures = livedMs >= recoveredMs ? 1 : failures + 1
      waitUntil = failures === 1 ? 0 : now + Math.min(backOffMs * 2 ** (failures - 2), backOffLongestMs)
    },
    isForgotten: (now) => waitUntil <= now && (starts.at(-1) ?? 0) < now - startWindowMs,
  }
}

function leftAlone(waitMs: number): BackendError {
  return new BackendError('failed', 'The backend of this service has failed and is left alone for a moment.', {
    retryAfter: Math.max(1, Math.ceil(waitMs / 1000)),
  })
}

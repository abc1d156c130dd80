import type { Clock } from '@postern/core'
import { limits } from '../limits.ts'

export interface Backoff {
  /** Milliseconds until the next attempt is due; 0: now. */
  wait(): number
  failed(): void
  succeeded(): void
}

/** Pauses after failures, doubling from one to the next. No randomness: one flight per issuer is no herd. */
export function createBackoff(clock: Clock): Backoff {
  let failures = 0
  let failedAt = 0
  return {
    wait() {
      if (failures === 0) return 0
      const pause = Math.min(limits.backoffMaxMs, limits.backoffFirstMs * 2 ** (failures - 1))
      const elapsed = clock.now() - failedAt
      return elapsed < 0 ? 0 : Math.max(0, pause - elapsed)
    },
    failed() {
      failures = Math.min(failures + 1, 16)
      failedAt = clock.now()
    },
    succeeded() {
      failures = 0
    },
  }
}

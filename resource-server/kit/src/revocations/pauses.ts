import { limits } from '../limits.ts'
import { pause } from '../pause.ts'

/** How long to wait before asking again. None keeps a process alive, and all end at once with the follower. */
export interface Pauses {
  /** @param tookMs how long the answer took @param hasNews whether it told anything new */
  afterAnswer(tookMs: number, hasNews: boolean): Promise<void>
  afterFailure(): Promise<void>
  /** There is nothing to be heard for the time being. */
  idle(): Promise<void>
  /** As long as the first request waits for the first answer. */
  firstAnswer(): Promise<void>
}

export function createPauses(signal: AbortSignal): Pauses {
  let failures = 0
  const sleep = (ms: number) => pause(ms, signal)
  return {
    afterAnswer(tookMs, hasNews) {
      failures = 0
      // Who does not hold answers back, or has no room to, is asked once a second.
      return sleep(hasNews ? limits.revocationNewsPauseMs : Math.max(0, limits.revocationPauseMs - tookMs))
    },
    afterFailure() {
      failures += 1
      return sleep(Math.min(limits.backoffMaxMs, limits.backoffFirstMs * 2 ** (Math.min(failures, 16) - 1)))
    },
    idle: () => sleep(limits.revocationIdleMs),
    firstAnswer: () => sleep(limits.revocationFirstAnswerMs),
  }
}

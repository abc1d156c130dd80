import type { Clock } from './clock.ts'

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  advance(ms: number): void
  set(ms: number): void
}

/** Makes a clock that stands at `startMs` (milliseconds since the epoch; default 2026-01-01T00:00:00Z). */
export function createTestClock(startMs: number = Date.UTC(2026, 0, 1)): TestClock {
  let time = startMs
  return {
    now: () => time,
    advance: (ms) => {
      time += ms
    },
    set: (ms) => {
      time = ms
    },
  }
}

const realNow = Date.now
let shift = 0

/**
 * Shifts this process's `Date.now` by `ms` more milliseconds (negative: back). For code without a clock of its own,
 * such as oidc-provider; a test that calls it needs a file (so a process) of its own, and `restoreTime` after.
 */
export function moveTime(ms: number): void {
  shift += ms
  Date.now = () => realNow() + shift
}

/** Puts the machine's time back. */
export function restoreTime(): void {
  shift = 0
  Date.now = realNow
}

/** Where the time comes from. Whatever expires asks a clock, so that a test can move it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

/** The machine's clock. Reads `Date.now` at each call, so a process whose `Date.now` was moved sees the moved time. */
export const systemClock: Clock = Object.freeze({ now: () => Date.now() })

export interface Deadline {
  /** Aborts at the deadline, or with the caller's signal. */
  readonly signal: AbortSignal
  /** The work's outcome, or a rejection once the signal aborts, whether or not the work heeds it. */
  race<T>(work: Promise<T>): Promise<T>
  timedOut(): boolean
  /** Ends the timer, and whatever is still under way. */
  end(): void
}

/** Starts a timer over several steps of one exchange. In the background it keeps no process alive. */
export function startDeadline(ms: number, outer?: AbortSignal, background = false): Deadline {
  const inner = new AbortController()
  let late = false
  const timer = setTimeout(() => {
    late = true
    inner.abort()
  }, ms)
  if (background && typeof timer === 'object') timer.unref()
  const signal = outer === undefined ? inner.signal : AbortSignal.any([inner.signal, outer])
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  aborted.catch(() => undefined)
  return {
    signal,
    race: (work) => Promise.race([work, aborted]),
    timedOut: () => late,
    end: () => {
      clearTimeout(timer)
      inner.abort()
    },
  }
}

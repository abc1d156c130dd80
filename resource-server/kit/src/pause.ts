/** Waits so many milliseconds, or until the signal. Keeps no process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (typeof timer === 'object') timer.unref()
    signal.addEventListener('abort', end, { once: true })
  })
}

type Close = () => Promise<void> | void

/** What was opened, in order; closed in the opposite order. */
export interface Closers {
  add(close: Close): void
  /** Closes everything, once. The first failure is thrown when all the rest is closed. */
  close(): Promise<void>
}

export function createClosers(): Closers {
  const stack: Close[] = []
  let closing: Promise<void> | undefined
  return {
    add: (close) => void stack.push(close),
    close() {
      closing ??= closeAll(stack.reverse())
      return closing
    },
  }
}

/** One that fails must not keep the others open, for they hold processes and ports. */
async function closeAll(stack: readonly Close[]): Promise<void> {
  const failures: unknown[] = []
  for (const close of stack) {
    try {
      await close()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

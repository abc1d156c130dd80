/** Work that is done a few at a time, in the order it came. */
export interface Line {
  /** Waits for a place and does the work. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Is so much waiting that no more should come? */
  readonly isFull: boolean
}

/**
 * @param width how many at once
 * @param waiting how many may wait before the line says that it is full; who calls `run` all the same still waits
 */
export function createLine({ width, waiting }: { readonly width: number; readonly waiting: number }): Line {
  const queue: (() => void)[] = []
  let busy = 0

  async function enter(): Promise<void> {
    if (busy < width) {
      busy += 1
      return
    }
    // Whoever leaves hands its place on.
    await new Promise<void>((resolve) => void queue.push(resolve))
  }

  function leave(): void {
    const next = queue.shift()
    if (next === undefined) busy -= 1
    else next()
  }

  return {
    async run(work) {
      await enter()
      try {
        return await work()
      } finally {
        leave()
      }
    },
    get isFull() {
      return queue.length >= waiting
    },
  }
}

import { memoryOf, tellsMemory } from './process.ts'
import type { BackendLimits, Log } from './types.ts'

/** Looks at how much memory processes take, and tells of those that take too much. */
export interface MemoryWatch {
  /** Watches a process and what it forks; `onOver` is called once. Returns how to stop. */
  add(pid: number, onOver: () => void): () => void
}

export interface MemoryWatchOptions {
  readonly limits: Pick<BackendLimits, 'processMemoryMb' | 'memoryCheckMs'>
  readonly log: Log
}

/** Makes a watch with nothing to watch. On other systems than Linux it says once that it cannot. */
export function createMemoryWatch({ limits, log }: MemoryWatchOptions): MemoryWatch {
  const watched = new Map<number, () => void>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false
  let isUnableTold = false

  const look = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    const sums = await memoryOf(new Set(watched.keys())).catch(() => new Map<number, number>())
    isLooking = false
    for (const [pid, mb] of sums) {
      if (mb <= limits.processMemoryMb) continue
      watched.get(pid)?.()
      forget(pid)
    }
  }
  const forget = (pid: number): void => {
    watched.delete(pid)
    if (watched.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  return {
    add(pid, onOver) {
      if (!tellsMemory) {
        if (!isUnableTold) log.warn({}, 'the memory of processes is not limited: this system does not tell it')
        isUnableTold = true
        return () => {}
      }
      watched.set(pid, onOver)
      timer ??= setInterval(() => void look(), limits.memoryCheckMs).unref()
      return () => forget(pid)
    },
  }
}

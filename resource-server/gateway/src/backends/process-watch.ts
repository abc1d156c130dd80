import type { Family } from './family.ts'
import { residentMb, seesProcesses } from './proc.ts'
import type { BackendLimits, Log } from './types.ts'

/** What a backend has too much of. */
export type Excess = 'memory' | 'processes'

/** Looks at how many processes families are and how much memory they take, and tells of those that go too far. */
export interface ProcessWatch {
  /** Watches a family; `onOver` is called once. Returns how to stop. */
  add(family: Family, onOver: (excess: Excess) => void): () => void
}

export interface ProcessWatchOptions {
  readonly limits: Pick<BackendLimits, 'processMemoryMb' | 'processesPerBackend' | 'processCheckMs'>
  readonly log: Log
}

/** Makes a watch with nothing to watch. On other systems than Linux it says once that it cannot. */
export function createProcessWatch({ limits, log }: ProcessWatchOptions): ProcessWatch {
  const watched = new Map<Family, (excess: Excess) => void>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false
  let isUnableTold = false

  const lookAt = async (family: Family): Promise<void> => {
    const excess = await excessOf(family, limits).catch(() => undefined)
    if (excess === undefined) return
    watched.get(family)?.(excess)
    forget(family)
  }
  const look = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    await Promise.all([...watched.keys()].map(lookAt))
    isLooking = false
  }
  const forget = (family: Family): void => {
    watched.delete(family)
    if (watched.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  return {
    add(family, onOver) {
      if (!seesProcesses) {
        if (!isUnableTold) {
          log.warn({}, 'the memory and number of processes are not limited: this system does not tell them')
        }
        isUnableTold = true
        return () => {}
      }
      watched.set(family, onOver)
      timer ??= setInterval(() => void look(), limits.processCheckMs).unref()
      return () => forget(family)
    },
  }
}

async function excessOf(family: Family, limits: ProcessWatchOptions['limits']): Promise<Excess | undefined> {
  const members = await family.look()
  if (members.length > limits.processesPerBackend) return 'processes'
  return (await memoryOf(members)) > limits.processMemoryMb ? 'memory' : undefined
}

/** Resident memory in MB. Pages that processes share, such as those of the program itself, count with each of them. */
async function memoryOf(members: Awaited<ReturnType<Family['look']>>): Promise<number> {
  let sum = 0
  for (const { pid } of members) sum += await residentMb(pid)
  return sum
}

import { setTimeout as wait } from 'node:timers/promises'
import { backendLimits } from '../limits.ts'
import { killSeen, type ProcessStat, type Snapshot, seesProcesses, startTimeOf, takeSnapshot } from './proc.ts'

/** The variable in a process's environment that says whose family it and all that it starts belong to. */
export const markerVariable = 'POSTERN_BACKEND'

/**
 * A process and all that came of it, on Linux. Who has left its group (setsid) is found by the marker in its environment,
 * or as a child of one that is found, now or the last time that was looked. Known limit: a process that was started
 * without the marker, outside the group, and whose parent went before anybody looked, is nobody's.
 */
export interface Family {
  /** Those that run now. */
  look(): Promise<readonly ProcessStat[]>
  /** Kills them, and who is started meanwhile; resolves when none is left, or none that can be killed. Never rejects. */
  kill(): Promise<void>
}

export interface FamilyOptions {
  /** The first process, which leads a group. */
  readonly pid: number
  /** When it started; undefined when it has gone, and with it all that is known of its group. */
  readonly startTime: number | undefined
  /** Its value of `POSTERN_BACKEND`, and nobody else's. */
  readonly marker: string
}

/** The family of a process that has just been started, and whose end has not been told yet. */
export function familyOf(pid: number, marker: string): Family {
  return createFamily({ pid, marker, startTime: startTimeOf(pid) })
}

/** Finds a family that was started earlier. */
export function createFamily({ pid, startTime, marker }: FamilyOptions): Family {
  let known = new Map<number, number>()

  const belongs = (process: ProcessStat, { marks, isGroupTaken }: Moment): boolean =>
    marks.get(process.pid) === marker ||
    known.get(process.pid) === process.startTime ||
    (process.group === pid && startTime !== undefined && process.startTime >= startTime && !isGroupTaken)

  const look = async (): Promise<readonly ProcessStat[]> => {
    if (!seesProcesses) return []
    const snapshot = await snapshots.next(startTime ?? 0)
    const leader = snapshot.processes.find((process) => process.pid === pid)
    const moment = { ...snapshot, isGroupTaken: leader !== undefined && leader.startTime !== startTime }
    const members = withDescendants(
      snapshot.processes.filter((process) => belongs(process, moment)),
      snapshot.processes,
    )
    known = new Map(members.map((member) => [member.pid, member.startTime]))
    return members
  }

  return {
    look,
    async kill() {
      for (let round = 0; round < backendLimits.killRounds; round++) {
        const members = await look().catch(() => [])
        if (members.filter(killSeen).length === 0) return
        await wait(backendLimits.killRoundMs)
      }
    },
  }
}

interface Moment extends Snapshot {
  /** The first process has gone and its id is another one's. */
  readonly isGroupTaken: boolean
}

/** Children of theirs too, whatever they carry. A child is no older than its parent, whose id may have been another's. */
function withDescendants(members: readonly ProcessStat[], all: readonly ProcessStat[]): readonly ProcessStat[] {
  const children = Map.groupBy(all, ({ parent }) => parent)
  const found = new Set(members)
  // What is added while it is gone through is gone through as well.
  for (const { pid, startTime } of found) {
    for (const child of children.get(pid) ?? []) if (child.startTime >= startTime) found.add(child)
  }
  return [...found]
}

/** Looks at all processes once for all who ask meanwhile. */
function createSnapshots() {
  let running: Promise<unknown> = Promise.resolve()
  let waiting: Promise<Snapshot> | undefined
  let earliest = 0
  const take = (): Promise<Snapshot> => {
    waiting = undefined
    return takeSnapshot(markerVariable, earliest)
  }
  return {
    /** A snapshot that is begun after this call, which has marks of those that started at `since` or later. */
    next(since: number): Promise<Snapshot> {
      earliest = waiting === undefined ? since : Math.min(earliest, since)
      if (waiting !== undefined) return waiting
      const next = running.then(take)
      waiting = next
      running = next.catch(() => {})
      return next
    },
  }
}

const snapshots = createSnapshots()

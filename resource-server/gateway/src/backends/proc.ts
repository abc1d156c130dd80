import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'

/** Processes as Linux shows them under /proc (proc(5)). On other systems nothing is seen. */
export const seesProcesses = process.platform === 'linux'

/** A process at the moment that it was looked at. */
export interface ProcessStat {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** In ticks since the machine's start. With its id it tells a process from all others, earlier and later. */
  readonly startTime: number
}

/** The processes of a moment. */
export interface Snapshot {
  readonly processes: readonly ProcessStat[]
  /** Values of the variable that was asked for, by process, as far as environments can be read. */
  readonly marks: ReadonlyMap<number, string>
}

// So many files are read at the same time.
const batch = 32

/**
 * Looks at all processes that run, and for the variable `name` in the environments of those that started at `since` or
 * later. Environments are those with which programs were begun: what a program does to its own is not seen.
 */
export async function takeSnapshot(name: string, since: number): Promise<Snapshot> {
  const processes: ProcessStat[] = []
  const marks = new Map<number, string>()
  const lookAt = async (pid: number): Promise<void> => {
    const stat = parseStat(pid, await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))
    if (stat === undefined || stat.hasEnded) return
    processes.push(stat)
    const mark = stat.startTime < since ? undefined : await readVariable(pid, name)
    if (mark !== undefined) marks.set(pid, mark)
  }
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number)
  for (let first = 0; first < pids.length; first += batch) {
    await Promise.all(pids.slice(first, first + batch).map(lookAt))
  }
  return { processes, marks }
}

/** A process's resident memory; 0 when it has gone. Told in kilobytes there, whatever the size of a page is. */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024
}

/** When a process started, even if it has ended since and only waits to be asked how. */
export function startTimeOf(pid: number): number | undefined {
  return readStat(pid)?.startTime
}

/**
 * What tells a running process from every other that had or will have its id: boot, id namespace, moment of start.
 * Undefined when there is no such process, and on other systems than Linux, where it cannot be known.
 */
export function identityOf(pid: number): string | undefined {
  const stat = readStat(pid)
  return stat === undefined || stat.hasEnded ? undefined : `${placeOfProcesses()} ${stat.startTime}`
}

/** Names the machine's boot and the id namespace that this process sees; '' where that cannot be known. */
export function placeOfProcesses(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

/**
 * Kills a process if it is still the one that was seen, and one of this user's. Looked at in the very moment before, for
 * its id may be another one's by now.
 *
 * @returns whether it was killed
 */
export function killSeen({ pid, startTime }: ProcessStat): boolean {
  if (pid <= 1 || pid === process.pid) return false
  try {
    if (statSync(`/proc/${pid}`).uid !== process.getuid?.() || startTimeOf(pid) !== startTime) return false
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

async function readVariable(pid: number, name: string): Promise<string | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  const entry = environment.split('\0').find((one) => one.startsWith(`${name}=`))
  return entry?.slice(name.length + 1)
}

/** Undefined when there is no such process (any more). */
function readStat(pid: number): ReturnType<typeof parseStat> {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

/** Fields of /proc/<pid>/stat. */
function parseStat(pid: number, text: string): (ProcessStat & { readonly hasEnded: boolean }) | undefined {
  // The name in parentheses comes second and may hold anything.
  const [state = '', parent, group, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  if (text === '') return undefined
  const hasEnded = state === 'Z' || state === 'X'
  return { pid, parent: Number(parent), group: Number(group), startTime: Number(rest[16]), hasEnded }
}

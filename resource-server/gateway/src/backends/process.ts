import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import spawn from 'cross-spawn'

/**
 * Everything about child processes that differs between platforms. On POSIX each child leads a process group of its
 * own, so that what it forks is stopped with it. What cannot be had from Node: the kernel ending children when the
 * gateway itself is killed with SIGKILL (prctl), or reaching a grandchild that has left the group (setsid). The first
 * is mitigated by the end of the child's stdin, at which well-behaved servers exit; what stays is ended by the next
 * gateway on the same data folder (leftovers.ts), on Linux.
 */
const posix = process.platform !== 'win32'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

export interface ChildProcess {
  readonly pid: number
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** Resolves once the process itself is gone; its output may still be draining. */
  readonly exited: Promise<Exit>
  /** Asks, then insists; resolves when the process and its group are gone. */
  stop(grace: StopGrace): Promise<void>
}

export interface StopGrace {
  readonly stdinGraceMs: number
  readonly termGraceMs: number
}

export interface ProcessSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** Why a process could not be started. */
export type SpawnProblem = 'not_found' | 'not_executable' | 'no_folder' | 'other'

export class SpawnError extends Error {
  readonly problem: SpawnProblem

  constructor(problem: SpawnProblem, cause?: unknown) {
    super(`the process could not be started: ${problem}`, { cause })
    this.name = 'SpawnError'
    this.problem = problem
  }
}

/**
 * Starts a process, its three streams piped.
 * @throws SpawnError
 */
export function startProcess(spec: ProcessSpec): Promise<ChildProcess> {
  // A missing working folder is reported as ENOENT of the command, so it is looked at first.
  if (!isFolder(spec.cwd)) return Promise.reject(new SpawnError('no_folder'))
  return new Promise((resolve, reject) => {
    const child = spawn(spec.command, [...spec.args], {
      cwd: spec.cwd,
      env: { ...spec.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: posix,
      windowsHide: true,
    })
    const exited = new Promise<Exit>((settle) => child.once('exit', (code, signal) => settle({ code, signal })))
    child.once('error', (error) => reject(spawnError(error)))
    child.once('spawn', () => {
      const { pid, stdin, stdout, stderr } = child
      if (pid === undefined || stdin === null || stdout === null || stderr === null) {
        reject(new SpawnError('other'))
        return
      }
      // Writing to a process that has gone is no news: its exit is.
      stdin.on('error', () => {})
      resolve({ pid, stdin, stdout, stderr, exited, stop: (grace) => stop({ pid, stdin, exited }, grace) })
    })
  })
}

async function stop(child: Pick<ChildProcess, 'pid' | 'stdin' | 'exited'>, grace: StopGrace): Promise<void> {
  child.stdin.end()
  if (!(await within(child.exited, grace.stdinGraceMs))) {
    signalGroup(child.pid, 'SIGTERM')
    if (!(await within(child.exited, grace.termGraceMs))) signalGroup(child.pid, 'SIGKILL')
    await child.exited
  }
  // The leader is gone; what it forked may not be.
  signalGroup(child.pid, 'SIGKILL')
}

/** Kills, without waiting, what is left of a process's group. For a process that went by itself. */
export function killGroup(pid: number): void {
  signalGroup(pid, 'SIGKILL')
}

function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(posix ? -pid : pid, signal)
  } catch {
    // Nobody is left in the group.
  }
}

async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(resolve, ms, false)
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Is there a folder at `path`? */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function spawnError(error: Error): SpawnError {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return new SpawnError('not_found', error)
  if (code === 'EACCES' || code === 'ENOEXEC') return new SpawnError('not_executable', error)
  return new SpawnError('other', error)
}

/**
 * What tells a running process from every other that had or will have its id: boot, id namespace, moment of start.
 * Undefined when there is no such process, and on other systems than Linux, where it cannot be known.
 */
export function identityOf(pid: number): string | undefined {
  const stat = readStat(pid)
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined
  return `${placeOfProcesses()} ${stat.startTime}`
}

/** Names the machine's boot and the id namespace that this process sees; '' where that cannot be known. */
export function placeOfProcesses(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}

/** Processes of a group that run, as far as their environment can be read and holds `entry` (`NAME=value`). */
export function membersWith(group: number, entry: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && readStat(pid)?.group === group && environmentOf(pid).includes(entry))
}

/** Can the memory of processes be told on this system? */
export const tellsMemory = process.platform === 'linux'

/**
 * Resident memory of process groups, that of all their members together, in MB. Pages that members share, such as those
 * of the program itself, count with each of them. Empty on other systems than Linux.
 */
export async function memoryOf(groups: ReadonlySet<number>): Promise<ReadonlyMap<number, number>> {
  const sums = new Map<number, number>()
  if (!tellsMemory) return sums
  for (const name of await readdir('/proc')) {
    const group = /^\d+$/.test(name) ? Number((await fieldsOf(name))[2]) : 0
    if (groups.has(group)) sums.set(group, (sums.get(group) ?? 0) + (await residentMb(name)))
  }
  return sums
}

/** Fields of /proc/<pid>/stat behind the name, none when there is no such process (any more). */
async function fieldsOf(pid: string): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return afterName(text)
}

/** In kilobytes there, whatever the size of a page is. */
async function residentMb(pid: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024
}

/** Kills one process. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has gone.
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** Fields of /proc/<pid>/stat (proc(5)). */
function readStat(pid: number): { state: string; group: number; startTime: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = afterName(text)
    return { state: fields[0] ?? '', group: Number(fields[2]), startTime: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/** The name in parentheses comes second and may hold anything. */
function afterName(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

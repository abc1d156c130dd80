import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import spawn from 'cross-spawn'
import { type Family, familyOf, markerVariable } from './family.ts'

/**
 * Everything about child processes that differs between platforms. On POSIX each child leads a process group of its
 * own, so that what it forks is stopped with it; who has left the group (setsid) is found on Linux alone (family.ts).
 * What cannot be had from Node: the kernel ending children when the gateway itself is killed with SIGKILL (prctl). It
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
  /** Resolves once nothing of its family is left either, which is killed when the process has gone. */
  readonly gone: Promise<void>
  readonly family: Family
  /** Its value of `POSTERN_BACKEND`, which no other process has that is not of its family. */
  readonly marker: string
  /** Asks, then insists; resolves when the process and its family are gone. */
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
  const marker = randomUUID()
  return new Promise((resolve, reject) => {
    const child = spawn(spec.command, [...spec.args], {
      cwd: spec.cwd,
      env: { ...spec.env, [markerVariable]: marker },
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
      const family = familyOf(pid, marker)
      const gone = exited.then(() => {
        killGroup(pid)
        return family.kill()
      })
      const running = { pid, stdin, stdout, stderr, exited, gone, family, marker }
      resolve({ ...running, stop: (grace) => stop(running, grace) })
    })
  })
}

async function stop({ pid, stdin, exited, gone, family }: Omit<ChildProcess, 'stop'>, grace: StopGrace): Promise<void> {
  // Whose child somebody is can be seen as long as the parent is there.
  await family.look().catch(() => [])
  stdin.end()
  if (!(await within(exited, grace.stdinGraceMs))) {
    signalGroup(pid, 'SIGTERM')
    if (!(await within(exited, grace.termGraceMs))) signalGroup(pid, 'SIGKILL')
  }
  await gone
}

/** Kills, without waiting, what is left of a process's group. */
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

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { serverFlags } from '@postern/server'

export type Role = 'idp' | 'gateway'

export interface Ended {
  readonly role: Role
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child {
  readonly role: Role
  readonly ended: Promise<Ended>
  signal(name: NodeJS.Signals): void
}

const stopMs = 15_000

/**
 * Starts a server as a process with a session of its own, so that a Ctrl-C at the terminal reaches us alone and the
 * server is told once. Its leash (an IPC channel) stops it where we are killed and can tell it nothing any more.
 */
export function startServer(role: Role, main: string, env: NodeJS.ProcessEnv): Child {
  const child = spawn(process.execPath, [...serverFlags[role], '--import', import.meta.resolve('#leash'), main], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: process.platform !== 'win32',
  })
  return { role, ended: endOf(role, child), signal: (name) => void child.kill(name) }
}

async function endOf(role: Role, child: ChildProcess): Promise<Ended> {
  const [code, signal] = await once(child, 'exit')
  return { role, code, signal }
}

/** Asks the servers to end and waits until they have; one that takes longer than 15 s is killed. */
export async function stopServers(children: readonly Child[]): Promise<void> {
  for (const child of children) child.signal('SIGTERM')
  const timer = setTimeout(() => {
    for (const child of children) child.signal('SIGKILL')
  }, stopMs)
  await Promise.all(children.map((child) => child.ended))
  clearTimeout(timer)
}

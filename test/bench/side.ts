import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Call } from './load.ts'

/** One server under load, in a process of its own so that the load generator does not share its event loop. */
export interface Side extends Call {
  readonly name: string
  /** Processor time that it has taken so far, in ms; NaN where the system does not tell. */
  cpuMs(): Promise<number>
  close(): Promise<void>
}

/**
 * Starts `sides/<file>` with node and reads the one JSON line that it prints once it is listening:
 * `{url, method, headers, body?}`.
 */
export async function startSide(name: string, file: string, ...args: string[]): Promise<Side> {
  const path = fileURLToPath(new URL(`./sides/${file}`, import.meta.url))
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', NODE_NO_WARNINGS: '1' },
  })
  const line = await firstLine(child, name)
  return {
    name,
    ...(JSON.parse(line) as Omit<Side, 'name' | 'cpuMs' | 'close'>),
    cpuMs: () => cpuOf(child),
    close: () => stop(child),
  }
}

async function firstLine(child: ChildProcess, name: string): Promise<string> {
  if (!child.stdout) throw new Error(`${name}: no stdout`)
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('{')) return line
  throw new Error(`${name}: ended before it was listening`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** From Linux's /proc: user and system time of all its threads, in hundredths of a second. */
async function cpuOf({ pid }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Sees all that was printed so far, each time that there is more. */
  readonly onText?: (text: string) => void
}

const limitMs = 90_000

/** Runs a program of Node to its end, which comes by SIGKILL when it takes too long. */
export async function runProgram(args: readonly string[], { env, cwd, onText }: RunOptions): Promise<Ran> {
  const child = spawn(process.execPath, [...args], {
    env: { ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  })
  const closed = once(child, 'close')
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    onText?.(out + err)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
    onText?.(out + err)
  })
  const [code] = await closed
  return { code, out, err }
}

/** The first URL of an authorization endpoint in what a program printed; to be called until it is whole. */
export function authorizationUrlIn(text: string): string | undefined {
  return /https?:\/\/localhost:\d+\/pools\/[^\s/]+\/auth\?\S+(?=\s)/.exec(text)?.[0]
}

/** The same for the link by which a device's code is approved. */
export function deviceUrlIn(text: string): string | undefined {
  return /https?:\/\/localhost:\d+\/pools\/[^\s/]+\/device\S*(?=\s)/.exec(text)?.[0]
}

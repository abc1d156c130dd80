import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'

const bin = join(import.meta.dirname, '..', '..', 'idp', 'bin', 'postern.js')

/** A folder and ports for `postern serve`, and the command as a person runs it there. */
export interface Place {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  readonly idpUrl: string
  readonly gatewayUrl: string
  /** Runs a verb to its end; never throws for its exit code. */
  postern(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran>
  /** `postern serve` with these arguments. */
  serve(env?: NodeJS.ProcessEnv, ...args: readonly string[]): Serving
  remove(): Promise<void>
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A running `postern serve`. */
export interface Serving {
  readonly process: ChildProcess
  /** Settles with what was printed once both servers are ready. */
  readonly ready: Promise<string>
  readonly ended: Promise<Ran>
  /** Asks it to end as Ctrl-C does, and waits until it has. */
  stop(): Promise<Ran>
}

export async function createPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-serve-'))
  const [idp, gateway] = [await freePort(), await freePort()]
  const env: NodeJS.ProcessEnv = { ...process.env, POSTERN_IDP_PORT: `${idp}`, POSTERN_GATEWAY_PORT: `${gateway}` }
  delete env['NODE_TEST_CONTEXT']
  return {
    folder,
    env,
    idpUrl: `http://localhost:${idp}`,
    gatewayUrl: `http://localhost:${gateway}`,
    postern: (args, more) => runToEnd(args, folder, { ...env, ...more }),
    serve: (more, ...args) => serve(folder, { ...env, ...more }, args),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  }
}

function runToEnd(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>()
  execFile(process.execPath, [bin, ...args], { cwd, env }, (error, out, err) => {
    resolve({ code: error === null ? 0 : Number(error.code), out, err })
  })
  return promise
}

function serve(cwd: string, env: NodeJS.ProcessEnv, args: readonly string[]): Serving {
  const child = spawn(process.execPath, [bin, 'serve', ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>()
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk
    if (/^Postern is ready/m.test(out)) resolve(out)
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk
  })
  const ended = once(child, 'close').then(([code]) => ({ code: Number(code), out, err }))
  ended.then((ran) => reject(new Error(`it ended before it was ready: ${ran.out}${ran.err}`)))
  ready.catch(() => {})
  return {
    process: child,
    ready,
    ended,
    stop() {
      child.kill('SIGINT')
      return ended
    },
  }
}

export async function answers(origin: string): Promise<boolean> {
  const response = await fetch(`${origin}/readyz`).catch(() => undefined)
  await response?.body?.cancel()
  return response?.ok ?? false
}

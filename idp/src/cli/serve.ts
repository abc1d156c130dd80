import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { readSettings, type Settings, StartError } from '@postern/server'
import { banner } from './banner.ts'
import { type Child, type Ended, type Role, startServer, stopServers } from './children.ts'
import { exitCodes, Failure } from './failure.ts'
import { httpsVariables } from './https.ts'
import { untilReady } from './ready.ts'
import { listenForStop } from './signals.ts'
import { type Terminal, withProgress } from './terminal.ts'
import { unattendedApprovals } from './unattended.ts'

const names = { idp: 'identity provider', gateway: 'gateway' } as const

/** `postern serve idp|gateway`: the server in this very process, which goes on until it is told to stop. */
export async function serveOne(role: Role, https: boolean): Promise<undefined> {
  if (https) Object.assign(process.env, await httpsVariables(process.env, role))
  await import(mainOf(role))
}

/** `postern serve`: both servers as processes, until Ctrl-C or until one of them ends. Gives the exit code. */
export async function serveBoth(terminal: Terminal, https: boolean): Promise<number> {
  const startedAt = performance.now()
  const mains = { idp: fileURLToPath(mainOf('idp')), gateway: fileURLToPath(mainOf('gateway')) }
  const ports = await childEnvironment(terminal.env)
  const env = https ? { ...ports, ...(await httpsVariables(ports, 'idp')) } : ports
  const settings = { idp: settingsOf(env, 'idp'), gateway: settingsOf(env, 'gateway') }

  const children: Child[] = []
  const { asked, release } = listenForStop(() => {
    for (const child of children) child.signal('SIGKILL')
  })
  const over = Promise.withResolvers<Ended | 'asked'>()
  asked.then(over.resolve)
  const waiting = new AbortController()
  const startAll = async () => {
    // In turn: the gateway registers its services with the identity provider when it starts.
    for (const role of ['idp', 'gateway'] as const) {
      if (waiting.signal.aborted) return
      const child = startServer(role, mains[role], env)
      children.push(child)
      child.ended.then(over.resolve)
      await untilReady(settings[role], waiting.signal)
    }
  }
  try {
    const ready = startAll().then(() => 'ready' as const)
    const first = await withProgress(terminal, 'Starting', Promise.race([over.promise, ready]))
    if (first === 'ready') {
      const startMs = performance.now() - startedAt
      // What is told here is logged as well, whenever it happens.
      const unattended = settings.idp.mode === 'development' ? await unattendedApprovals(env) : undefined
      terminal.out(banner(settings, startMs, terminal.env, unattended))
    }
    const end = first === 'ready' ? await over.promise : first
    if (end !== 'asked') throw new Failure('failed', fallen(end))
    return exitCodes.ok
  } finally {
    waiting.abort()
    await stopServers(children)
    release()
  }
}

/** The entry of a server's package. The gateway is found by name when it is started, never imported. */
function mainOf(role: Role): string {
  try {
    return import.meta.resolve(`@postern/${role}/main`)
  } catch {
    throw new Failure(
      'failed',
      `The ${names[role]} is not installed; add the package @postern/${role} beside this one.`,
    )
  }
}

function settingsOf(env: NodeJS.ProcessEnv, role: Role): Settings {
  try {
    return readSettings(env, role)
  } catch (error) {
    if (error instanceof StartError) throw new Failure('failed', error.message)
    throw error
  }
}

/** Quiet by default, and with real ports: each server has to know the other's URL before either listens. */
async function childEnvironment(env: Terminal['env']): Promise<NodeJS.ProcessEnv> {
  const ports: Record<string, string> = {}
  for (const name of ['POSTERN_IDP_PORT', 'POSTERN_GATEWAY_PORT']) {
    if (env[name] === '0') ports[name] = String(await freePort())
  }
  return { ...env, POSTERN_LOG_LEVEL: env['POSTERN_LOG_LEVEL'] || 'warn', ...ports }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Failure('failed', 'The system gave no free port')
  return address.port
}

function fallen({ role, code, signal }: Ended): string {
  const how = signal === null ? `exit code ${code}` : signal
  const other = role === 'idp' ? names.gateway : names.idp
  return `The ${names[role]} ended with ${how}, so the ${other} is not left running either.`
}

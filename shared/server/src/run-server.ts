import type { Logger } from 'pino'
import { loadSecrets, type Secrets } from './config/secrets.ts'
import { readSettings, type Settings } from './config/settings.ts'
import { localAuthorityOf } from './http/tls/local-tls.ts'
import { loadTls, type Tls } from './http/tls/tls.ts'
import { createLogger } from './logs/logger.ts'
import { addProcessMetrics, createMetrics, type Metrics, type Role } from './logs/metrics.ts'
import { StartError } from './start-error.ts'

/** What a server is started with. */
export interface StartContext {
  readonly settings: Settings
  readonly secrets: Secrets
  readonly log: Logger
  readonly metrics: Metrics
  readonly tls: Tls | undefined
}

export interface RunningServer {
  readonly url: string
  readonly adminUrl: string
  /** Resolves when the server has closed itself, with the reason. */
  readonly lost?: Promise<StartError>
  close(): Promise<void>
}

/**
 * A server's program: starts it from the environment, and stops it on SIGTERM or SIGINT. What cannot start says why in a
 * sentence on stderr, and the process ends with exit code 1.
 */
export async function runServer(role: Role, start: (context: StartContext) => Promise<RunningServer>): Promise<void> {
  const name = `postern-${role}`
  try {
    await run(role, name, start)
  } catch (error) {
    // A stack is for what nobody foresaw.
    const text = error instanceof StartError ? error.message : error instanceof Error ? error.stack : String(error)
    process.stderr.write(`${name}: ${text}\n`)
    process.exit(1)
  }
}

async function run(role: Role, name: string, start: (context: StartContext) => Promise<RunningServer>): Promise<void> {
  const asked = askedToStop()
  const settings = readSettings(process.env, role)
  const log = createLogger({ level: settings.logLevel, name })
  for (const warning of settings.warnings) log.warn(warning)
  const secrets = await loadSecrets(settings)
  const tls = await loadTls(settings, { log })
  const metrics = createMetrics(role)
  addProcessMetrics(metrics)
  const server = await start({ settings, secrets, log, metrics, tls })
  log.info(whereabouts(settings, secrets, server), 'ready')
  const signal = await Promise.race(server.lost === undefined ? [asked] : [asked, server.lost])
  if (signal instanceof StartError) throw signal
  log.info({ signal }, 'stopping')
  await server.close()
  tls?.close()
  log.info('stopped')
}

/** Listens from the first moment on: who is told to stop while starting stops once there is something to close. */
function askedToStop(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  // Once: who sends a second signal does not want to wait.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  return promise
}

/** Where it is, where its admin token is (whose own name the log would hide), and which authority clients are to trust. */
function whereabouts(settings: Settings, { adminTokenFile: tokenFile }: Secrets, { url, adminUrl }: RunningServer) {
  const authority = localAuthorityOf(settings)
  return {
    mode: settings.mode,
    url,
    adminUrl,
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(authority === undefined ? {} : { authority }),
  }
}

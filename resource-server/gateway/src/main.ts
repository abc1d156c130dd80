import {
  addProcessMetrics,
  createLogger,
  createMetrics,
  loadSecrets,
  readSettings,
  type Secrets,
  type Settings,
  StartError,
} from '@postern/server'
import { readStartSeed } from './seed/start.ts'
import { createGatewayServer, type GatewayServer } from './server.ts'

const name = 'postern-gateway'

/** Starts the gateway from the environment, and stops it on SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const asked = askedToStop()
  const settings = readSettings(process.env, 'gateway')
  const log = createLogger({ level: settings.logLevel, name })
  for (const warning of settings.warnings) log.warn(warning)
  const seed = await readStartSeed(settings, process.env)
  const secrets = await loadSecrets(settings)
  const metrics = createMetrics('gateway')
  addProcessMetrics(metrics)
  const server = await createGatewayServer({ settings, secrets, log, metrics, seed })
  log.info(whereabouts(settings, secrets, server), 'ready')
  const signal = await Promise.race([asked, server.lost])
  if (signal instanceof StartError) throw signal
  log.info({ signal }, 'stopping')
  await server.close()
  log.info('stopped')
}

/** Listens from the first moment on: who is told to stop while starting stops once there is something to close. */
function askedToStop(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  // Once: who sends a second signal does not want to wait.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  return promise
}

function whereabouts({ mode }: Settings, { adminTokenFile }: Secrets, { url, adminUrl }: GatewayServer) {
  return { mode, url, adminUrl, ...(adminTokenFile === undefined ? {} : { adminTokenFile }) }
}

/** What cannot start says why in a sentence; a stack is for what nobody foresaw. */
function fail(error: unknown): never {
  const text = error instanceof StartError ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${name}: ${text}\n`)
  process.exit(1)
}

main().catch(fail)

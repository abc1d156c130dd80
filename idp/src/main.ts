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
import { applyStartSeed } from './seed/start.ts'
import { createIdpServer, type IdpServer } from './server.ts'

const name = 'postern-idp'

/** Starts the identity provider from the environment, and stops it on SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const settings = readSettings(process.env, 'idp')
  const log = createLogger({ level: settings.logLevel, name })
  for (const warning of settings.warnings) log.warn(warning)
  const secrets = await loadSecrets(settings)
  const metrics = createMetrics('idp')
  addProcessMetrics(metrics)
  const server = await createIdpServer({
    settings,
    secrets,
    log,
    metrics,
    seed: (directory) => applyStartSeed({ directory, settings, env: process.env }),
  })
  log.info(whereabouts(settings, secrets, server), 'ready')
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Once: who sends a second signal does not want to wait.
    process.once(signal, () => {
      log.info({ signal }, 'stopping')
      server.close().then(() => log.info('stopped'), fail)
    })
  }
}

function whereabouts({ mode }: Settings, { adminTokenFile }: Secrets, { url, adminUrl }: IdpServer) {
  return { mode, url, adminUrl, ...(adminTokenFile === undefined ? {} : { tokenFile: adminTokenFile }) }
}

/** What cannot start says why in a sentence; a stack is for what nobody foresaw. */
function fail(error: unknown): never {
  const text = error instanceof StartError ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${name}: ${text}\n`)
  process.exit(1)
}

main().catch(fail)

import { resolve } from 'node:path'
import { ensureLocalTls, hostOf, localTlsFiles, readSettings, type Settings, StartError } from '@postern/server'
import type { Role } from './children.ts'
import { Failure } from './failure.ts'
import { dataFolder } from './servers.ts'
import type { Terminal } from './terminal.ts'

/**
 * What `--https` adds to the environment of the servers: a certificate for the names that they are found by, signed by
 * an authority of this data folder.
 *
 * @throws Failure `usage` where there is a certificate already, `failed` where none can be made
 */
export async function httpsVariables(env: Terminal['env'], role: Role): Promise<Record<string, string>> {
  if (env['POSTERN_TLS_CERT'] || env['POSTERN_TLS_KEY']) {
    throw new Failure('usage', '--https makes a certificate, and POSTERN_TLS_CERT names one; leave one of the two out')
  }
  const { server } = localTlsFiles(resolve(dataFolder(env)))
  const variables = { POSTERN_TLS_CERT: server, POSTERN_TLS_KEY: server }
  try {
    const settings = readSettings({ ...env, ...variables }, role)
    await ensureLocalTls({ dataDir: settings.dataDir, hosts: hostsOf(settings) })
    return variables
  } catch (error) {
    if (error instanceof StartError) throw new Failure('failed', error.message)
    throw error
  }
}

function hostsOf({ idpUrl, gatewayUrl, idpInternalUrl }: Settings): string[] {
  return [idpUrl, gatewayUrl, idpInternalUrl ?? ''].filter((url) => url.startsWith('https:')).map(hostOf)
}

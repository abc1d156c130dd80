import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { type AccessKey, accessKeysOf, localTlsFiles, readSettings, StartError } from '@postern/server'
import { Failure } from './failure.ts'
import { mark, sitecustomize } from './python-shim.ts'
import { readSeed } from './seed-file.ts'
import { dataFolder, findServers, type ServerOptions } from './servers.ts'
import type { Terminal } from './terminal.ts'

export interface EnvOptions extends ServerOptions {
  readonly python?: boolean
  /** Where the shim is written. */
  readonly dir?: string
  readonly json?: boolean
}

const region = 'cn-beijing'

/**
 * `postern env --python`: prints what points the originals' Python SDKs at these servers, for `eval`, and writes the shim
 * that is needed where an SDK reads no variable. The secret access key is in what is printed, and in no file.
 */
export async function envVerb(options: EnvOptions, terminal: Terminal): Promise<void> {
  if (!options.python) throw new Failure('usage', 'name the language: postern env --python')
  const { env } = terminal
  const key = await accessKeyOf(env)
  const { idp, gateway } = await findServers(options, env)
  const folder = resolve(options.dir ?? join(dataFolder(env), 'python'))
  await writeShim(folder, sitecustomize(new URL(idp.url)))
  const variables = variablesOf(new URL(gateway.url), key, folder, env)
  if (options.json) terminal.out(JSON.stringify(variables, null, 2))
  else for (const [name, value] of Object.entries(variables)) terminal.out(`export ${name}=${quoted(value)}`)
  terminal.err(`wrote ${join(folder, 'sitecustomize.py')}; use it with: eval "$(postern env --python)"`)
}

function variablesOf(gateway: URL, key: AccessKey, folder: string, env: Terminal['env']): Record<string, string> {
  const scheme = gateway.protocol.slice(0, -1)
  return {
    VOLCENGINE_ACCESS_KEY: key.accessKeyId,
    VOLCENGINE_SECRET_KEY: key.secretAccessKey,
    VOLCENGINE_REGION: region,
    VOLCENGINE_AGENTKIT_HOST: gateway.host,
    VOLCENGINE_AGENTKIT_SCHEME: scheme,
    // So it is spelled by releases up to 0.2.
    VOLCENGINE_AGENTKIT_SCHEMA: scheme,
    VOLCENGINE_AGENTKIT_REGION: region,
    PYTHONPATH: prepended(folder, env['PYTHONPATH'], delimiter),
    NO_PROXY: prepended('localhost,127.0.0.1,::1', env['NO_PROXY'], ','),
    ...(scheme === 'https' ? { REQUESTS_CA_BUNDLE: resolve(localTlsFiles(dataFolder(env)).authority) } : {}),
  }
}

/** What was put there before is not put there twice. */
function prepended(value: string, present: string | undefined, separator: string): string {
  if (!present || present === value || present.startsWith(value + separator)) return present || value
  return value + separator + present
}

/** Of the variables, else the first of the seed file. */
async function accessKeyOf(env: Terminal['env']): Promise<AccessKey> {
  const settings = settingsOf(env)
  const seed = settings.config === undefined ? undefined : await readSeed(settings.config, env)
  const [key] = accessKeysOf(settings, seed)
  if (key !== undefined) return key
  throw new Failure(
    'failed',
    'there is no access key; set POSTERN_ACCESS_KEY_ID and POSTERN_SECRET_ACCESS_KEY (such as `openssl rand -hex 20`) for ' +
      'the servers and for this command, or add accessKeys to the seed file that POSTERN_CONFIG names',
  )
}

function settingsOf(env: Terminal['env']) {
  try {
    return readSettings(env, 'idp')
  } catch (error) {
    if (error instanceof StartError) throw new Failure('failed', error.message)
    throw error
  }
}

async function writeShim(folder: string, text: string): Promise<void> {
  const file = join(folder, 'sitecustomize.py')
  const present = await readFile(file, 'utf8').catch(() => undefined)
  if (present !== undefined && !present.startsWith(mark)) {
    throw new Failure('failed', `${file} is not ours; choose another folder with --dir`)
  }
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(file, text)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    throw new Failure('failed', `${file} cannot be written${code}; choose another folder with --dir`)
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

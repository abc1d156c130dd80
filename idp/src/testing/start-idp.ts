import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  accessKeysOf,
  createLogger,
  generateSecret,
  loadSeed,
  parseSeed,
  readSettings,
  type Seed,
  type seed,
  seedError,
} from '@postern/server'
import type { z } from 'zod'
import { DirectoryError } from '../directory/directory-error.ts'
import type { Directory } from '../directory/types.ts'
import { applySeed } from '../seed/apply.ts'
import { createIdpServer } from '../server.ts'
import { createTestPool, openTestPool, type PoolSettings, type TestPool } from './test-pool.ts'

export interface StartIdpOptions {
  /** What the provider has from the start: the path of a seed file, or what one holds. */
  readonly seed?: string | z.input<typeof seed>
  /** Default: any that is free. */
  readonly port?: number
  /** Public origin of a gateway, for seeds whose resources are paths. Default `http://localhost:4701`. */
  readonly gatewayUrl?: string
  /** Settings by their variables: `{ POSTERN_ALLOW_LOOPBACK_CLIENT_DOCUMENTS: 'true' }`. */
  readonly env?: Readonly<Record<string, string>>
}

/** A whole identity provider inside this process. */
export interface Idp {
  /** Public origin, e.g. `http://localhost:49152`. */
  readonly url: string
  /** Bearer of the management API under `<url>/api/v1`. */
  readonly adminToken: string
  createPool(settings: PoolSettings): Promise<TestPool>
  /** A pool that is there already, from the seed or the management API. */
  pool(poolId: string): Promise<TestPool>
  /** Stops it, and deletes everything it has stored. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const encryptionKeyBytes = 32

/**
 * Starts an identity provider for a test: a real server on a free port, with a real database in a folder of its own.
 * Any number may run at once in one process. It sets no signal handlers and writes no logs.
 *
 * @throws StartError, such as when the port is taken; SeedError with every mistake of the seed
 */
export async function startIdp(options: StartIdpOptions = {}): Promise<Idp> {
  const given = await readSeed(options.seed)
  const folder = await mkdtemp(join(tmpdir(), 'postern-idp-'))
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    const adminToken = generateSecret()
    const settings = testSettings(folder, options)
    const server = await createIdpServer({
      settings,
      secrets: { adminToken, encryptionKey: randomBytes(encryptionKeyBytes) },
      log: createLogger({ level: 'silent', name: 'postern-idp' }),
      accessKeys: accessKeysOf(settings, given),
      seed: given && ((directory) => fill(directory, given, settings.gatewayUrl)),
    })
    const close = () => server.close().finally(remove)
    return {
      url: server.url,
      adminToken,
      createPool: (pool) => createTestPool(server, pool),
      pool: (poolId) => openTestPool(server, poolId),
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

async function readSeed(given: StartIdpOptions['seed']): Promise<Seed | undefined> {
  if (given === undefined) return undefined
  return typeof given === 'string'
    ? await loadSeed(given, process.env)
    : parseSeed(JSON.stringify(given), 'seed', process.env)
}

async function fill(directory: Directory, given: Seed, gatewayUrl: string): Promise<void> {
  try {
    await applySeed({ directory, gatewayUrl, seed: given })
  } catch (error) {
    throw error instanceof DirectoryError ? seedError(given, error.errors) : error
  }
}

/** Nothing of the environment gets into a test. */
function testSettings(folder: string, { port = 0, gatewayUrl, env }: StartIdpOptions) {
  return readSettings(
    {
      POSTERN_MODE: 'development',
      POSTERN_DATA_DIR: folder,
      POSTERN_IDP_PORT: String(port),
      POSTERN_LOG_LEVEL: 'silent',
      POSTERN_GATEWAY_URL: gatewayUrl,
      ...env,
    },
    'idp',
  )
}

import { type Environment, loadSeed, type Seed, type Settings, seedError } from '@postern/server'
import { DirectoryError } from '../directory/directory-error.ts'
import type { Directory } from '../directory/types.ts'
import { applySeed } from './apply.ts'
import { demoIds, demoSeed, fitsUser } from './demo.ts'
import { found } from './places.ts'
import type { SeedSummary } from './summary.ts'

export interface StartSeedOptions {
  readonly directory: Directory
  readonly settings: Pick<Settings, 'config' | 'mode' | 'dataDir' | 'gatewayUrl'>
  /** For the variables in the seed file. */
  readonly env: Environment
  /** The configured file, where it was read already. */
  readonly file?: Seed | undefined
}

/**
 * Reads the configured seed file; undefined: there is none.
 *
 * @throws SeedError with every mistake of the file
 */
export async function configuredSeed(
  { config }: Pick<Settings, 'config'>,
  env: Environment,
): Promise<Seed | undefined> {
  return config === undefined ? undefined : await loadSeed(config, env)
}

/**
 * Applies what a server starts with: the configured seed file or, in development without one, the demo.
 *
 * @throws SeedError which names file, line and field of what the directory refuses; nothing was written then
 */
export async function applyStartSeed(options: StartSeedOptions): Promise<SeedSummary | undefined> {
  const { settings, env } = options
  const file = options.file ?? (await configuredSeed(settings, env))
  if (file !== undefined) return await apply(options, file)
  return settings.mode === 'development' ? await applyDemo(options) : undefined
}

async function apply({ directory, settings }: StartSeedOptions, seed: Seed): Promise<SeedSummary> {
  try {
    return await applySeed({ directory, gatewayUrl: settings.gatewayUrl, seed })
  } catch (error) {
    throw error instanceof DirectoryError ? seedError(seed, error.errors) : error
  }
}

async function applyDemo(options: StartSeedOptions): Promise<SeedSummary> {
  const { directory, settings } = options
  const { poolId, userName } = demoIds
  const { seed, newPassword } = await demoSeed(settings.dataDir, fitsUser(await found(directory.pools.get(poolId))))
  const user = newPassword === undefined ? undefined : await directory.accounts.findByName(poolId, userName)
  const summary = await apply(options, seed)
  // A seed leaves a password alone; this user's was lost with its file.
  if (user !== undefined && newPassword !== undefined) {
    await directory.users.setPassword(poolId, user.id, newPassword, { permanent: true })
  }
  return summary
}

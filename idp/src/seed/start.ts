import { type Environment, loadSeed, type Seed, type Settings, seedError } from '@postern/server'
import { DirectoryError } from '../directory/directory-error.ts'
import type { Directory } from '../directory/types.ts'
import { applySeed } from './apply.ts'
import { demoSeed } from './demo.ts'
import type { SeedSummary } from './summary.ts'

export interface StartSeedOptions {
  readonly directory: Directory
  readonly settings: Pick<Settings, 'config' | 'mode' | 'dataDir' | 'gatewayUrl'>
  /** For the variables in the seed file. */
  readonly env: Environment
}

async function seedOf({ settings, env }: StartSeedOptions): Promise<Seed | undefined> {
  if (settings.config !== undefined) return await loadSeed(settings.config, env)
  return settings.mode === 'development' ? await demoSeed(settings.dataDir) : undefined
}

/**
 * Applies what a server starts with: the configured seed file or, in development without one, the demo.
 *
 * @throws SeedError which names file, line and field of what the directory refuses; nothing was written then
 */
export async function applyStartSeed(options: StartSeedOptions): Promise<SeedSummary | undefined> {
  const seed = await seedOf(options)
  if (seed === undefined) return undefined
  const { directory, settings } = options
  try {
    return await applySeed({ directory, gatewayUrl: settings.gatewayUrl, seed })
  } catch (error) {
    throw error instanceof DirectoryError ? seedError(seed, error.errors) : error
  }
}

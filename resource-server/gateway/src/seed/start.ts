import { type Environment, loadSeed, type Seed, type Settings, seedError } from '@postern/server'
import type { StdioBackend } from '../backends/types.ts'
import { CatalogError } from '../catalog/catalog-error.ts'
import type { Catalog } from '../catalog/types.ts'
import { demoServices } from './demo.ts'
import { seedInputs } from './inputs.ts'

/** What the gateway starts with. */
export interface StartSeed {
  /** The stdio backends of the file: in production no others are made by API. */
  readonly listedCommands: readonly StdioBackend[]
  /** Sign requests of the originals' API. */
  readonly accessKeys?: Seed['accessKeys']
  /**
   * Applies it.
   *
   * @throws SeedError which names file, line and field of what the catalogue refuses; nothing was written then
   */
  apply(catalog: Catalog, idpUrl: string): Promise<void>
}

/**
 * Reads the configured seed file or, in development without one, takes the demo, which is made once.
 *
 * @throws SeedError with every mistake of the file
 */
export async function readStartSeed(
  { config, mode }: Pick<Settings, 'config' | 'mode'>,
  env: Environment,
): Promise<StartSeed> {
  if (config !== undefined) return seedFrom(await loadSeed(config, env))
  return { listedCommands: [], apply: mode === 'development' ? applyDemo : async () => {} }
}

/** A seed that was read and checked already, to start with. */
export function seedFrom(seed: Seed): StartSeed {
  return {
    listedCommands: seed.services.flatMap(({ backend }) => (backend.type === 'stdio' ? [backend] : [])),
    accessKeys: seed.accessKeys,
    async apply(catalog, idpUrl) {
      try {
        await applyAll(catalog, seed, idpUrl)
      } catch (error) {
        throw error instanceof CatalogError ? seedError(seed, error.errors) : error
      }
    },
  }
}

/** A gateway with services of its own needs no demo, and a path that is taken stays with its owner. */
async function applyDemo(catalog: Catalog, idpUrl: string): Promise<void> {
  const isEmpty = catalog.services.list(1).items.length === 0
  if (isEmpty) await applyAll(catalog, { services: demoServices(), toolsets: [] }, idpUrl)
}

async function applyAll(catalog: Catalog, seed: Pick<Seed, 'services' | 'toolsets'>, idpUrl: string): Promise<void> {
  await catalog.apply(await seedInputs(seed, idpUrl), {}, { configuration: true })
}

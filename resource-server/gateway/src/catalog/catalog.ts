import type { Clock, EventSink } from '@postern/core'
import type { Sealer } from '@postern/server'
import type { Backends, Log } from '../backends/types.ts'
import type { IdpLink } from '../idp-link/types.ts'
import { createApply } from './apply.ts'
import { createBackground } from './background.ts'
import type { Changes } from './draft.ts'
import { createHot, type Hot } from './hot.ts'
import type { CheckIssuer } from './issuers.ts'
import { createKeyUses } from './key-uses.ts'
import { createKeys } from './keys.ts'
import { type GatewayStore, openRepository, type Repository } from './repository.ts'
import type { RuleSettings } from './rules.ts'
import { createServices, type RoomContext } from './services.ts'
import type { Catalog } from './types.ts'
import { awaitingCheck } from './write-services.ts'

export interface CatalogOptions {
  readonly store: GatewayStore
  readonly sealer: Sealer
  readonly settings: RuleSettings
  readonly backends: Pick<Backends, 'check' | 'remove'>
  readonly link: IdpLink
  readonly checkIssuer: CheckIssuer
  readonly clock: Clock
  readonly record: EventSink
  readonly log: Log
  /** How the background waits before it tries again; resolves early when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Opens the catalogue: services, their API keys, their life cycle. Nothing runs in the background before `start`.
 * The store, the backends and the link stay with who made them.
 */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const { store, sealer, settings, clock, record, log } = options
  const parts: { hot?: Hot } = {}
  const background = createBackground({ ...options, origins: settings, wait: options.wait ?? patience })
  const repository = await openRepository(store, sealer, (changes: Changes) => {
    parts.hot?.follow(changes)
    background.follow(changes)
  })
  await clearUp(repository)
  const hot = createHot(repository.state, settings, (error) => log.error({ err: error }, 'a catalogue listener failed'))
  parts.hot = hot
  const uses = createKeyUses({
    state: repository.state,
    clock,
    write: repository.writeUses,
    onError: (error) => log.error({ err: error }, 'the uses of API keys could not be written'),
  })
  const context: RoomContext = { repository, background, settings, sealer, clock, record }
  return {
    findByPath: hot.findByPath,
    findById: hot.findById,
    findRoot: hot.findRoot,
    findKeyByHash: hot.findKeyByHash,
    subscribe: hot.subscribe,
    touchKey: uses.touch,
    scopesOf: background.scopesOf,
    services: createServices(context, 'service'),
    toolsets: createServices(context, 'toolset'),
    keys: createKeys(context),
    apply: createApply(context),
    start: () => background.start(repository),
    settled: background.settled,
    async close() {
      await background.close()
      await uses.close()
    },
  }
}

/** What was half-way out is gone now, for its processes ended with ours; what failed is tried again. */
async function clearUp(repository: Repository): Promise<void> {
  await repository.change((draft) => {
    for (const service of draft.all()) {
      if (service.status === 'Deleting') draft.remove(service.id)
      else if (service.status === 'CreateFailed' || service.status === 'UpdateFailed') draft.put(awaitingCheck(service))
    }
  })
}

/** Waits without keeping the process alive. */
function patience(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms).unref()
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}

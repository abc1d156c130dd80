import type { Clock, EventSink } from '@postern/core'
import type { Backends, Log } from '../../backends/types.ts'
import type { HotCatalog } from '../../catalog/types.ts'
import { type ToolsetLimits, toolsetLimits } from '../../limits.ts'
import { translateOutcome } from '../eras.ts'
import type { Relay } from '../relay.ts'
import type { Ground, ToolsetRequest } from './ground.ts'
import { createIntroductions } from './introductions.ts'
import { createKeepers } from './keeper.ts'
import { leaseToolset } from './lease.ts'
import { isToolset } from './members.ts'
import { serveMerged } from './merged.ts'
import { createNotes } from './notes.ts'
import { createRanking } from './search/ranking.ts'
import { serveSearch } from './search/serve-search.ts'
import { describeToolset } from './server-info.ts'
import { createUriBook } from './uris.ts'

export interface ToolsetsOptions {
  readonly catalog: Pick<HotCatalog, 'findById' | 'subscribe'>
  readonly backends: Backends
  /** Takes a request to one service. */
  readonly relay: Relay
  readonly clock: Clock
  readonly log: Log
  readonly record: EventSink
  /** For tests: shorter times, smaller bounds. */
  readonly limits?: Partial<ToolsetLimits>
}

/** Toolsets made to look like services. */
export interface Toolsets {
  /** As it was given, but for toolsets: a request on one is made to the services that it concerns. */
  readonly relay: Relay
  readonly connect: Backends['connect']
  close(): void
}

/** Several services as one endpoint: each keeps its own era, its processes, and its callers apart. */
export function createToolsets(options: ToolsetsOptions): Toolsets {
  const { catalog, backends, relay, clock } = options
  const limits = { ...toolsetLimits, ...options.limits }
  const ground: Ground = {
    catalog,
    relay,
    limits,
    uris: createUriBook(clock, limits),
    notes: createNotes({ ...options, limits }),
  }
  const keepers = createKeepers()
  const introductions = createIntroductions(backends, limits)
  const ranking = createRanking(limits)
  const unsubscribe = catalog.subscribe(({ kind, serviceId }) => {
    if (kind === 'keys.changed') return
    introductions.forget(serviceId)
    keepers.renew(serviceId)
  })

  const serve = async (asked: ToolsetRequest) => {
    const { service, client, request } = asked
    const isSearch = service.backend.mode === 'search'
    const relayed = await (isSearch ? serveSearch(ground, asked, ranking) : serveMerged(ground, asked))
    // What was made here is of the legacy era; what a service has answered is of the client's already.
    if ('error' in relayed.outcome || 'resultType' in relayed.outcome.result) return relayed
    const server = describeToolset(service, 'legacy', {})
    return { ...relayed, outcome: translateOutcome(relayed.outcome, request.method, client.era, server) }
  }
  return {
    relay: async (request) => {
      const { service } = request
      return isToolset(service) ? await serve({ ...request, service }) : await relay(request)
    },
    connect: async (service, caller, connectOptions = {}) => {
      if (!isToolset(service)) return await backends.connect(service, caller, connectOptions)
      return await leaseToolset({ ground, backends, introductions, keepers }, service, caller, connectOptions)
    },
    close() {
      unsubscribe()
      keepers.close()
    },
  }
}

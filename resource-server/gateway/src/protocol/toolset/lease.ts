import { type RpcNotification, rpcCodes, rpcError } from '../../backends/json-rpc.ts'
import type { Asker, Backends, Caller, Connection, ConnectOptions, Lease, WatchFilter } from '../../backends/types.ts'
import { type Ground, viewOf } from './ground.ts'
import { capabilitiesOf, type Introductions, instructionsOf } from './introductions.ts'
import { createKeeper, type Keepers } from './keeper.ts'
import { membersOf, type ReadyToolset } from './members.ts'
import { describeToolset, mergeCapabilities } from './server-info.ts'
import { shownNotification } from './shown.ts'

export interface LeaseParts {
  readonly ground: Ground
  readonly backends: Backends
  readonly introductions: Introductions
  readonly keepers: Keepers
}

/** A toolset as a connection: who it is, what can be heard from its services, and what they can be told. */
export async function leaseToolset(
  parts: LeaseParts,
  toolset: ReadyToolset,
  caller: Caller,
  options: ConnectOptions,
): Promise<Lease> {
  const era = options.prefer ?? 'legacy'
  if (toolset.backend.mode === 'search') {
    return lent({ ...silent, server: describeToolset(toolset, era, { tools: {} }) })
  }
  const introduced = await Promise.all(
    membersOf(toolset, parts.ground.catalog).map(async ({ id, service }) => {
      const server = service && (await parts.introductions.meet(service, caller, options))
      if (server === undefined)
        parts.ground.notes.leftOut(toolset.id, id, service ? 'it did not answer' : 'it is not ready')
      return { id, server }
    }),
  )
  const missed = new Set(introduced.flatMap(({ id, server }) => (server === undefined ? [id] : [])))
  const capabilities = mergeCapabilities(capabilitiesOf(introduced.map(({ server }) => server)))
  return lent({
    ...silent,
    server: describeToolset(toolset, era, capabilities, instructionsOf(introduced, parts.ground.limits.instructions)),
    watch: (filter, listener, onRequest) =>
      watchMembers(parts, { toolset, caller, options, missed }, filter, listener, onRequest),
    notify: (notification) => {
      // Nobody waits for it, so nobody can be told that it went astray.
      tellMembers(parts, { toolset, caller, options }, notification).catch(() => {})
    },
  })
}

const silent: Omit<Connection, 'server'> = {
  // Requests are taken apart before they get to a connection, where all that is to be known of the client is at hand.
  request: () => Promise.resolve(rpcError(rpcCodes.methodNotFound, 'Method not found')),
  notify: () => {},
  watch: () => () => {},
  // Each service is told with the first request that it gets.
  setLogLevel: () => {},
}

/** It ends when it is let go: what ends within, comes back within. */
function lent(connection: Connection): Lease {
  return { connection, ended: new AbortController().signal, release: () => {} }
}

interface Who {
  readonly toolset: ReadyToolset
  readonly caller: Caller
  readonly options: ConnectOptions
}

function watchMembers(
  { ground, backends, keepers }: LeaseParts,
  { toolset, caller, options, missed }: Who & { readonly missed: ReadonlySet<string> },
  filter: WatchFilter,
  listener: (notification: RpcNotification) => void,
  onRequest: Asker | undefined,
): () => void {
  const viewer = viewOf(toolset, caller)
  const stops = toolset.backend.serviceIds.map((id) => {
    const resources = (filter.resources ?? []).flatMap((shown) => {
      const { serviceId, uri } = ground.uris.find(viewer, shown)
      return serviceId === undefined || serviceId === id ? [uri] : []
    })
    const show = (uri: string) => ground.uris.show(viewer, id, uri)
    const tell = (notification: RpcNotification) => listener(shownNotification(notification, id, show))
    return keepers.add(
      id,
      createKeeper({
        serviceId: id,
        missed: missed.has(id),
        catalog: ground.catalog,
        limits: ground.limits,
        connect: (member) => backends.connect(member, caller, options),
        watch: ({ connection }) => connection.watch({ ...filter, resources }, tell, onRequest),
        onChange: () => announce(filter, listener),
      }),
    )
  })
  return () => {
    for (const stop of stops) stop()
  }
}

/** What a service has is there again, or is not there any more. */
function announce(filter: WatchFilter, listener: (notification: RpcNotification) => void): void {
  if (filter.toolsListChanged === true) listener({ method: 'notifications/tools/list_changed' })
  if (filter.promptsListChanged === true) listener({ method: 'notifications/prompts/list_changed' })
  if (filter.resourcesListChanged === true) listener({ method: 'notifications/resources/list_changed' })
}

async function tellMembers(
  { ground, backends }: LeaseParts,
  { toolset, caller, options }: Who,
  notification: RpcNotification,
): Promise<void> {
  const ready = membersOf(toolset, ground.catalog).flatMap(({ service }) => service ?? [])
  // Roots of one client are none of the business of what others share.
  const concerned = ready.filter(
    ({ isolation }) => notification.method !== 'notifications/roots/list_changed' || isolation === 'caller',
  )
  await Promise.all(
    concerned.map(async (member) => {
      const lease = await backends.connect(member, caller, options).catch(() => undefined)
      if (lease?.connection.server.era === 'legacy') lease.connection.notify(notification)
      lease?.release()
    }),
  )
}

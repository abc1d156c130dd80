import { type AccessReply, accessReply, didYouMean, problem, type Route, route } from '@postern/server'
import type { BackendService } from '../backends/types.ts'
import {
  accessMatrix,
  accessWarnings,
  type Cell,
  type MatrixInput,
  type Needs,
  namedTools,
} from '../catalog/access/matrix.ts'
import { CatalogError } from '../catalog/catalog-error.ts'
import type { Catalog, ServedService, Service } from '../catalog/types.ts'
import { limits } from '../limits.ts'

/** The tools that a service has now; of a toolset, also the services that could not be asked. */
interface LiveTools {
  readonly tools: readonly string[]
  readonly unreachable: readonly string[]
}

/** Asks a service's backend for its tools. Rejects where it cannot be asked. */
export type ListTools = (service: ServedService & BackendService) => Promise<LiveTools>

/** Who may call what: the same for services and toolsets. */
export function accessRoutes(catalog: Catalog, listTools: ListTools): Route[] {
  return [accessRoute('services', 'MCP service'), accessRoute('toolsets', 'toolset')]

  function accessRoute(kind: 'services' | 'toolsets', what: string): Route {
    return route({
      method: 'GET',
      path: `/mcp-${kind}/:serviceId/access`,
      summary: `Shows which callers may call which tools of a ${what.replace('MCP ', '')}, as far as that can be told before anybody calls`,
      tag: kind === 'services' ? 'MCP services' : 'MCP toolsets',
      reply: { status: 200, schema: accessReply },
      async handler({ params: { serviceId } }) {
        const service = known(() => catalog[kind].get(serviceId))
        if (service === undefined) refuseUnknown(serviceId, what, idsIn(catalog[kind]))
        return { body: await matrixOf(service) }
      },
    })
  }

  async function matrixOf(service: Service): Promise<AccessReply> {
    const { access } = service
    const keys = catalog.keys.list(service.id)
    const served = catalog.findById(service.id)
    const live = served?.backend === undefined ? undefined : await liveTools({ ...served, backend: served.backend })
    const tools = live?.tools ?? namedTools({ access, keys })
    const input = { access, authorizers: service.authorizers, keys, tools }
    return {
      serviceId: service.id,
      mode: access?.mode ?? 'enforce',
      limits: { ...access?.limits },
      tools: [...input.tools],
      toolsFrom: live === undefined ? 'rules' : 'backend',
      callers: callersIn(input),
      warnings: [
        ...(live === undefined ? [unasked] : live.unreachable.map(unreachable)),
        ...membersWithRules(service, catalog),
        ...accessWarnings(input, live?.unreachable.length === 0),
      ],
    }
  }

  async function liveTools(service: ServedService & BackendService): Promise<LiveTools | undefined> {
    try {
      return await listTools(service)
    } catch {
      return undefined
    }
  }
}

const unasked = 'the backend could not be asked for its tools; these are those that rules and keys name'

function unreachable(id: string): string {
  return `service ${id} could not be asked for its tools, which are left out`
}

/** Of a toolset: the rules of its services hold as well. */
function membersWithRules({ backend }: Service, { findById }: Catalog): string[] {
  if (backend.type !== 'toolset') return []
  const ids = backend.serviceIds.filter((id) => findById(id)?.access?.rules !== undefined)
  return ids.map((id) => `service ${id} has rules of its own, which hold besides those that are shown here`)
}

function callersIn(input: MatrixInput): AccessReply['callers'] {
  return accessMatrix(input).map(({ kind, name, tools }) => ({ kind, name, tools: tools.map(cellReply) }))
}

function cellReply({ tool, allowed, anyOf }: Cell): AccessReply['callers'][number]['tools'][number] {
  return { tool, allowed, ...(anyOf === undefined ? {} : { anyOf: anyOf.map(needsReply) }) }
}

function needsReply({ scopes, clients, groups, claims }: Needs) {
  return {
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    ...(clients === undefined ? {} : { clients: [...clients] }),
    ...(groups === undefined ? {} : { groups: [...groups] }),
    ...(claims === undefined ? {} : { claims: { ...claims } }),
  }
}

function known(find: () => Service): Service | undefined {
  try {
    return find()
  } catch (error) {
    if (error instanceof CatalogError && error.kind === 'not_found') return undefined
    throw error
  }
}

function idsIn(room: Catalog['services']): string[] {
  return room.list(limits.services).items.map(({ id }) => id)
}

function refuseUnknown(serviceId: string, what: string, ids: readonly string[]): never {
  const some = ids.slice(0, 10).join(', ')
  const mend = didYouMean(serviceId, ids) || (ids.length === 0 ? '; there is none yet' : `; there are: ${some}`)
  problem(404, 'not_found', `there is no ${what} "${serviceId.slice(0, 64)}"${mend}`)
}

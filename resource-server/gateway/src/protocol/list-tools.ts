import { gateway, inspect } from '../backends/inspect.ts'
import type { BackendService, Backends } from '../backends/types.ts'
import type { HotCatalog } from '../catalog/types.ts'
import { backendLimits } from '../limits.ts'
import type { ReadyService } from './exchange.ts'
import { isToolset, membersOf, type ReadyToolset } from './toolset/members.ts'
import { mergedName } from './toolset/names.ts'

/** The tools that a service has now. */
export interface LiveTools {
  readonly tools: readonly string[]
  /** Of a toolset: the services that could not be asked. */
  readonly unreachable: readonly string[]
}

/**
 * Lists all tools of a service, as the gateway itself: no rules are looked at.
 * @throws BackendError where its backend cannot be asked
 */
export type ListTools = (service: ReadyService) => Promise<LiveTools>

export function createListTools(backends: Pick<Backends, 'connect'>, catalog: Pick<HotCatalog, 'findById'>): ListTools {
  const ofService = async (service: BackendService): Promise<readonly string[]> => {
    const lease = await backends.connect(service, gateway)
    return await inspect(lease, backendLimits)
      .then(({ toolNames }) => toolNames)
      .finally(() => lease.release())
  }
  const ofToolset = async (toolset: ReadyToolset): Promise<LiveTools> => {
    const found = await Promise.all(
      membersOf(toolset, catalog).map(async ({ id, service }) => {
        const names = service === undefined ? undefined : await ofService(service).catch(() => undefined)
        return { id, tools: names?.map((name) => mergedName(id, name)) }
      }),
    )
    return {
      tools: found.flatMap(({ tools = [] }) => tools),
      unreachable: found.filter(({ tools }) => tools === undefined).map(({ id }) => id),
    }
  }
  return async (service) =>
    isToolset(service) ? await ofToolset(service) : { tools: await ofService(service), unreachable: [] }
}

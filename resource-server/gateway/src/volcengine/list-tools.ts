import { gateway, inspect } from '../backends/inspect.ts'
import type { JsonObject } from '../backends/json-rpc.ts'
import { BackendError, type Backends } from '../backends/types.ts'
import type { HotCatalog } from '../catalog/types.ts'
import { backendLimits } from '../limits.ts'

/**
 * Asks services for their tools, as the gateway itself.
 *
 * @returns what rejects with a BackendError for a service that cannot be asked now
 */
export function listToolsOf(backends: Pick<Backends, 'connect'>, { findById }: Pick<HotCatalog, 'findById'>) {
  return async (serviceId: string): Promise<readonly JsonObject[]> => {
    const service = findById(serviceId)
    if (service?.backend === undefined) throw new BackendError('failed', 'the service is not ready')
    const lease = await backends.connect({ ...service, backend: service.backend }, gateway)
    return await inspect(lease, backendLimits)
      .then(({ tools }) => tools)
      .finally(() => lease.release())
  }
}

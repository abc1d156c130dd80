import { byAge, pageOf } from './paging.ts'
import { keyNotFound, serviceNotFound } from './refusals.ts'
import type { RoomContext } from './services.ts'
import type { ApiKey, Catalog, Origin } from './types.ts'
import { addKey, removeKey } from './write-keys.ts'

/** The API keys of each service. */
export function createKeys({ repository, clock, record }: RoomContext): Catalog['keys'] {
  return {
    async create(serviceId, input, origin = {}) {
      const created = await repository.change((draft) => addKey(draft, serviceId, input, clock.now()))
      note('created', serviceId, origin)
      return created
    },
    get(serviceId, keyId) {
      keysOf(serviceId)
      const key = repository.state.keys.get(serviceId)?.get(keyId)
      if (!key) throw keyNotFound()
      return key
    },
    list: (serviceId) => [...keysOf(serviceId)].sort(byAge),
    page: (serviceId, limit, after) => pageOf(keysOf(serviceId), limit, after),
    async delete(serviceId, keyId, origin = {}) {
      await repository.change((draft) => removeKey(draft, serviceId, keyId))
      note('deleted', serviceId, origin)
    },
  }

  function keysOf(serviceId: string): Iterable<ApiKey> {
    if (!repository.state.services.has(serviceId)) throw serviceNotFound()
    return repository.state.keys.get(serviceId)?.values() ?? []
  }

  function note(reason: 'created' | 'deleted', serviceId: string, { requestId }: Origin): void {
    const from = requestId === undefined ? {} : { requestId }
    record({ kind: 'admin.changed', outcome: 'ok', reason, serviceId, ...from })
  }
}

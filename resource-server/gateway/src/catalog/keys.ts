import { byAge, pageOf } from './paging.ts'
import { keyNotFound, serviceNotFound } from './refusals.ts'
import type { RoomContext } from './services.ts'
import type { ApiKey, Catalog, Origin } from './types.ts'
import { addKey, removeKey, rotateKey } from './write-keys.ts'

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
      return shown(key)
    },
    list: (serviceId) => [...keysOf(serviceId)].map(shown).sort(byAge),
    page: (serviceId, limit, after) => pageOf([...keysOf(serviceId)].map(shown), limit, after),
    async rotate(serviceId, keyId, rotation, { requestId } = {}) {
      const rotated = await repository.change((draft) => rotateKey(draft, serviceId, keyId, rotation, clock.now()))
      const from = requestId === undefined ? {} : { requestId }
      const { name: apiKeyName } = rotated.apiKey
      record({ kind: 'key.rotated', outcome: 'ok', reason: 'ok', serviceId, apiKeyName, ...from })
      return { ...rotated, apiKey: shown(rotated.apiKey) }
    },
    async delete(serviceId, keyId, origin = {}) {
      await repository.change((draft) => removeKey(draft, serviceId, keyId))
      note('deleted', serviceId, origin)
    },
  }

  /** Without a value that is good no more. */
  function shown(key: ApiKey): ApiKey {
    const { previous, ...rest } = key
    return previous === undefined || previous.expiresAt > clock.now() ? key : rest
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

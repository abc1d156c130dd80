import type { Changes, State } from './draft.ts'
import { type Origins, type StoredService, servedOf } from './stored.ts'
import type { ApiKey, CatalogChange, HotCatalog, ServedService } from './types.ts'

export interface Hot extends Omit<HotCatalog, 'touchKey' | 'scopesOf'> {
  /** Takes over what changed in the state, then tells the listeners. */
  follow(changes: Changes): void
}

/** The reads of every request, each one look-up in a map. */
export function createHot(state: State, origins: Origins, onListenerError: (error: unknown) => void): Hot {
  const byId = new Map<string, ServedService>()
  const byPath = new Map<string, ServedService>()
  const keysByHash = new Map<string, Map<string, string>>()
  const listeners = new Set<(change: CatalogChange) => void>()
  for (const service of state.services.values()) show(service)
  for (const id of state.keys.keys()) indexKeys(id)
  return {
    findByPath: (path) => byPath.get(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path),
    findById: (id) => byId.get(id),
    findRoot: () => [...byId.values()].find((service) => service.rootMetadata),
    findKeyByHash,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    follow(changes) {
      const ids = new Set([...changes.services.keys(), ...changes.keys.keys()])
      const shown = [...ids].filter((id) => byId.has(id))
      // All are taken down before one is put up: a path may have passed from one service to another.
      for (const id of ids) hide(id)
      for (const id of ids) refresh(id, changes)
      for (const id of ids) announce(id, changes, shown.includes(id))
    },
  }

  function findKeyByHash(serviceId: string, hash: string): ApiKey | undefined {
    const keyId = keysByHash.get(serviceId)?.get(hash)
    return keyId === undefined ? undefined : state.keys.get(serviceId)?.get(keyId)
  }

  function refresh(serviceId: string, changes: Changes): void {
    const service = state.services.get(serviceId)
    if (service) show(service)
    if (changes.keys.has(serviceId)) indexKeys(serviceId)
  }

  function announce(serviceId: string, changes: Changes, wasShown: boolean): void {
    const isShown = byId.has(serviceId)
    if (wasShown && !isShown) tell({ kind: 'service.removed', serviceId })
    if (!isShown) return
    if (changes.services.has(serviceId)) tell({ kind: 'service.changed', serviceId })
    if (changes.keys.has(serviceId)) tell({ kind: 'keys.changed', serviceId })
  }

  function show(service: StoredService): void {
    if (service.status === 'Deleting') return
    const served = servedOf(service, origins)
    byId.set(service.id, served)
    byPath.set(service.path, served)
  }

  function hide(serviceId: string): void {
    const served = byId.get(serviceId)
    if (!served) return
    byId.delete(serviceId)
    byPath.delete(served.path)
  }

  function indexKeys(serviceId: string): void {
    const keys = [...(state.keys.get(serviceId)?.values() ?? [])]
    if (keys.length === 0) keysByHash.delete(serviceId)
    else {
      const old = keys.flatMap(({ id, previous }): [string, string][] => (previous ? [[previous.hash, id]] : []))
      keysByHash.set(serviceId, new Map([...old, ...keys.map(({ id, hash }): [string, string] => [hash, id])]))
    }
  }

  function tell(change: CatalogChange): void {
    for (const listener of listeners) {
      try {
        listener(change)
      } catch (error) {
        onListenerError(error)
      }
    }
  }
}

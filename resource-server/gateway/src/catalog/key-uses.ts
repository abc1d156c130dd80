import type { Clock } from '@postern/core'
import { limits } from '../limits.ts'
import type { State } from './draft.ts'
import type { KeyUse } from './repository.ts'
import type { ApiKey } from './types.ts'

export interface KeyUses {
  /** Notes that the key was used now, by the value with this hash (absent: the one of now). */
  touch(serviceId: string, keyId: string, hash?: string): void
  /** Writes what is pending; a failure is told to `onError`, and the uses are forgotten. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Last uses of API keys: seen at once, written in batches, and not more often than anybody cares to know. */
export function createKeyUses(options: {
  state: State
  clock: Clock
  write: (uses: readonly KeyUse[]) => Promise<void>
  onError: (error: unknown) => void
}): KeyUses {
  const { state, clock, write, onError } = options
  let pending = new Map<string, KeyUse>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  return { touch, flush, close }

  function touch(serviceId: string, keyId: string, hash?: string): void {
    const keys = state.keys.get(serviceId)
    const key = keys?.get(keyId)
    if (!keys || !key) return
    const at = clock.now()
    const previous = hash !== undefined && key.previous?.hash === hash ? key.previous : undefined
    if (at - (usedAt(key, previous) ?? Number.NEGATIVE_INFINITY) < limits.keyUseResolution) return
    const told = previous === undefined ? {} : { previous: { ...previous, lastUsedAt: at } }
    keys.set(keyId, { ...key, lastUsedAt: at, ...told })
    const place = `${serviceId}/${keyId}`
    const old = previous?.hash ?? pending.get(place)?.previous
    pending.set(place, { serviceId, keyId, at, ...(old === undefined ? {} : { previous: old }) })
    timer ??= setTimeout(flush, limits.keyUseDelay).unref()
  }

  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    if (pending.size > 0) {
      const uses = [...pending.values()]
      pending = new Map()
      writing = writing.then(() => write(uses)).catch(onError)
    }
    return writing
  }

  async function close(): Promise<void> {
    await flush()
  }
}

/** The last use that the value at hand would renew: the old one has its own beside that of the key. */
function usedAt(key: ApiKey, previous: ApiKey['previous']): number | undefined {
  return previous === undefined ? key.lastUsedAt : previous.lastUsedAt
}

import type { Clock } from '@postern/core'
import { limits } from '../limits.ts'
import type { State } from './draft.ts'

interface Use {
  readonly serviceId: string
  readonly keyId: string
  readonly at: number
}

export interface KeyUses {
  /** Notes that the key was used now. */
  touch(serviceId: string, keyId: string): void
  /** Writes what is pending; a failure is told to `onError`, and the uses are forgotten. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Last uses of API keys: seen at once, written in batches, and not more often than anybody cares to know. */
export function createKeyUses(options: {
  state: State
  clock: Clock
  write: (uses: readonly Use[]) => Promise<void>
  onError: (error: unknown) => void
}): KeyUses {
  const { state, clock, write, onError } = options
  let pending = new Map<string, Use>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  return { touch, flush, close }

  function touch(serviceId: string, keyId: string): void {
    const keys = state.keys.get(serviceId)
    const key = keys?.get(keyId)
    const at = clock.now()
    if (!keys || !key || at - (key.lastUsedAt ?? Number.NEGATIVE_INFINITY) < limits.keyUseResolution) return
    keys.set(keyId, { ...key, lastUsedAt: at })
    pending.set(`${serviceId}/${keyId}`, { serviceId, keyId, at })
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

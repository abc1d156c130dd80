import type { Clock } from '@postern/core'
import type { Kysely } from 'kysely'
import { limits } from '../limits.ts'
import type { IdpDatabase } from '../schema.ts'

interface Use {
  readonly poolId: string
  readonly clientId: string
  readonly secretId: string
  readonly at: number
}

/** Notes when secrets are used, away from the path that uses them. */
export interface SecretUses {
  touch(poolId: string, clientId: string, secretId: string): void
  /** Writes what is pending. A failure is told to `onError` and the uses are dropped: `lastUsedAt` is a hint. */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface SecretUsesOptions {
  readonly db: Kysely<IdpDatabase>
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

async function writeUse(db: Kysely<IdpDatabase>, use: Use): Promise<void> {
  await db
    .updateTable('client_secret')
    .set({ last_used_at: use.at })
    .where('pool_id', '=', use.poolId)
    .where('client_id', '=', use.clientId)
    .where('id', '=', use.secretId)
    .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', use.at)]))
    .execute()
}

/** Uses are kept by secret, so a busy client is one entry; a second use within the resolution is not written again. */
export function createSecretUses({ db, clock, onError }: SecretUsesOptions): SecretUses {
  const pending = new Map<string, Use>()
  const written = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let flushing: Promise<void> = Promise.resolve()

  async function writeAll(uses: ReadonlyMap<string, Use>): Promise<void> {
    try {
      await db.transaction().execute(async (trx) => {
        // In one order, so that two processes which do so at once never wait for each other.
        for (const [, use] of [...uses].sort(([a], [b]) => (a < b ? -1 : 1))) await writeUse(trx, use)
      })
    } catch (error) {
      onError(error)
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    if (pending.size === 0) return flushing
    const uses = new Map(pending)
    pending.clear()
    if (written.size + uses.size > limits.pendingSecretUses) written.clear()
    for (const [key, use] of uses) written.set(key, use.at)
    flushing = flushing.then(() => writeAll(uses))
    return flushing
  }

  return {
    touch(poolId, clientId, secretId) {
      const key = `${poolId}/${clientId}/${secretId}`
      const at = clock.now()
      const last = written.get(key)
      if (closed || (last !== undefined && at - last < limits.secretUseResolutionMs)) return
      if (pending.size >= limits.pendingSecretUses && !pending.has(key)) return
      pending.set(key, { poolId, clientId, secretId, at })
      timer ??= setTimeout(() => void flush(), limits.secretUseDelayMs).unref()
    },
    flush,
    close() {
      closed = true
      return flush()
    },
  }
}

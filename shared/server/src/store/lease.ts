import { randomUUID } from 'node:crypto'
import type { Clock } from '@postern/core'
import type { StoreBase } from './store.ts'

/** A right that one process at a time holds, for a while. */
export interface Lease {
  /** Takes the lease, or prolongs it when it is held here. False while another holder has it. */
  acquire(): Promise<boolean>
  /** Gives it up, when it is held here. */
  release(): Promise<void>
  /** Runs the job while holding the lease; does not run it (`ran: false`) while another holder has it. */
  run<T>(job: () => Promise<T>): Promise<{ ran: true; value: T } | { ran: false }>
}

/**
 * A lease on a row: portable to every database, and free again by itself `ttlMs` after its holder died.
 * The job must be done within `ttlMs`, or call `acquire` again meanwhile.
 */
export function lease(store: StoreBase, name: string, ttlMs: number, clock: Clock): Lease {
  const holder = randomUUID()
  const self: Lease = { acquire, release, run }
  return self

  async function acquire(): Promise<boolean> {
    const now = clock.now()
    const taken = { holder, expires_at: now + ttlMs }
    const result = await store.own
      .insertInto('postern_lease')
      .values({ name, ...taken })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet(taken)
          .where(({ eb, or }) =>
            or([eb('postern_lease.expires_at', '<=', now), eb('postern_lease.holder', '=', holder)]),
          ),
      )
      .executeTakeFirst()
    return result.numInsertedOrUpdatedRows === 1n
  }

  async function release(): Promise<void> {
    await store.own.deleteFrom('postern_lease').where('name', '=', name).where('holder', '=', holder).execute()
  }

  async function run<T>(job: () => Promise<T>): Promise<{ ran: true; value: T } | { ran: false }> {
    if (!(await acquire())) return { ran: false }
    try {
      return { ran: true, value: await job() }
    } finally {
      await release()
    }
  }
}

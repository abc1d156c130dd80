import type { Clock } from '@postern/core'
import type { Logger, Store } from '@postern/server'

import { deleteExpiredRevocations } from '../directory/revocations/reads.ts'
import type { Directory } from '../directory/types.ts'
import { limits } from '../limits.ts'
import type { IdpDatabase } from '../schema.ts'
import { deleteExpired } from './single-use.ts'

export interface SweeperOptions {
  readonly store: Store<IdpDatabase>
  readonly directory: Pick<Directory, 'registrations'>
  readonly clock: Clock
  readonly log: Logger
}

/** Deletes expired rows now and then. Keeps no process alive. Returns the way to stop it, which waits for a run under way. */
export function startSweeper({ store, directory, clock, log }: SweeperOptions): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    running = sweep()
  }, limits.expiredRowsEveryMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    return running
  }

  async function sweep(): Promise<void> {
    try {
      const revocations = await deleteExpiredRevocations({ db: store.db, now: clock.now() }, limits.expiredRows)
      const clients = await directory.registrations.deleteExpired()
      const deleted = revocations + clients + (await deleteExpired(store, clock))
      if (deleted > 0) log.debug({ deleted }, 'deleted expired rows')
    } catch (error) {
      log.warn({ err: error }, 'expired rows could not be deleted; the next run tries again')
    }
  }
}

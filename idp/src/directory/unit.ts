import type { Clock, EventInput, EventSink } from '@postern/core'
import type { Mode } from '@postern/server'
import type { Kysely } from 'kysely'
import type { IdpDatabase } from '../schema.ts'
import { refusalOf } from './constraints.ts'
import { createKeyStock, type KeyStock, KeysWanted } from './key-pairs.ts'
import { settleLifetimes } from './lifetimes.ts'
import { createPasswordStock, HashesWanted, type PasswordStock } from './people/password-stock.ts'
import type { Passwords } from './people/passwords.ts'
import type { Bury } from './revocations/endings.ts'
import type { Change, Origin } from './types.ts'

/** What a read needs. */
export interface Ground {
  readonly db: Kysely<IdpDatabase>
  readonly now: number
}

/** One transaction. `db` is the transaction's. */
export interface Unit extends Ground {
  readonly keys: KeyStock
  readonly passwords: PasswordStock
  readonly mode: Mode
  /** By pool: whose sessions end with this. */
  readonly ended: Map<string, Set<string>>
  /** Revisions of the pools that were written to; null for a deleted one. */
  readonly touched: Map<string, number | null>
  /** Makes the last statement of a pool that is deleted; absent: none is made. */
  readonly bury?: Bury | undefined
  /** Recorded once the transaction is committed. */
  event(event: EventInput): void
}

export type Read = <T>(work: (ground: Ground) => Promise<T>) => Promise<T>
export type Write = <T>(work: (unit: Unit) => Promise<T>) => Promise<T>

export interface WriterOptions {
  readonly db: Kysely<IdpDatabase>
  readonly clock: Clock
  readonly onEvent: EventSink
  readonly notify: (change: Change) => void
  readonly bury?: Bury | undefined
  readonly passwords: Passwords
  readonly mode: Mode
}

interface Committed<T> {
  readonly result: T
  readonly touched: ReadonlyMap<string, number | null>
  readonly ended: ReadonlyMap<string, ReadonlySet<string>>
  readonly events: readonly EventInput[]
}

interface Stocks {
  readonly keys: KeyStock
  readonly passwords: PasswordStock
}

async function attempt<T>(
  options: WriterOptions,
  origin: Origin,
  stocks: Stocks,
  work: (unit: Unit) => Promise<T>,
): Promise<Committed<T>> {
  const touched = new Map<string, number | null>()
  const ended = new Map<string, Set<string>>()
  const events: EventInput[] = []
  const from = origin.requestId === undefined ? {} : { requestId: origin.requestId }
  const result = await options.db.transaction().execute(async (db) => {
    const event = (input: EventInput) => void events.push({ ...input, ...from })
    const { mode, bury, clock } = options
    const unit: Unit = { db, now: clock.now(), mode, ...stocks, touched, ended, event, bury }
    const value = await work(unit)
    stocks.passwords.settle()
    for (const [poolId, revision] of touched) if (revision !== null) await settleLifetimes(unit, poolId)
    return value
  })
  return { result, touched, ended, events }
}

async function attemptUntilStocked<T>(
  options: WriterOptions,
  origin: Origin,
  work: (unit: Unit) => Promise<T>,
): Promise<Committed<T>> {
  const stocks = { keys: createKeyStock(), passwords: createPasswordStock(options.passwords) }
  for (;;) {
    try {
      return await attempt(options, origin, stocks, work)
    } catch (error) {
      if (error instanceof KeysWanted) await stocks.keys.fill()
      else if (error instanceof HashesWanted) await stocks.passwords.fill()
      else throw refusalOf(error)
    }
  }
}

/** Runs work in one transaction; listeners and events hear of it after the commit, and of nothing that was rolled back. */
export function createWriter(options: WriterOptions): (origin: Origin) => Write {
  return (origin) => async (work) => {
    const { result, touched, ended, events } = await attemptUntilStocked(options, origin, work)
    for (const [poolId, revision] of touched) {
      const users = ended.get(poolId)
      options.notify({ poolId, revision, ...(users === undefined ? {} : { users: [...users] }) })
    }
    for (const event of events) options.onEvent(event)
    return result
  }
}

/** A unit that runs several writes: once one was refused nothing may be committed, though the refusal be caught. */
export function createGuard(unit: Unit): { write: Write; settle(): void } {
  const refusals: unknown[] = []
  return {
    async write(work) {
      try {
        return await work(unit)
      } catch (error) {
        const refusal = refusalOf(error)
        refusals.push(refusal)
        throw refusal
      }
    },
    settle() {
      if (refusals.length > 0) throw refusals[0]
    },
  }
}

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { isId, systemClock } from '@postern/core'
import { StartError, type StoreBase } from '@postern/server'
import { isJsonObject } from '../backends/json-rpc.ts'
import { identityOf, placeOfProcesses } from '../backends/proc.ts'
import type { Log } from '../backends/types.ts'
import { tenureLimits } from '../limits.ts'

/** One gateway's hold on its database: what it keeps in memory is the truth only while nobody else writes. */
export interface Tenure {
  /** Resolves when another gateway has taken the database over, as after this one was suspended for long. */
  readonly lost: Promise<StartError>
  /** Lets go of the database, so that the next gateway has not to wait. */
  release(): Promise<void>
}

/** Who holds a database, as the row of the lease has it. */
interface Holder {
  readonly id: string
  readonly pid: number
  readonly host: string
  /** Where its process id means something, and what tells its process from others with that id; '' if unknown. */
  readonly place: string
  readonly identity: string
}

interface Row {
  readonly holder: string
  readonly expires_at: number
}

const name = 'gateway'

/**
 * Takes the database for this gateway alone, and keeps it by renewing a lease. The lease of a process of this machine
 * that is no more is taken over at once; one of somewhere else when it was not renewed in time.
 *
 * @throws StartError `database_locked` while another gateway works on it
 */
export async function takeDatabase(
  store: StoreBase,
  log: Log,
  times: typeof tenureLimits = tenureLimits,
): Promise<Tenure> {
  const holder = JSON.stringify(describeSelf())
  await take(store, holder, times)
  const lost = Promise.withResolvers<StartError>()
  let renewing: Promise<void> = Promise.resolve()
  const renew = async (): Promise<void> => {
    try {
      if (await prolong(store, holder, times)) return
      clearInterval(timer)
      lost.resolve(takenOver())
    } catch (error) {
      log.warn({ err: error }, 'the lease on the database could not be renewed; it is tried again')
    }
  }
  const timer = setInterval(() => {
    renewing = renewing.then(renew)
  }, times.renewMs)
  timer.unref()
  return {
    lost: lost.promise,
    async release() {
      clearInterval(timer)
      await renewing
      await store.own.deleteFrom('postern_lease').where('name', '=', name).where('holder', '=', holder).execute()
    },
  }
}

function describeSelf(): Holder {
  const identity = identityOf(process.pid) ?? ''
  return { id: randomUUID(), pid: process.pid, host: hostname(), place: placeOfProcesses(), identity }
}

async function take(store: StoreBase, holder: string, times: typeof tenureLimits): Promise<void> {
  let first: Row | undefined
  for (;;) {
    const row = await read(store)
    if (row === undefined) {
      if (await insert(store, holder, times)) return
      continue
    }
    const other = parseHolder(row.holder)
    if (row.expires_at <= systemClock.now() || isGone(other)) {
      if (await replace(store, row, holder, times)) return
      continue
    }
    first ??= row
    // It is alive when it can be seen, or when it has renewed its lease.
    if (isHere(other) || row.holder !== first.holder || row.expires_at !== first.expires_at) throw heldBy(other)
    await sleep(times.pollMs)
  }
}

function isHere(holder: Holder | undefined): boolean {
  return holder !== undefined && holder.identity !== '' && holder.place === placeOfProcesses() && holder.place !== ''
}

/** Its process was one of this machine and is no more. */
function isGone(holder: Holder | undefined): boolean {
  return holder !== undefined && isHere(holder) && identityOf(holder.pid) !== holder.identity
}

async function read(store: StoreBase): Promise<Row | undefined> {
  const row = await store.own
    .selectFrom('postern_lease')
    .select(['holder', 'expires_at'])
    .where('name', '=', name)
    .executeTakeFirst()
  return row && { holder: row.holder, expires_at: Number(row.expires_at) }
}

async function insert(store: StoreBase, holder: string, { leaseMs }: typeof tenureLimits): Promise<boolean> {
  const result = await store.own
    .insertInto('postern_lease')
    .values({ name, holder, expires_at: systemClock.now() + leaseMs })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** Takes the place of a lease, unless it was renewed or taken meanwhile. */
async function replace(
  store: StoreBase,
  { holder: before, expires_at }: Row,
  holder: string,
  { leaseMs }: typeof tenureLimits,
): Promise<boolean> {
  const result = await store.own
    .updateTable('postern_lease')
    .set({ holder, expires_at: systemClock.now() + leaseMs })
    .where('name', '=', name)
    .where('holder', '=', before)
    .where('expires_at', '=', expires_at)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

async function prolong(store: StoreBase, holder: string, { leaseMs }: typeof tenureLimits): Promise<boolean> {
  const result = await store.own
    .updateTable('postern_lease')
    .set({ expires_at: systemClock.now() + leaseMs })
    .where('name', '=', name)
    .where('holder', '=', holder)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (!isJsonObject(value)) return undefined
    const { id, pid, host, place, identity } = value
    if (typeof id !== 'string' || !isId(id) || typeof pid !== 'number' || typeof host !== 'string') return undefined
    return typeof place === 'string' && typeof identity === 'string' ? { id, pid, host, place, identity } : undefined
  } catch {
    return undefined
  }
}

function heldBy(holder: Holder | undefined): StartError {
  const who = holder === undefined ? '' : ` (process ${holder.pid} on ${holder.host})`
  return new StartError(
    'database_locked',
    `another gateway${who} works on this database; stop it, or give this one a database of its own with ` +
      'POSTERN_DATA_DIR or POSTERN_DATABASE_URL',
  )
}

function takenOver(): StartError {
  return new StartError(
    'database_locked',
    'another gateway has taken this database over while this one did not renew its lease; run one gateway for each database',
  )
}

import { hashSecret } from '@postern/server'
import { limits } from '../../limits.ts'
import { networkOf } from '../network.ts'
import type { Ground } from '../unit.ts'
import { nameKey } from './name-key.ts'

/** Who tries, and from where; the name need not exist. */
export interface Attempt {
  readonly poolId: string
  readonly name: string
  readonly address: string
}

/** What is slowed down apart. */
export type Trial = 'password' | 'code'

interface Counter {
  readonly scope: string
  readonly key: string
}

/** A counter's rule: so many are free; from then on each brings a wait. */
interface Rule {
  readonly free: number
  readonly windowMs: number
  /** Does the window begin anew with each? */
  readonly slides: boolean
  /** How long to wait after the nth beyond those that are free, the first being 0. */
  wait(beyond: number): number
}

function doubling(beyond: number): number {
  return Math.min(limits.signInFirstWaitMs * 2 ** Math.min(beyond, 30), limits.signInLongestWaitMs)
}

const window = limits.signInWindowMs
const pairRule: Rule = { free: limits.signInFailuresPerPair, windowMs: window, slides: true, wait: doubling }
const addressRule: Rule = { free: limits.signInFailuresPerAddress, windowMs: window, slides: false, wait: doubling }
const nameRule: Rule = { free: limits.signInFailuresPerName, windowMs: window, slides: false, wait: doubling }

function countersOf(trial: Trial, { name, address }: Attempt) {
  const network = networkOf(address)
  const key = nameKey(name)
  const counter = (what: string, text: string): Counter => ({ scope: `${trial}_${what}`, key: hashSecret(text) })
  return {
    address: counter('address', network),
    name: counter('name', key),
    pair: counter('pair', `${key}\n${network}`),
    trusted: counter('trusted', `${key}\n${network}`),
  }
}

async function readCounters({ db, now }: Ground, poolId: string, counters: readonly Counter[]) {
  return await db
    .selectFrom('attempt')
    .select(['scope', 'blocked_until'])
    .where('pool_id', '=', poolId)
    .where('expires_at', '>', now)
    .where((eb) => eb.or(counters.map(({ scope, key }) => eb.and([eb('scope', '=', scope), eb('key', '=', key)]))))
    .execute()
}

/**
 * How long the attempt has to wait, in milliseconds; 0: it may go on. Kept in the database, so that neither a restart
 * nor another process forgets it. Waits are counted for name and address together, so that nobody who merely knows a
 * name locks its owner out; the counts of the address over all names, and of the name over all addresses, do not
 * concern who has signed in from there lately. Whether the name exists plays no part.
 */
export async function waitFor(ground: Ground, trial: Trial, attempt: Attempt): Promise<number> {
  const counters = countersOf(trial, attempt)
  const rows = await readCounters(ground, attempt.poolId, Object.values(counters))
  const isTrusted = rows.some(({ scope }) => scope === counters.trusted.scope)
  const counted = isTrusted ? rows.filter(({ scope }) => scope === counters.pair.scope) : rows
  return Math.max(0, ...counted.map(({ blocked_until }) => blocked_until - ground.now))
}

/** Always in the same order, so that two attempts never wait for each other. */
export async function noteFailure(ground: Ground, trial: Trial, attempt: Attempt): Promise<void> {
  const { address, name, pair } = countersOf(trial, attempt)
  await count(ground, attempt.poolId, address, addressRule)
  await count(ground, attempt.poolId, name, nameRule)
  await count(ground, attempt.poolId, pair, pairRule)
}

/** The counts of address and name stay: an account of one's own must not wipe them out. */
export async function noteSuccess(ground: Ground, trial: Trial, attempt: Attempt): Promise<void> {
  const { pair, trusted } = countersOf(trial, attempt)
  await ground.db
    .deleteFrom('attempt')
    .where('pool_id', '=', attempt.poolId)
    .where('scope', '=', pair.scope)
    .where('key', '=', pair.key)
    .execute()
  const expires_at = ground.now + limits.signInTrustMs
  await ground.db
    .insertInto('attempt')
    .values({ pool_id: attempt.poolId, ...trusted, count: 0, blocked_until: 0, expires_at })
    .onConflict((conflict) => conflict.columns(['pool_id', 'scope', 'key']).doUpdateSet({ expires_at }))
    .execute()
}

/** @returns the count in the present window */
async function count({ db, now }: Ground, poolId: string, counter: Counter, rule: Rule): Promise<number> {
  const expires_at = now + rule.windowMs
  const row = await db
    .insertInto('attempt')
    .values({ pool_id: poolId, ...counter, count: 1, blocked_until: 0, expires_at })
    .onConflict((conflict) =>
      conflict.columns(['pool_id', 'scope', 'key']).doUpdateSet((eb) => {
        const isOver = eb('attempt.expires_at', '<=', now)
        return {
          count: eb
            .case()
            .when(isOver)
            .then(1)
            .else(eb('attempt.count', '+', 1))
            .end(),
          expires_at: rule.slides
            ? expires_at
            : eb.case().when(isOver).then(expires_at).else(eb.ref('attempt.expires_at')).end(),
        }
      }),
    )
    .returning(['count', 'expires_at'])
    .executeTakeFirstOrThrow()
  const wait = row.count < rule.free ? 0 : rule.wait(row.count - rule.free)
  const blocked = wait === 0 ? 0 : now + wait
  await db
    .updateTable('attempt')
    .set({ blocked_until: blocked, expires_at: Math.max(row.expires_at, blocked) })
    .where('pool_id', '=', poolId)
    .where('scope', '=', counter.scope)
    .where('key', '=', counter.key)
    .execute()
  return row.count
}

/* ---- codes that are sent ---- */

export interface Sending {
  readonly poolId: string
  /** What the person called herself: each name that was given. */
  readonly names: readonly string[]
  readonly address: string
}

const perName: Rule = {
  free: 1,
  windowMs: limits.codeWindowMs,
  slides: false,
  wait: (beyond) => (beyond + 1 >= limits.codesPerName ? limits.codeWindowMs : limits.codeIntervalMs),
}
const perAddress: Rule = {
  free: limits.codesPerAddress,
  windowMs: limits.codeWindowMs,
  slides: false,
  wait: () => limits.codeWindowMs,
}
const perDestination: Rule = {
  free: limits.codesPerDestination,
  windowMs: limits.codeWindowMs,
  slides: false,
  wait: () => 0,
}

function sendCounters({ names, address }: Sending): { readonly counter: Counter; readonly rule: Rule }[] {
  const keys = [...new Set(names.map(nameKey))].sort()
  return [
    { counter: { scope: 'send_address', key: hashSecret(networkOf(address)) }, rule: perAddress },
    ...keys.map((key) => ({ counter: { scope: 'send_name', key: hashSecret(key) }, rule: perName })),
  ]
}

/** How long whoever asks for a code has to wait, by what was asked alone. */
export async function waitToSend(ground: Ground, sending: Sending): Promise<number> {
  const rows = await readCounters(
    ground,
    sending.poolId,
    sendCounters(sending).map(({ counter }) => counter),
  )
  return Math.max(0, ...rows.map(({ blocked_until }) => blocked_until - ground.now))
}

export async function noteSending(ground: Ground, sending: Sending): Promise<void> {
  for (const { counter, rule } of sendCounters(sending)) await count(ground, sending.poolId, counter, rule)
}

/** Whether one more message goes to this person within the hour; whoever asks is not told. */
export async function mayReach(ground: Ground, poolId: string, to: string): Promise<boolean> {
  const counter = { scope: 'send_destination', key: hashSecret(nameKey(to)) }
  return (await count(ground, poolId, counter, perDestination)) <= limits.codesPerDestination
}

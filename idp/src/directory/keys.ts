import { limits } from '../limits.ts'
import type { KeyRing } from './key-ring.ts'
import { verifiableUntil } from './lifetimes.ts'
import { lockPool, touchPool } from './pool-lock.ts'
import { conflict } from './refusals.ts'
import { keyFromRow } from './rows.ts'
import type { Key, KeyState, Pool, SigningAlgorithm } from './types.ts'
import type { Ground, Unit } from './unit.ts'

const order: Record<KeyState, number> = { active: 0, next: 1, retired: 2 }

/** The keys that are in the JWKS: active, next, and those retired ones whose time has not come, in this order. */
export async function listKeys({ db, now }: Ground, poolId: string): Promise<readonly Key[]> {
  const rows = await db
    .selectFrom('signing_key')
    .select(['kid', 'alg', 'state', 'created_at', 'activated_at', 'retires_at'])
    .where('pool_id', '=', poolId)
    .where((eb) => eb.or([eb('retires_at', 'is', null), eb('retires_at', '>', now)]))
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .execute()
  return rows.map(keyFromRow).sort((a, b) => order[a.state] - order[b.state])
}

async function addKey(unit: Unit, ring: KeyRing, poolId: string, alg: SigningAlgorithm, state: 'active' | 'next') {
  const pair = unit.keys.take(alg)
  await unit.db
    .insertInto('signing_key')
    .values({
      pool_id: poolId,
      kid: pair.kid,
      alg,
      state,
      public_jwk: JSON.stringify(pair.publicJwk),
      sealed_private: ring.seal(poolId, pair),
      created_at: unit.now,
      activated_at: state === 'active' ? unit.now : null,
      retires_at: null,
    })
    .execute()
}

/** An active key and the next one, for an algorithm that the pool has not used so far. */
export async function addFirstKeys(unit: Unit, ring: KeyRing, poolId: string, alg: SigningAlgorithm): Promise<void> {
  await addKey(unit, ring, poolId, alg, 'active')
  await addKey(unit, ring, poolId, alg, 'next')
}

async function hasActive({ db }: Ground, poolId: string, alg: SigningAlgorithm): Promise<boolean> {
  const row = await db
    .selectFrom('signing_key')
    .select('kid')
    .where('pool_id', '=', poolId)
    .where('alg', '=', alg)
    .where('state', '=', 'active')
    .executeTakeFirst()
  return row !== undefined
}

/** Sees to it that the pool can sign with the algorithm. Says whether keys had to be made. */
export async function ensureKeys(unit: Unit, ring: KeyRing, poolId: string, alg: SigningAlgorithm): Promise<boolean> {
  if (await hasActive(unit, poolId, alg)) return false
  await addFirstKeys(unit, ring, poolId, alg)
  return true
}

/** The active key signs no more: its private half goes at once, its public half once no token of it can be live. */
async function retireActive(unit: Unit, poolId: string, alg: SigningAlgorithm): Promise<void> {
  await unit.db
    .updateTable('signing_key')
    .set({ state: 'retired', sealed_private: null, retires_at: await verifiableUntil(unit, poolId) })
    .where('pool_id', '=', poolId)
    .where('alg', '=', alg)
    .where('state', '=', 'active')
    .execute()
}

async function promoteNext(unit: Unit, poolId: string, alg: SigningAlgorithm): Promise<void> {
  await unit.db
    .updateTable('signing_key')
    .set({ state: 'active', activated_at: unit.now })
    .where('pool_id', '=', poolId)
    .where('alg', '=', alg)
    .where('state', '=', 'next')
    .execute()
}

async function dropExpired({ db, now }: Unit, poolId: string): Promise<void> {
  await db.deleteFrom('signing_key').where('pool_id', '=', poolId).where('retires_at', '<=', now).execute()
}

/** A JWKS has room for so many keys only, and none may leave it early. */
async function refuseCrowd({ db }: Unit, poolId: string, retiring: number): Promise<void> {
  const rows = await db
    .selectFrom('signing_key')
    .select('retires_at')
    .where('pool_id', '=', poolId)
    .where('state', '=', 'retired')
    .orderBy('retires_at')
    .execute()
  if (rows.length + retiring <= limits.retiredKeys) return
  const room = rows[rows.length + retiring - limits.retiredKeys - 1]?.retires_at ?? 0
  throw conflict(
    'limit',
    `The pool has ${rows.length} retired keys whose tokens may be live, ${limits.retiredKeys} are allowed; ` +
      `rotate again after ${new Date(room).toISOString()}.`,
  )
}

async function activeAlgorithms({ db }: Unit, poolId: string): Promise<readonly SigningAlgorithm[]> {
  const rows = await db
    .selectFrom('signing_key')
    .select('alg')
    .where('pool_id', '=', poolId)
    .where('state', '=', 'active')
    .orderBy('alg')
    .execute()
  return rows.map((row) => row.alg as SigningAlgorithm)
}

/** For every algorithm in use: next becomes active, active retires, and a new next is made. */
export async function rotateKeys(unit: Unit, ring: KeyRing, poolId: string): Promise<readonly Key[]> {
  await lockPool(unit, poolId)
  await dropExpired(unit, poolId)
  const algorithms = await activeAlgorithms(unit, poolId)
  await refuseCrowd(unit, poolId, algorithms.length)
  for (const alg of algorithms) {
    await retireActive(unit, poolId, alg)
    await promoteNext(unit, poolId, alg)
    await addKey(unit, ring, poolId, alg, 'next')
  }
  await touchPool(unit, poolId)
  unit.event({ kind: 'key.rotated', outcome: 'ok', reason: 'ok', poolId })
  return await listKeys(unit, poolId)
}

async function hasBrowserClients({ db }: Unit, poolId: string): Promise<boolean> {
  const row = await db
    .selectFrom('client')
    .select('client_id')
    .where('pool_id', '=', poolId)
    .where('client_type', '!=', 'MACHINE_TO_MACHINE')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Keys of the old algorithm stay for verification only, but where browser clients need RS256 for their ID tokens. */
export async function changeAlgorithm(unit: Unit, ring: KeyRing, pool: Pool, alg: SigningAlgorithm): Promise<void> {
  await dropExpired(unit, pool.id)
  await ensureKeys(unit, ring, pool.id, alg)
  const old = pool.signingAlgorithm
  if (old !== idTokenAlgorithm || !(await hasBrowserClients(unit, pool.id))) {
    await refuseCrowd(unit, pool.id, 1)
    await retireActive(unit, pool.id, old)
    await unit.db
      .deleteFrom('signing_key')
      .where('pool_id', '=', pool.id)
      .where('alg', '=', old)
      .where('state', '=', 'next')
      .execute()
  }
  unit.event({ kind: 'key.rotated', outcome: 'ok', reason: 'ok', poolId: pool.id })
}

/** What clients that register nothing else expect of ID tokens (OpenID Connect Dynamic Registration §2). */
export const idTokenAlgorithm: SigningAlgorithm = 'RS256'

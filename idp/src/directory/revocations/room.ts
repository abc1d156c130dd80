import { limits } from '../../limits.ts'
import { verifiableUntil } from '../lifetimes.ts'
import type { Ground } from '../unit.ts'
import { putRevocation } from './rows.ts'

const second = 1000

/**
 * Keeps the entries of single tokens and grants within bounds. What a client has too many of becomes one entry: all that
 * was issued to it so far. It costs that client its live tokens, and nobody else anything.
 */
export async function makeRoom(ground: Ground, poolId: string, clientHash: string): Promise<void> {
  const ofClient = await count(ground, poolId, clientHash)
  if (ofClient > limits.revocationsPerClient) return await collapse(ground, poolId, clientHash)
  if ((await count(ground, poolId)) <= limits.revocationsPerPool) return
  await collapse(ground, poolId, (await largest(ground, poolId)) ?? clientHash)
}

async function count({ db }: Ground, poolId: string, clientHash?: string): Promise<number> {
  const { rows } = await db
    .selectFrom('revocation')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .where('pool_id', '=', poolId)
    .where('client_hash', 'is not', null)
    .$if(clientHash !== undefined, (query) => query.where('client_hash', '=', clientHash ?? ''))
    .executeTakeFirstOrThrow()
  return Number(rows)
}

async function largest({ db }: Ground, poolId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('revocation')
    .select(['client_hash', ({ fn }) => fn.countAll<number>().as('rows')])
    .where('pool_id', '=', poolId)
    .where('client_hash', 'is not', null)
    .groupBy('client_hash')
    .orderBy('rows', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.client_hash ?? undefined
}

async function collapse(ground: Ground, poolId: string, clientHash: string): Promise<void> {
  const { db, now } = ground
  await db.deleteFrom('revocation').where('pool_id', '=', poolId).where('client_hash', '=', clientHash).execute()
  const known = await db
    .selectFrom('revocation')
    .select('issued_before')
    .where('pool_id', '=', poolId)
    .where('kind', '=', 'client')
    .where('value_hash', '=', clientHash)
    .executeTakeFirst()
  if (known?.issued_before === null) return
  await putRevocation(ground, poolId, {
    kind: 'client',
    valueHash: clientHash,
    issuedBefore: Math.max(Math.floor(now / second) + 1, known?.issued_before ?? 0),
    expiresAt: (await verifiableUntil(ground, poolId)) + limits.revocationGrace * second,
  })
}

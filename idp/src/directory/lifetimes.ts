import { limits } from '../limits.ts'
import { poolNotFound } from './refusals.ts'
import type { Ground } from './unit.ts'

async function readLifetimes({ db }: Ground, poolId: string) {
  return db
    .selectFrom('pool')
    .select((eb) => [
      'pool.access_token_ttl as pool',
      'pool.longest_lifetime as longest',
      'pool.tokens_until as until',
      eb
        .selectFrom('client')
        .select((of) => of.fn.max('client.access_token_ttl').as('ttl'))
        .where('client.pool_id', '=', poolId)
        .as('client'),
      eb
        .selectFrom('resource')
        .select((of) => of.fn.max('resource.access_token_ttl').as('ttl'))
        .where('resource.pool_id', '=', poolId)
        .as('resource'),
    ])
    .where('pool.id', '=', poolId)
    .executeTakeFirst()
}

/**
 * After a write: notes the longest lifetime that a token may have from now on. Where it shrank, tokens of the old
 * length may still be about, which no key may leave before.
 */
export async function settleLifetimes(ground: Ground, poolId: string): Promise<void> {
  const row = await readLifetimes(ground, poolId)
  if (row === undefined) return
  const own = row.pool ?? limits.defaultAccessTokenTtl
  const longest = Math.max(own, row.client ?? 0, row.resource ?? 0)
  if (longest === row.longest) return
  const until = longest < row.longest ? Math.max(row.until, ground.now + row.longest * 1000) : row.until
  await ground.db
    .updateTable('pool')
    .set({ longest_lifetime: longest, tokens_until: until })
    .where('id', '=', poolId)
    .execute()
}

/** Until when (epoch ms) a key that stops signing now must stay verifiable. */
export async function verifiableUntil({ db, now }: Ground, poolId: string): Promise<number> {
  const row = await db
    .selectFrom('pool')
    .select(['longest_lifetime', 'tokens_until'])
    .where('id', '=', poolId)
    .executeTakeFirst()
  if (row === undefined) throw poolNotFound()
  return Math.max(now + row.longest_lifetime * 1000, row.tokens_until) + limits.keyGrace * 1000
}

/** A token of this lifetime (seconds), longer than the settings say, is about to be signed. */
export async function noteLifetime({ db, now }: Ground, poolId: string, lifetime: number): Promise<void> {
  const until = now + lifetime * 1000
  await db
    .updateTable('pool')
    .set({ tokens_until: until })
    .where('id', '=', poolId)
    .where('tokens_until', '<', until)
    .execute()
}

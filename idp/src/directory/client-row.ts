import { isId } from '@postern/core'
import { clientNotFound, poolNotFound } from './refusals.ts'
import { clientFromRow } from './rows.ts'
import type { Client } from './types.ts'
import type { Ground } from './unit.ts'

/** Refuses with `not_found` where there is no such pool. */
export async function requirePool({ db }: Ground, poolId: string): Promise<void> {
  if (!isId(poolId)) throw poolNotFound()
  const row = await db.selectFrom('pool').select('id').where('id', '=', poolId).executeTakeFirst()
  if (row === undefined) throw poolNotFound()
}

/** Refuses with `not_found` where the pool has no such client, and says so apart where there is no such pool. */
export async function findClientRow(ground: Ground, poolId: string, clientId: string): Promise<Client> {
  const row = await readClient(ground, poolId, clientId)
  if (row !== undefined) return clientFromRow(row)
  await requirePool(ground, poolId)
  throw clientNotFound()
}

/** What is no id is in no row; some databases refuse to look for it. */
async function readClient({ db }: Ground, poolId: string, clientId: string) {
  if (!isId(poolId) || !isId(clientId)) return undefined
  return await db
    .selectFrom('client')
    .selectAll()
    .where('pool_id', '=', poolId)
    .where('client_id', '=', clientId)
    .executeTakeFirst()
}

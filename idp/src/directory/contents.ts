import { clientFromRow, poolFromRow, resourceFromRow } from './rows.ts'
import type { HashedSecret, PoolContent } from './types.ts'
import type { Ground } from './unit.ts'

interface SecretRow {
  readonly hash: string
  readonly expires_at: number | null
}

async function readLiveSecrets({ db, now }: Ground) {
  return await db
    .selectFrom('client_secret')
    .select(['pool_id', 'client_id', 'hash', 'expires_at'])
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute()
}

function hashedSecret({ hash, expires_at }: SecretRow): HashedSecret {
  return { hash, expiresAt: expires_at }
}

/** All pools with what is in them. To be run in a transaction: four statements, however many pools there are. */
export async function readContents(ground: Ground): Promise<readonly PoolContent[]> {
  const { db } = ground
  const pools = await db.selectFrom('pool').selectAll().execute()
  const resources = Map.groupBy(await db.selectFrom('resource').selectAll().execute(), (row) => row.pool_id)
  const clients = Map.groupBy(await db.selectFrom('client').selectAll().execute(), (row) => row.pool_id)
  const secrets = Map.groupBy(await readLiveSecrets(ground), (row) => `${row.pool_id}/${row.client_id}`)
  return pools.map((row) => ({
    ...poolFromRow(row),
    resources: (resources.get(row.id) ?? []).map(resourceFromRow),
    clients: (clients.get(row.id) ?? []).map((client) => ({
      ...clientFromRow(client),
      secrets: (secrets.get(`${row.id}/${client.client_id}`) ?? []).map(hashedSecret),
    })),
  }))
}

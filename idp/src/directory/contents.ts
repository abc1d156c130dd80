import { groupFromRow, groupsOf, selectMemberships, userFromRow } from './people/user-row.ts'
import { clientFromRow, poolFromRow, resourceFromRow } from './rows.ts'
import type { Group, HashedSecret, HashedUser, PoolContent } from './types.ts'
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

/** Those that registered themselves are no person's work, and expire. */
async function readClients({ db }: Ground) {
  return await db.selectFrom('client').selectAll().where('registration', '=', 'management').execute()
}

async function readUsers(ground: Ground): Promise<Map<string, HashedUser[]>> {
  const rows = await ground.db.selectFrom('user_account').selectAll().execute()
  const memberships = await selectMemberships(ground).execute()
  const groups = Map.groupBy(memberships, (row) => `${row.pool_id}/${row.user_id}`)
  const users = rows.map((row) => {
    const user = userFromRow(row, groupsOf(groups.get(`${row.pool_id}/${row.id}`)))
    return { ...user, passwordHash: row.password_hash, signedUp: row.signed_up !== 0 }
  })
  return Map.groupBy(users, ({ poolId }) => poolId)
}

async function readGroups({ db }: Ground): Promise<Map<string, Group[]>> {
  const rows = await db.selectFrom('user_group').selectAll().execute()
  return Map.groupBy(rows.map(groupFromRow), ({ poolId }) => poolId)
}

/** All pools with what is in them. To be run in a transaction: a few statements, however many pools there are. */
export async function readContents(ground: Ground): Promise<readonly PoolContent[]> {
  const { db } = ground
  const pools = await db.selectFrom('pool').selectAll().execute()
  const resources = Map.groupBy(await db.selectFrom('resource').selectAll().execute(), (row) => row.pool_id)
  const clients = Map.groupBy(await readClients(ground), (row) => row.pool_id)
  const secrets = Map.groupBy(await readLiveSecrets(ground), (row) => `${row.pool_id}/${row.client_id}`)
  const users = await readUsers(ground)
  const groups = await readGroups(ground)
  return pools.map((row) => ({
    ...poolFromRow(row),
    users: users.get(row.id) ?? [],
    groups: groups.get(row.id) ?? [],
    resources: (resources.get(row.id) ?? []).map(resourceFromRow),
    clients: (clients.get(row.id) ?? []).map((client) => ({
      ...clientFromRow(client),
      secrets: (secrets.get(`${row.id}/${client.client_id}`) ?? []).map(hashedSecret),
    })),
  }))
}

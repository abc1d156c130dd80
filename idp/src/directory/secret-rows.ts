import { createId } from '@postern/core'
import { secretFromRow } from './rows.ts'
import type { Client, HashedSecret, Secret } from './types.ts'
import type { Ground, Unit } from './unit.ts'

type ClientKey = Pick<Client, 'poolId' | 'clientId'>

/** The live secrets of a client, oldest first, with their hashes. */
export async function liveSecrets({ db, now }: Ground, client: ClientKey) {
  return await db
    .selectFrom('client_secret')
    .selectAll()
    .where('pool_id', '=', client.poolId)
    .where('client_id', '=', client.clientId)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .orderBy('created_at')
    .orderBy('id')
    .execute()
}

export function lives({ now }: Ground, { expiresAt }: Pick<HashedSecret, 'expiresAt'>): boolean {
  return expiresAt === null || expiresAt > now
}

export async function dropExpired({ db, now }: Unit, client: ClientKey): Promise<void> {
  await db
    .deleteFrom('client_secret')
    .where('pool_id', '=', client.poolId)
    .where('client_id', '=', client.clientId)
    .where('expires_at', '<=', now)
    .execute()
}

export async function addSecret(
  { db, now }: Unit,
  client: ClientKey,
  { hash, expiresAt }: HashedSecret,
  id = createId(),
): Promise<Secret> {
  const { poolId, clientId } = client
  const times = { created_at: now, expires_at: expiresAt, last_used_at: null }
  const row = { pool_id: poolId, client_id: clientId, id, hash, sealed: null, ...times }
  await db.insertInto('client_secret').values(row).execute()
  return secretFromRow(row)
}

/** Adds those that live, the newest first: made at one moment, they are ordered by their ids. */
export async function addSecrets(unit: Unit, client: ClientKey, secrets: readonly HashedSecret[]): Promise<void> {
  const living = secrets.filter((secret) => lives(unit, secret))
  const ids = living.map(() => createId()).sort()
  for (const secret of living) await addSecret(unit, client, secret, ids.pop())
}

export async function setExpiry({ db }: Unit, client: ClientKey, { hash, expiresAt }: HashedSecret): Promise<void> {
  await db
    .updateTable('client_secret')
    .set({ expires_at: expiresAt })
    .where('pool_id', '=', client.poolId)
    .where('client_id', '=', client.clientId)
    .where('hash', '=', hash)
    .execute()
}

export async function removeSecret({ db }: Unit, client: ClientKey, secretId: string): Promise<void> {
  await db
    .deleteFrom('client_secret')
    .where('pool_id', '=', client.poolId)
    .where('client_id', '=', client.clientId)
    .where('id', '=', secretId)
    .execute()
}

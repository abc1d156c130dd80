import { isId } from '@postern/core'
import type { KeyRing } from './key-ring.ts'
import { clientFromRow, poolFromRow, resourceFromRow } from './rows.ts'
import type { HotClient, HotPool, HotSecret, PublicJwk, Resource, SigningKey, VerifyingKeys } from './types.ts'
import type { Ground } from './unit.ts'

function selectPoolWithResources({ db }: Ground, poolId: string) {
  return db
    .selectFrom('pool')
    .leftJoin('resource', 'resource.pool_id', 'pool.id')
    .selectAll('pool')
    .select([
      'resource.id as r_id',
      'resource.identifier as r_identifier',
      'resource.name as r_name',
      'resource.scopes as r_scopes',
      'resource.access_token_ttl as r_access_token_ttl',
      'resource.created_at as r_created_at',
      'resource.updated_at as r_updated_at',
    ])
    .where('pool.id', '=', poolId)
    .orderBy('resource.created_at')
    .orderBy('resource.id')
}

type PoolRow = Awaited<ReturnType<ReturnType<typeof selectPoolWithResources>['execute']>>[number]

function joinedResource(row: PoolRow): Resource | undefined {
  const { r_id, r_identifier, r_scopes, r_created_at, r_updated_at } = row
  if (r_id === null || r_identifier === null || r_scopes === null) return undefined
  return resourceFromRow({
    pool_id: row.id,
    id: r_id,
    identifier: r_identifier,
    name: row.r_name,
    scopes: r_scopes,
    access_token_ttl: row.r_access_token_ttl,
    created_at: r_created_at ?? 0,
    updated_at: r_updated_at ?? 0,
  })
}

export async function findPool(ground: Ground, poolId: string): Promise<HotPool | undefined> {
  if (!isId(poolId)) return undefined
  const rows = await selectPoolWithResources(ground, poolId).execute()
  const [first] = rows
  if (first === undefined) return undefined
  return { ...poolFromRow(first), resources: rows.flatMap((row) => joinedResource(row) ?? []) }
}

function selectClientWithSecrets({ db }: Ground, poolId: string, clientId: string) {
  return db
    .selectFrom('client')
    .leftJoin('client_secret', (join) =>
      join
        .onRef('client_secret.pool_id', '=', 'client.pool_id')
        .onRef('client_secret.client_id', '=', 'client.client_id'),
    )
    .selectAll('client')
    .select(['client_secret.id as s_id', 'client_secret.hash as s_hash', 'client_secret.expires_at as s_expires_at'])
    .where('client.pool_id', '=', poolId)
    .where('client.client_id', '=', clientId)
    .orderBy('client_secret.created_at', 'desc')
    .orderBy('client_secret.id', 'desc')
}

type ClientRow = Awaited<ReturnType<ReturnType<typeof selectClientWithSecrets>['execute']>>[number]

function joinedSecret({ s_id, s_hash, s_expires_at }: ClientRow): HotSecret | undefined {
  return s_id === null || s_hash === null ? undefined : { id: s_id, hash: s_hash, expiresAt: s_expires_at }
}

export async function findClient(ground: Ground, poolId: string, clientId: string): Promise<HotClient | undefined> {
  if (!isId(poolId) || !isId(clientId)) return undefined
  const rows = await selectClientWithSecrets(ground, poolId, clientId).execute()
  const [first] = rows
  if (first === undefined) return undefined
  return { ...clientFromRow(first), secrets: rows.flatMap((row) => joinedSecret(row) ?? []) }
}

export async function findRevision({ db }: Ground, poolId: string): Promise<number | undefined> {
  if (!isId(poolId)) return undefined
  const row = await db.selectFrom('pool').select('revision').where('id', '=', poolId).executeTakeFirst()
  return row?.revision
}

export async function openSigningKeys({ db }: Ground, ring: KeyRing, poolId: string): Promise<readonly SigningKey[]> {
  const rows = await db
    .selectFrom('signing_key')
    .select(['kid', 'alg', 'public_jwk', 'sealed_private'])
    .where('pool_id', '=', poolId)
    .where('state', '=', 'active')
    .orderBy('alg')
    .execute()
  return rows.flatMap(({ sealed_private, ...row }) =>
    sealed_private === null ? [] : [ring.open(poolId, { ...row, sealed_private })],
  )
}

const jwksOrder = ['active', 'next', 'retired']

export async function readVerifyingKeys({ db, now }: Ground, poolId: string): Promise<VerifyingKeys> {
  const rows = await db
    .selectFrom('signing_key')
    .select(['public_jwk', 'state', 'retires_at'])
    .where('pool_id', '=', poolId)
    .where((eb) => eb.or([eb('retires_at', 'is', null), eb('retires_at', '>', now)]))
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .execute()
  const sorted = rows.sort((a, b) => jwksOrder.indexOf(a.state) - jwksOrder.indexOf(b.state))
  const ends = rows.flatMap((row) => row.retires_at ?? [])
  return {
    keys: sorted.map((row): PublicJwk => JSON.parse(row.public_jwk)),
    validUntil: ends.length === 0 ? null : Math.min(...ends),
  }
}

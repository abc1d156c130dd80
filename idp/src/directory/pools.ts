import { checkResource, createId, isId } from '@postern/core'
import { defaultPasswordPolicy } from '@postern/server'
import { sql } from 'kysely'
import { limits } from '../limits.ts'
import { refuseInProduction } from './development-only.ts'
import { openSigningKeys } from './hot-reads.ts'
import type { KeyRing } from './key-ring.ts'
import { addFirstKeys, changeAlgorithm } from './keys.ts'
import { merged, mergedObject, sameColumns, sameSet } from './merge.ts'
import { cutPage, isOnPage } from './pages.ts'
import { lockPool, touchPool } from './pool-lock.ts'
import { immutable, invalid, poolNotFound } from './refusals.ts'
import { findSameResource } from './resources.ts'
import { noteBack, noteBorn, noteBuried, noteEnded } from './revocations/endings.ts'
import { poolColumns, poolFromRow } from './rows.ts'
import type { Page, PageRequest, Pool, PoolInput, PoolPatch, PoolWithTotals } from './types.ts'
import type { Ground, Unit } from './unit.ts'

type PoolFields = Omit<Pool, 'id' | 'revision' | 'createdAt' | 'updatedAt'>

const emptyPool: Omit<PoolFields, 'name'> = {
  description: null,
  projectName: 'default',
  enabled: true,
  signInAttributes: ['preferred_username'],
  requiredSignUpAttributes: [],
  selfSignUpEnabled: false,
  accessTokenTtl: null,
  signingAlgorithm: 'ES256',
  defaultResource: null,
  passwordPolicy: defaultPasswordPolicy,
  brand: {},
  selfAccountRecoveryEnabled: true,
  signUpAutoVerificationEnabled: false,
  refreshTokenTtl: limits.defaultRefreshTokenTtl,
  refreshTokenGrace: limits.defaultRefreshTokenGrace,
  dynamicRegistrationEnabled: null,
  clientIdMetadataDocumentsEnabled: true,
  deviceFlowEnabled: true,
  unattendedUser: null,
  audience: 'resource',
}

function mergePool(present: PoolFields, patch: PoolPatch): PoolFields {
  return {
    name: patch.name ?? present.name,
    description: merged(patch.description, present.description, emptyPool.description),
    projectName: merged(patch.projectName, present.projectName, emptyPool.projectName),
    enabled: merged(patch.enabled, present.enabled, emptyPool.enabled),
    signInAttributes: merged(patch.signInAttributes, present.signInAttributes, emptyPool.signInAttributes),
    requiredSignUpAttributes: merged(
      patch.requiredSignUpAttributes,
      present.requiredSignUpAttributes,
      emptyPool.requiredSignUpAttributes,
    ),
    selfSignUpEnabled: merged(patch.selfSignUpEnabled, present.selfSignUpEnabled, emptyPool.selfSignUpEnabled),
    accessTokenTtl: merged(patch.accessTokenTtl, present.accessTokenTtl, emptyPool.accessTokenTtl),
    signingAlgorithm: merged(patch.signingAlgorithm, present.signingAlgorithm, emptyPool.signingAlgorithm),
    defaultResource: merged(patch.defaultResource, present.defaultResource, emptyPool.defaultResource),
    passwordPolicy: mergedObject(patch.passwordPolicy, present.passwordPolicy, defaultPasswordPolicy),
    brand: mergedObject(patch.brand, present.brand, {}),
    selfAccountRecoveryEnabled: merged(
      patch.selfAccountRecoveryEnabled,
      present.selfAccountRecoveryEnabled,
      emptyPool.selfAccountRecoveryEnabled,
    ),
    signUpAutoVerificationEnabled: merged(
      patch.signUpAutoVerificationEnabled,
      present.signUpAutoVerificationEnabled,
      emptyPool.signUpAutoVerificationEnabled,
    ),
    refreshTokenTtl: merged(patch.refreshTokenTtl, present.refreshTokenTtl, emptyPool.refreshTokenTtl),
    refreshTokenGrace: merged(patch.refreshTokenGrace, present.refreshTokenGrace, emptyPool.refreshTokenGrace),
    dynamicRegistrationEnabled: merged(
      patch.dynamicRegistrationEnabled,
      present.dynamicRegistrationEnabled,
      emptyPool.dynamicRegistrationEnabled,
    ),
    clientIdMetadataDocumentsEnabled: merged(
      patch.clientIdMetadataDocumentsEnabled,
      present.clientIdMetadataDocumentsEnabled,
      emptyPool.clientIdMetadataDocumentsEnabled,
    ),
    deviceFlowEnabled: merged(patch.deviceFlowEnabled, present.deviceFlowEnabled, emptyPool.deviceFlowEnabled),
    unattendedUser: merged(patch.unattendedUser, present.unattendedUser, emptyPool.unattendedUser),
    audience: merged(patch.audience, present.audience, emptyPool.audience),
  }
}

function selectPools(ground: Ground) {
  return ground.db
    .selectFrom('pool')
    .selectAll('pool')
    .select((eb) => [
      eb
        .selectFrom('client')
        .select((of) => of.fn.countAll<number>().as('clients'))
        .whereRef('client.pool_id', '=', 'pool.id')
        .as('total_clients'),
      eb
        .selectFrom('user_account')
        .select((of) => of.fn.countAll<number>().as('users'))
        .whereRef('user_account.pool_id', '=', 'pool.id')
        .as('total_users'),
    ])
}

type PoolRow = Awaited<ReturnType<ReturnType<typeof selectPools>['executeTakeFirstOrThrow']>>

function withTotals(row: PoolRow): PoolWithTotals {
  return { ...poolFromRow(row), totalUsers: row.total_users ?? 0, totalClients: row.total_clients ?? 0 }
}

export async function getPool(ground: Ground, poolId: string): Promise<PoolWithTotals> {
  if (!isId(poolId)) throw poolNotFound()
  const row = await selectPools(ground).where('pool.id', '=', poolId).executeTakeFirst()
  if (row === undefined) throw poolNotFound()
  return withTotals(row)
}

export async function listPools(ground: Ground, page: PageRequest): Promise<Page<PoolWithTotals>> {
  const rows = await selectPools(ground)
    .where(isOnPage(page))
    .orderBy('created_at')
    .orderBy('id')
    .limit(page.limit + 1)
    .execute()
  return cutPage(rows.map(withTotals), page, (pool) => ({ at: pool.createdAt, id: pool.id }))
}

/** A default given with a new pool may come before its resource, which is made with a request of its own. */
function checkedDefault(text: string | null): string | null {
  if (text === null) return null
  const checked = checkResource(text)
  if (!checked.ok) throw invalid('defaultResource', 'invalid', checked.message)
  return checked.resource
}

export async function createPool(unit: Unit, ring: KeyRing, input: PoolInput): Promise<PoolWithTotals> {
  const { db, now } = unit
  refuseInProduction(unit.mode, input)
  const id = input.id ?? createId()
  const fields = mergePool({ ...emptyPool, name: input.name }, input)
  const columns = poolColumns({ ...fields, defaultResource: checkedDefault(fields.defaultResource) })
  const longest = fields.accessTokenTtl ?? limits.defaultAccessTokenTtl
  const times = { created_at: now, updated_at: now, longest_lifetime: longest, tokens_until: 0 }
  // A pool made anew under the id of a deleted one must not look like a state of the old one to any cache.
  const revision = firstRevision()
  await db
    .insertInto('pool')
    .values({ id, ...columns, ...times, revision })
    .execute()
  unit.touched.set(id, revision)
  await addFirstKeys(unit, ring, id, fields.signingAlgorithm)
  await noteBorn(unit, id)
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'created', poolId: id })
  noteLoosened(unit, id, fields)
  return await getPool(unit, id)
}

/** Tokens for the client itself say nothing of where they are good. */
function noteLoosened(unit: Unit, poolId: string, { audience }: Pick<Pool, 'audience'>): void {
  if (audience === 'client_id') unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'setting_loosened', poolId })
}

function firstRevision(): number {
  return Math.floor(Math.random() * 2 ** 45)
}

function refuseImmutable(pool: Pool, after: PoolFields): void {
  const stays = {
    projectName: pool.projectName === after.projectName,
    signInAttributes: sameSet(pool.signInAttributes, after.signInAttributes),
    requiredSignUpAttributes: sameSet(pool.requiredSignUpAttributes, after.requiredSignUpAttributes),
  }
  for (const [field, same] of Object.entries(stays)) {
    if (!same) throw immutable(field, `${field} cannot change once the pool exists; make another pool.`)
  }
}

interface UpdateOptions {
  /** The default may name a resource that does not exist yet. */
  readonly defaultToCome?: boolean
}

async function patchedDefault(
  unit: Unit,
  pool: Pool,
  wanted: string | null,
  { defaultToCome = false }: UpdateOptions,
): Promise<string | null> {
  if (wanted === null || wanted === pool.defaultResource) return wanted
  const identifier = checkedDefault(wanted) ?? ''
  const resource = await findSameResource(unit, pool.id, identifier)
  if (resource !== undefined) return resource.identifier
  if (defaultToCome || identifier === pool.defaultResource) return identifier
  throw invalid('defaultResource', 'not_found', 'the pool has no such resource; create it first, then name it here')
}

export async function updatePool(
  unit: Unit,
  ring: KeyRing,
  poolId: string,
  patch: PoolPatch,
  options: UpdateOptions,
): Promise<PoolWithTotals> {
  const pool = await lockPool(unit, poolId)
  refuseInProduction(unit.mode, patch)
  const wanted = mergePool(pool, patch)
  refuseImmutable(pool, wanted)
  const fields = {
    ...wanted,
    signInAttributes: pool.signInAttributes,
    requiredSignUpAttributes: pool.requiredSignUpAttributes,
    defaultResource: await patchedDefault(unit, pool, wanted.defaultResource, options),
  }
  const columns = poolColumns(fields)
  if (sameColumns(columns, poolColumns(pool))) return await getPool(unit, poolId)
  if (fields.signingAlgorithm !== pool.signingAlgorithm)
    await changeAlgorithm(unit, ring, pool, fields.signingAlgorithm)
  await setPool(unit, poolId, columns)
  if (pool.audience !== fields.audience) noteLoosened(unit, poolId, fields)
  if (pool.enabled !== fields.enabled) await (fields.enabled ? noteBack : noteEnded)(unit, poolId, 'pool')
  return await getPool(unit, poolId)
}

async function setPool(unit: Unit, poolId: string, columns: Partial<ReturnType<typeof poolColumns>>): Promise<void> {
  await touchPool(unit, poolId)
  await unit.db
    .updateTable('pool')
    .set({ ...columns, updated_at: unit.now })
    .where('id', '=', poolId)
    .execute()
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'updated', poolId })
}

/** Everything in the pool goes with it. */
export async function deletePool(unit: Unit, ring: KeyRing, poolId: string): Promise<void> {
  const { signingAlgorithm } = await lockPool(unit, poolId)
  const key = (await openSigningKeys(unit, ring, poolId)).find(({ alg }) => alg === signingAlgorithm)
  await noteBuried(unit, poolId, key)
  const gone = await unit.db.deleteFrom('pool').where('id', '=', poolId).returning(sql`1`.as('one')).executeTakeFirst()
  if (gone === undefined) throw poolNotFound()
  unit.touched.set(poolId, null)
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'deleted', poolId })
}

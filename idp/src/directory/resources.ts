import { checkResource, createId, isId, sameResource } from '@postern/core'
import { limits } from '../limits.ts'
import { narrowClients } from './client-narrowing.ts'
import { merged, sameColumns } from './merge.ts'
import { cutPage, isOnPage } from './pages.ts'
import { lockPool, touchPool } from './pool-lock.ts'
import { conflict, duplicate, immutable, invalid, resourceNotFound } from './refusals.ts'
import { resourceFromRow } from './rows.ts'
import type { DeletedResource, Page, PageRequest, Pool, Resource, ResourceInput, ResourcePatch } from './types.ts'
import type { Ground, Unit } from './unit.ts'

type ResourceFields = Pick<Resource, 'name' | 'scopes' | 'accessTokenTtl'>

const emptyResource: ResourceFields = { name: null, scopes: [], accessTokenTtl: null }

function mergeResource(present: ResourceFields, patch: ResourcePatch): ResourceFields {
  return {
    name: merged(patch.name, present.name, emptyResource.name),
    scopes: merged(patch.scopes, present.scopes, emptyResource.scopes),
    accessTokenTtl: merged(patch.accessTokenTtl, present.accessTokenTtl, emptyResource.accessTokenTtl),
  }
}

function resourceColumns(fields: ResourceFields) {
  return { name: fields.name, scopes: JSON.stringify(fields.scopes), access_token_ttl: fields.accessTokenTtl }
}

/** All resources of the pool, oldest first. There are at most `limits.resourcesPerPool`. */
export async function allResources({ db }: Ground, poolId: string): Promise<readonly Resource[]> {
  const rows = await db
    .selectFrom('resource')
    .selectAll()
    .where('pool_id', '=', poolId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map(resourceFromRow)
}

export async function findSameResource(
  ground: Ground,
  poolId: string,
  identifier: string,
): Promise<Resource | undefined> {
  const resources = await allResources(ground, poolId)
  return resources.find((resource) => sameResource(resource.identifier, identifier))
}

export async function getResource({ db }: Ground, poolId: string, resourceId: string): Promise<Resource> {
  if (!isId(resourceId)) throw resourceNotFound()
  const row = await db
    .selectFrom('resource')
    .selectAll()
    .where('pool_id', '=', poolId)
    .where('id', '=', resourceId)
    .executeTakeFirst()
  if (row === undefined) throw resourceNotFound()
  return resourceFromRow(row)
}

export async function listResources({ db }: Ground, poolId: string, page: PageRequest): Promise<Page<Resource>> {
  const rows = await db
    .selectFrom('resource')
    .selectAll()
    .where('pool_id', '=', poolId)
    .where(isOnPage(page))
    .orderBy('created_at')
    .orderBy('id')
    .limit(page.limit + 1)
    .execute()
  return cutPage(rows.map(resourceFromRow), page, (resource) => ({ at: resource.createdAt, id: resource.id }))
}

function canonicalIdentifier(text: string): string {
  const checked = checkResource(text)
  if (!checked.ok) throw invalid('identifier', 'invalid', checked.message)
  return checked.resource
}

async function refuseTaken(unit: Unit, poolId: string, identifier: string): Promise<void> {
  const resources = await allResources(unit, poolId)
  const same = resources.find((resource) => sameResource(resource.identifier, identifier))
  if (same !== undefined) {
    throw duplicate(
      'identifier',
      `The pool has this resource already, with the id ${same.id}; change that one instead.`,
    )
  }
  if (resources.length >= limits.resourcesPerPool) {
    throw conflict('limit', `A pool has at most ${limits.resourcesPerPool} resources; delete one first.`)
  }
}

/** A default that was named before its resource existed takes the resource's own spelling. */
function becomesDefault(pool: Pool, identifier: string): boolean {
  return pool.defaultResource === null || sameResource(pool.defaultResource, identifier)
}

async function setDefault(unit: Unit, poolId: string, identifier: string | null): Promise<void> {
  await unit.db
    .updateTable('pool')
    .set({ default_resource: identifier, updated_at: unit.now })
    .where('id', '=', poolId)
    .execute()
}

export async function createResource(unit: Unit, poolId: string, input: ResourceInput): Promise<Resource> {
  const pool = await lockPool(unit, poolId)
  const identifier = canonicalIdentifier(input.identifier)
  const fields = mergeResource(emptyResource, input)
  await refuseTaken(unit, poolId, identifier)
  const id = createId()
  const times = { created_at: unit.now, updated_at: unit.now }
  await unit.db
    .insertInto('resource')
    .values({ pool_id: poolId, id, identifier, ...resourceColumns(fields), ...times })
    .execute()
  if (becomesDefault(pool, identifier) && pool.defaultResource !== identifier)
    await setDefault(unit, poolId, identifier)
  await touchPool(unit, poolId)
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'created', poolId, resource: identifier })
  return await getResource(unit, poolId, id)
}

function refuseRename(resource: Resource, identifier: string | undefined): void {
  if (identifier === undefined || sameResource(identifier, resource.identifier)) return
  throw immutable('identifier', 'identifier cannot change, for tokens carry it; make another resource.')
}

export async function updateResource(
  unit: Unit,
  poolId: string,
  resourceId: string,
  patch: ResourcePatch,
): Promise<Resource> {
  await lockPool(unit, poolId)
  const resource = await getResource(unit, poolId, resourceId)
  refuseRename(resource, patch.identifier)
  const fields = mergeResource(resource, patch)
  const columns = resourceColumns(fields)
  if (sameColumns(columns, resourceColumns(resource))) return resource
  await unit.db
    .updateTable('resource')
    .set({ ...columns, updated_at: unit.now })
    .where('pool_id', '=', poolId)
    .where('id', '=', resourceId)
    .execute()
  await touchPool(unit, poolId)
  await narrowClients(unit, poolId, await allResources(unit, poolId))
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'updated', poolId, resource: resource.identifier })
  return await getResource(unit, poolId, resourceId)
}

/** No other resource takes the place of a deleted default: tokens must not quietly become good for something else. */
export async function deleteResource(unit: Unit, poolId: string, resourceId: string): Promise<DeletedResource> {
  const pool = await lockPool(unit, poolId)
  const resource = await getResource(unit, poolId, resourceId)
  await unit.db.deleteFrom('resource').where('pool_id', '=', poolId).where('id', '=', resourceId).execute()
  const defaultCleared = pool.defaultResource === resource.identifier
  if (defaultCleared) await setDefault(unit, poolId, null)
  await touchPool(unit, poolId)
  await narrowClients(unit, poolId, await allResources(unit, poolId))
  unit.event({ kind: 'admin.changed', outcome: 'ok', reason: 'deleted', poolId, resource: resource.identifier })
  return { defaultCleared }
}

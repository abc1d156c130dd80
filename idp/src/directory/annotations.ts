import { hashSecret } from '@postern/server'
import { requirePool } from './client-row.ts'
import { clientNotFound } from './refusals.ts'
import { fromJson } from './rows.ts'
import { liveSecrets } from './secret-rows.ts'
import type { Ground, Read, Unit, Write } from './unit.ts'

/** Fields that mean nothing here: taken, kept, given back. */
export type Annotations = Readonly<Record<string, unknown>>

/** What another face keeps beside a pool or client: what it was given, and secrets, sealed by it, to show them again. */
export interface AnnotationRooms {
  /** @param clientId absent: of the pool itself; {} where nothing is kept */
  get(poolId: string, clientId?: string): Promise<Annotations>
  set(poolId: string, clientId: string | undefined, annotations: Annotations): Promise<void>
  /** Of the client's live secrets the newest that was kept. */
  sealedSecret(poolId: string, clientId: string): Promise<string | undefined>
  keepSecret(poolId: string, clientId: string, clientSecret: string, sealed: string): Promise<void>
}

export function createAnnotationRooms(read: Read, write: Write): AnnotationRooms {
  return {
    get: (poolId, clientId) => read((ground) => annotationsOf(ground, poolId, clientId)),
    set: (poolId, clientId, annotations) =>
      write(async (unit) => {
        await annotationsOf(unit, poolId, clientId)
        await store(unit, poolId, clientId, JSON.stringify(annotations))
      }),
    sealedSecret: (poolId, clientId) =>
      read(
        async (ground) =>
          (await liveSecrets(ground, { poolId, clientId })).findLast(({ sealed }) => sealed)?.sealed ?? undefined,
      ),
    keepSecret: (poolId, clientId, clientSecret, sealed) =>
      write(async ({ db }) => {
        await db
          .updateTable('client_secret')
          .set({ sealed })
          .where('pool_id', '=', poolId)
          .where('client_id', '=', clientId)
          .where('hash', '=', hashSecret(clientSecret))
          .execute()
      }),
  }
}

async function annotationsOf(ground: Ground, poolId: string, clientId: string | undefined): Promise<Annotations> {
  await requirePool(ground, poolId)
  const { db } = ground
  const row =
    clientId === undefined
      ? await db.selectFrom('pool').select('annotations').where('id', '=', poolId).executeTakeFirst()
      : await db
          .selectFrom('client')
          .select('annotations')
          .where('pool_id', '=', poolId)
          .where('client_id', '=', clientId)
          .executeTakeFirst()
  if (row === undefined) throw clientNotFound()
  return row.annotations === null ? {} : fromJson<Annotations>(row.annotations)
}

async function store({ db }: Unit, poolId: string, clientId: string | undefined, annotations: string): Promise<void> {
  if (clientId === undefined) {
    await db.updateTable('pool').set({ annotations }).where('id', '=', poolId).execute()
    return
  }
  await db
    .updateTable('client')
    .set({ annotations })
    .where('pool_id', '=', poolId)
    .where('client_id', '=', clientId)
    .execute()
}

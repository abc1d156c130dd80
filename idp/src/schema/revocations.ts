import type { Migration } from '@postern/server'
import type { Kysely } from 'kysely'

/** What ended before its time. An entry outlives every token that it concerns, and no longer. */
export interface RevocationTable {
  pool_id: string
  /** `token`, `grant`, `client`, `subject` or `pool`. */
  kind: string
  /** SHA-256, base64url, of the token's jti, its grant_id, the client's id or the subject; empty for the pool. */
  value_hash: string
  /** Of the client that a token or grant belongs to, so that too many of one client can become one entry. */
  client_hash: string | null
  /** Epoch seconds: tokens issued from then on are good again. null: none is. */
  issued_before: number | null
  ended_at: number
  expires_at: number
  /** Its place among the changes of the pool; grows with each. */
  seq: number
}

/** How far the changes of a pool have come. Stays when the pool goes. */
export interface RevocationFeedTable {
  pool_id: string
  seq: number
  /** Of a deleted pool: when, the statement that says so, signed by its own key, and until when that is served. */
  ended_at: number | null
  tombstone: string | null
  expires_at: number | null
}

async function createRevocation(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('revocation')
    .addColumn('pool_id', 'text', (column) => column.notNull().references('pool.id').onDelete('cascade'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('value_hash', 'text', (column) => column.notNull())
    .addColumn('client_hash', 'text')
    .addColumn('issued_before', 'bigint')
    .addColumn('ended_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('revocation_key', ['pool_id', 'kind', 'value_hash'])
    .execute()
  await db.schema.createIndex('revocation_seq').on('revocation').columns(['pool_id', 'seq']).execute()
  await db.schema.createIndex('revocation_client').on('revocation').columns(['pool_id', 'client_hash']).execute()
  await db.schema.createIndex('revocation_expiry').on('revocation').column('expires_at').execute()
}

async function createRevocationFeed(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('revocation_feed')
    // No foreign key: it tells of pools that are gone.
    .addColumn('pool_id', 'text', (column) => column.primaryKey())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('tombstone', 'text')
    .addColumn('expires_at', 'bigint')
    .execute()
  await db.schema.createIndex('revocation_feed_expiry').on('revocation_feed').column('expires_at').execute()
}

export const revocationsMigration: Migration = {
  async up(db) {
    await createRevocation(db)
    await createRevocationFeed(db)
  },
}

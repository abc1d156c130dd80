import { type Kysely, sql } from 'kysely'

/** Portable rules: TEXT ids made by us, times as epoch milliseconds, lists and objects as JSON in TEXT, flags 0 or 1. */
export interface ServiceTable {
  id: string
  name: string
  project_name: string
  path: string
  /** The path in lower case: two services must not differ in case alone. */
  path_key: string
  /** The backend that was asked for last: JSON, sealed, for `env` and `headers` hold secrets. */
  backend: string
  /** The backend that serves, sealed; null before the first check was passed. */
  live_backend: string | null
  /** The service's revision when `backend` or `isolation` was last asked for anew. */
  backend_revision: number
  /** The service's revision since when `live_backend` and `isolation` serve; null with `live_backend`. */
  live_revision: number | null
  authorizers: string
  isolation: string
  root_metadata: number
  status: string
  status_reason: string | null
  /** Makes creation idempotent; with the body that came with it, sealed, to compare. */
  client_token: string | null
  client_token_body: string | null
  revision: number
  /** What the originals' API was given and means nothing here: JSON, sealed. */
  annotations: string | null
  /** Who may do what: JSON; null: nothing is said. */
  access: string | null
  created_at: number
  updated_at: number
}

export interface ApiKeyTable {
  service_id: string
  id: string
  name: string
  hash: string
  hint: string
  /** The key itself, sealed, where it was made through the originals' API, which shows it again. */
  kept: string | null
  tools: string | null
  scopes: string | null
  created_at: number
  expires_at: number | null
  last_used_at: number | null
  /** The value before the last rotation; with `previous_expires_at` passed it is not accepted any more. */
  previous_hash: string | null
  previous_hint: string | null
  previous_expires_at: number | null
  previous_last_used_at: number | null
  /** What the seed's value was when it was last looked at; null: the key was rotated before that was noted. */
  seed_hash: string | null
  /** Hashes of the values that were rotated away: JSON; null: none. */
  rotated_hashes: string | null
}

export interface GatewayTables {
  service: ServiceTable
  api_key: ApiKeyTable
}

async function createService(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('service')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('project_name', 'text', (column) => column.notNull())
    .addColumn('path', 'text', (column) => column.notNull())
    .addColumn('path_key', 'text', (column) => column.notNull().unique())
    .addColumn('backend', 'text', (column) => column.notNull())
    .addColumn('live_backend', 'text')
    .addColumn('backend_revision', 'bigint', (column) => column.notNull())
    .addColumn('live_revision', 'bigint')
    .addColumn('authorizers', 'text', (column) => column.notNull())
    .addColumn('isolation', 'text', (column) => column.notNull())
    .addColumn('root_metadata', 'smallint', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('status_reason', 'text')
    .addColumn('client_token', 'text', (column) => column.unique())
    .addColumn('client_token_body', 'text')
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
}

async function createApiKey(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('api_key')
    .addColumn('service_id', 'text', (column) => column.notNull().references('service.id').onDelete('cascade'))
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('hint', 'text', (column) => column.notNull())
    .addColumn('tools', 'text')
    .addColumn('scopes', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addPrimaryKeyConstraint('api_key_key', ['service_id', 'id'])
    .execute()
  for (const column of ['name', 'hash']) {
    await db.schema.createIndex(`api_key_${column}`).on('api_key').columns(['service_id', column]).unique().execute()
  }
}

/** The gateway's own migrations, in order. Never edit one that has been released: add the next. */
export const gatewayMigrations: Record<string, { up(db: Kysely<unknown>): Promise<void> }> = {
  '001_catalog': {
    async up(db) {
      await createService(db)
      await createApiKey(db)
    },
  },
  '002_originals': {
    async up(db) {
      await db.schema.alterTable('service').addColumn('annotations', 'text').execute()
      await db.schema.alterTable('api_key').addColumn('kept', 'text').execute()
    },
  },
  '004_access': {
    async up(db) {
      await db.schema.alterTable('service').addColumn('access', 'text').execute()
      for (const column of ['previous_hash', 'previous_hint']) {
        await db.schema.alterTable('api_key').addColumn(column, 'text').execute()
      }
      for (const column of ['previous_expires_at', 'previous_last_used_at']) {
        await db.schema.alterTable('api_key').addColumn(column, 'bigint').execute()
      }
    },
  },
  '005_seeded_keys': {
    async up(db) {
      for (const column of ['seed_hash', 'rotated_hashes']) {
        await db.schema.alterTable('api_key').addColumn(column, 'text').execute()
      }
      // Of a key that was rotated nobody knows any more what its seed said.
      await sql`update api_key set seed_hash = hash where previous_hash is null`.execute(db)
      await sql`update api_key set rotated_hashes = '["' || previous_hash || '"]' where previous_hash is not null`.execute(
        db,
      )
    },
  },
}

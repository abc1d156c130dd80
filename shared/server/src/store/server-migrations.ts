import type { Migrations } from './store.ts'

/** The tables of {@link ServerTables}, but for the two that the migrations themselves need. */
export const serverMigrations: Migrations = {
  '001_lease': {
    async up(db) {
      await db.schema
        .createTable('postern_lease')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('holder', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
  '002_event': {
    async up(db) {
      await db.schema
        .createTable('event')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('outcome', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('request_id', 'text')
        .addColumn('pool_id', 'text')
        .addColumn('client_id', 'text')
        .addColumn('subject_hash', 'text')
        .addColumn('resource', 'text')
        .addColumn('service_id', 'text')
        .addColumn('token_hash', 'text')
        .addColumn('tool', 'text')
        .addColumn('status', 'integer')
        .addColumn('duration_ms', 'double precision')
        .execute()
    },
  },
  '003_audit': {
    async up(db) {
      for (const column of ['api_key_name', 'arguments']) {
        await db.schema.alterTable('event').addColumn(column, 'text').execute()
      }
    },
  },
  '004_used_signature': {
    async up(db) {
      await db.schema
        .createTable('used_signature')
        .addColumn('hash', 'text', (column) => column.primaryKey())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
}

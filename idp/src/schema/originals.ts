import type { Migration } from '@postern/server'
import type { Generated } from 'kysely'

/** What 006 adds to a pool. */
export interface PoolOriginalsColumns {
  /** What tokens are for where no resource is named: `resource` or `client_id`. */
  audience: Generated<'resource' | 'client_id'>
  /** JSON; what the originals' API was given and means nothing here. null: nothing. */
  annotations: Generated<string | null>
}

export interface ClientOriginalsColumns {
  annotations: Generated<string | null>
}

export interface SecretOriginalsColumns {
  /** The secret itself, sealed, where it was made through the originals' API, which shows it again. */
  sealed: Generated<string | null>
}

export const originalsMigration: Migration = {
  async up(db) {
    await db.schema
      .alterTable('pool')
      .addColumn('audience', 'text', (column) => column.notNull().defaultTo('resource'))
      .execute()
    for (const table of ['pool', 'client']) {
      await db.schema.alterTable(table).addColumn('annotations', 'text').execute()
    }
    await db.schema.alterTable('client_secret').addColumn('sealed', 'text').execute()
  },
}

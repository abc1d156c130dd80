import type { Migration } from '@postern/server'
import type { Kysely } from 'kysely'

/** What 002 adds to a pool. */
export interface PoolPeopleColumns {
  /** JSON. */
  password_policy: string
  /** JSON. */
  brand: string
  self_account_recovery_enabled: number
  sign_up_auto_verification_enabled: number
  refresh_token_ttl: number
  refresh_token_grace: number
  /** null: on in development, off in production. */
  dynamic_registration_enabled: number | null
  metadata_documents_enabled: number
  device_flow_enabled: number
  unattended_user: string | null
}

/** What 002 adds to a client. */
export interface ClientPeopleColumns {
  /** JSON; null: the default of the client's type. */
  grant_types: string | null
  /** JSON. */
  post_logout_redirect_uris: string
  logo_uri: string | null
  client_uri: string | null
  refresh_token_ttl: number | null
  skip_consent_enabled: number
  unattended_user: string | null
  registration: string
  /** Of a client that registered itself: epoch milliseconds. */
  expires_at: number | null
}

/** `user` is a word of SQL. */
export interface UserTable {
  pool_id: string
  id: string
  status: string
  /** Argon2id as a PHC string; null: nobody can sign in with a password. */
  password_hash: string | null
  preferred_username: string | null
  email: string | null
  email_verified: number
  phone_number: string | null
  phone_number_verified: number
  /** The other standard claims, JSON. */
  profile: string
  /** JSON; null: none. */
  metadata: string | null
  /** 1: made by signing up, so an address is its name to sign in with only once it is verified. */
  signed_up: number
  /** An unconfirmed sign-up gives its names free then. */
  pending_until: number | null
  created_at: number
  updated_at: number
  last_sign_in_at: number | null
}

/** The names that people sign in with, as they are compared: each once in a pool. */
export interface UserNameTable {
  pool_id: string
  name_key: string
  user_id: string
  attribute: string
}

export interface UserGroupTable {
  pool_id: string
  id: string
  name: string
  name_key: string
  description: string | null
  precedence: number | null
  created_at: number
  updated_at: number
}

export interface GroupMemberTable {
  pool_id: string
  group_id: string
  user_id: string
  created_at: number
}

/** One live code of a kind for a user. */
export interface UserCodeTable {
  pool_id: string
  /** The user's id, or what stands in for a user who does not exist. */
  subject: string
  kind: string
  /** Hashed, and sealed on top: eight digits are soon tried. */
  sealed_hash: string
  channel: string
  sent_to: string
  tries: number
  created_at: number
  expires_at: number
}

/** Messages that would have been sent; in development only. */
export interface OutboxTable {
  id: string
  pool_id: string
  user_id: string
  channel: string
  sent_to: string
  kind: string
  sealed_code: string
  created_at: number
  expires_at: number
}

/** What is counted to slow down who guesses. */
export interface AttemptTable {
  pool_id: string
  scope: string
  /** Hash of what is counted. */
  key: string
  count: number
  blocked_until: number
  expires_at: number
}

export interface PeopleTables {
  user_account: UserTable
  user_name: UserNameTable
  user_group: UserGroupTable
  group_member: GroupMemberTable
  user_code: UserCodeTable
  outbox: OutboxTable
  attempt: AttemptTable
}

type Db = Kysely<unknown>

/** One column a statement, for SQLite adds no two. What is not null has a default, for there are rows. */
async function addPoolColumns(db: Db): Promise<void> {
  const table = () => db.schema.alterTable('pool')
  await table()
    .addColumn('password_policy', 'text', (column) => column.notNull().defaultTo('{}'))
    .execute()
  await table()
    .addColumn('brand', 'text', (column) => column.notNull().defaultTo('{}'))
    .execute()
  for (const [name, value] of Object.entries({
    self_account_recovery_enabled: 1,
    sign_up_auto_verification_enabled: 0,
    metadata_documents_enabled: 1,
    device_flow_enabled: 1,
  })) {
    await table()
      .addColumn(name, 'smallint', (column) => column.notNull().defaultTo(value))
      .execute()
  }
  await table()
    .addColumn('refresh_token_ttl', 'integer', (column) => column.notNull().defaultTo(2_592_000))
    .execute()
  await table()
    .addColumn('refresh_token_grace', 'integer', (column) => column.notNull().defaultTo(30))
    .execute()
  await table().addColumn('dynamic_registration_enabled', 'smallint').execute()
  await table().addColumn('unattended_user', 'text').execute()
}

async function addClientColumns(db: Db): Promise<void> {
  const table = () => db.schema.alterTable('client')
  for (const name of ['grant_types', 'logo_uri', 'client_uri', 'unattended_user'] as const) {
    await table().addColumn(name, 'text').execute()
  }
  await table()
    .addColumn('post_logout_redirect_uris', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute()
  await table().addColumn('refresh_token_ttl', 'integer').execute()
  await table()
    .addColumn('skip_consent_enabled', 'smallint', (column) => column.notNull().defaultTo(0))
    .execute()
  await table()
    .addColumn('registration', 'text', (column) => column.notNull().defaultTo('management'))
    .execute()
  await table().addColumn('expires_at', 'bigint').execute()
  await db.schema.createIndex('client_expiry').on('client').column('expires_at').execute()
}

async function createUsers(db: Db): Promise<void> {
  await db.schema
    .createTable('user_account')
    .addColumn('pool_id', 'text', (column) => column.notNull().references('pool.id').onDelete('cascade'))
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('password_hash', 'text')
    .addColumn('preferred_username', 'text')
    .addColumn('email', 'text')
    .addColumn('email_verified', 'smallint', (column) => column.notNull())
    .addColumn('phone_number', 'text')
    .addColumn('phone_number_verified', 'smallint', (column) => column.notNull())
    .addColumn('profile', 'text', (column) => column.notNull())
    .addColumn('metadata', 'text')
    .addColumn('signed_up', 'smallint', (column) => column.notNull())
    .addColumn('pending_until', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('last_sign_in_at', 'bigint')
    .addPrimaryKeyConstraint('user_key', ['pool_id', 'id'])
    .execute()
  await db.schema.createIndex('user_page').on('user_account').columns(['pool_id', 'created_at', 'id']).execute()
  await db.schema
    .createTable('user_name')
    .addColumn('pool_id', 'text', (column) => column.notNull())
    .addColumn('name_key', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('attribute', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('user_name_key', ['pool_id', 'name_key'])
    .addForeignKeyConstraint('user_name_of', ['pool_id', 'user_id'], 'user_account', ['pool_id', 'id'], (constraint) =>
      constraint.onDelete('cascade'),
    )
    .execute()
  await db.schema.createIndex('user_name_user').on('user_name').columns(['pool_id', 'user_id']).execute()
}

async function createGroups(db: Db): Promise<void> {
  await db.schema
    .createTable('user_group')
    .addColumn('pool_id', 'text', (column) => column.notNull().references('pool.id').onDelete('cascade'))
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('name_key', 'text', (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('precedence', 'integer')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('group_key', ['pool_id', 'id'])
    .execute()
  await db.schema.createIndex('group_name').on('user_group').columns(['pool_id', 'name_key']).unique().execute()
  await db.schema.createIndex('group_page').on('user_group').columns(['pool_id', 'created_at', 'id']).execute()
  await db.schema
    .createTable('group_member')
    .addColumn('pool_id', 'text', (column) => column.notNull())
    .addColumn('group_id', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('group_member_key', ['pool_id', 'group_id', 'user_id'])
    .addForeignKeyConstraint(
      'group_member_group',
      ['pool_id', 'group_id'],
      'user_group',
      ['pool_id', 'id'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .addForeignKeyConstraint(
      'group_member_user',
      ['pool_id', 'user_id'],
      'user_account',
      ['pool_id', 'id'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .execute()
  await db.schema.createIndex('group_member_of').on('group_member').columns(['pool_id', 'user_id']).execute()
}

async function createCodes(db: Db): Promise<void> {
  await db.schema
    .createTable('user_code')
    .addColumn('pool_id', 'text', (column) => column.notNull().references('pool.id').onDelete('cascade'))
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('sealed_hash', 'text', (column) => column.notNull())
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('sent_to', 'text', (column) => column.notNull())
    .addColumn('tries', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('user_code_key', ['pool_id', 'subject', 'kind'])
    .execute()
  await db.schema.createIndex('user_code_expiry').on('user_code').column('expires_at').execute()
  await db.schema
    .createTable('outbox')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('pool_id', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('sent_to', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('sealed_code', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addForeignKeyConstraint('outbox_user', ['pool_id', 'user_id'], 'user_account', ['pool_id', 'id'], (constraint) =>
      constraint.onDelete('cascade'),
    )
    .execute()
  await db.schema.createIndex('outbox_page').on('outbox').columns(['created_at', 'id']).execute()
  await db.schema.createIndex('outbox_user').on('outbox').columns(['pool_id', 'user_id']).execute()
  await db.schema.createIndex('outbox_expiry').on('outbox').column('expires_at').execute()
}

async function createAttempts(db: Db): Promise<void> {
  await db.schema
    .createTable('attempt')
    .addColumn('pool_id', 'text', (column) => column.notNull().references('pool.id').onDelete('cascade'))
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('count', 'integer', (column) => column.notNull())
    .addColumn('blocked_until', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('attempt_key', ['pool_id', 'scope', 'key'])
    .execute()
  await db.schema.createIndex('attempt_expiry').on('attempt').column('expires_at').execute()
}

/** People: users, their names, groups, codes and attempts, and what pools and clients say about them. */
export const peopleMigration: Migration = {
  async up(db) {
    await addPoolColumns(db)
    await addClientColumns(db)
    await createUsers(db)
    await createGroups(db)
    await createCodes(db)
    await createAttempts(db)
  },
}

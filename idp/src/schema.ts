import type { Migrations, ServerTables } from '@postern/server'
import { type Kysely, sql } from 'kysely'
import {
  type ClientOriginalsColumns,
  originalsMigration,
  type PoolOriginalsColumns,
  type SecretOriginalsColumns,
} from './schema/originals.ts'
import {
  type ClientPeopleColumns,
  type PeopleTables,
  type PoolPeopleColumns,
  peopleMigration,
} from './schema/people.ts'
import { type RevocationFeedTable, type RevocationTable, revocationsMigration } from './schema/revocations.ts'
import { type OidcModelAccount, signIns } from './schema/sign-ins.ts'

/** Portable rules: TEXT ids made by us, times as epoch milliseconds, lists and objects as JSON in TEXT, flags 0 or 1. */
export interface PoolTable extends PoolPeopleColumns, PoolOriginalsColumns {
  id: string
  name: string
  project_name: string
  description: string | null
  enabled: number
  sign_in_attributes: string
  required_sign_up_attributes: string
  self_sign_up_enabled: number
  access_token_ttl: number | null
  signing_algorithm: string
  default_resource: string | null
  revision: number
  /** The longest lifetime, in seconds, that a token issued under the present settings may have. */
  longest_lifetime: number
  /** Tokens issued under earlier, longer lifetimes may live until then: keys must stay as long. */
  tokens_until: number
  created_at: number
  updated_at: number
}

export interface ClientTable extends ClientPeopleColumns, ClientOriginalsColumns {
  pool_id: string
  client_id: string
  name: string
  client_type: string
  token_endpoint_auth_method: string
  jwks: string | null
  jwks_uri: string | null
  redirect_uris: string
  scopes: string | null
  resources: string | null
  default_resource: string | null
  access_token_ttl: number | null
  created_at: number
  updated_at: number
}

export interface ClientSecretTable extends SecretOriginalsColumns {
  pool_id: string
  client_id: string
  id: string
  hash: string
  created_at: number
  expires_at: number | null
  last_used_at: number | null
}

export interface ResourceTable {
  pool_id: string
  id: string
  identifier: string
  name: string | null
  scopes: string
  access_token_ttl: number | null
  created_at: number
  updated_at: number
}

export interface SigningKeyTable {
  pool_id: string
  kid: string
  alg: string
  state: string
  public_jwk: string
  /** The private JWK, sealed; null once the key is retired, for it never signs again. */
  sealed_private: string | null
  created_at: number
  activated_at: number | null
  retires_at: number | null
}

/** What oidc-provider stores, each model in the same shape; ids are hashes. */
export interface OidcModelTable extends OidcModelAccount {
  pool_id: string
  model: string
  id: string
  payload: string
  grant_id: string | null
  user_code: string | null
  uid: string | null
  consumed_at: number | null
  expires_at: number | null
}

export interface IdpTables extends PeopleTables {
  pool: PoolTable
  client: ClientTable
  client_secret: ClientSecretTable
  resource: ResourceTable
  signing_key: SigningKeyTable
  oidc_model: OidcModelTable
  revocation: RevocationTable
  revocation_feed: RevocationFeedTable
}

/** Everything in the identity provider's database. */
export type IdpDatabase = IdpTables & ServerTables

async function createPool(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('pool')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('project_name', 'text', (column) => column.notNull())
    .addColumn('description', 'text')
    .addColumn('enabled', 'smallint', (column) => column.notNull())
    .addColumn('sign_in_attributes', 'text', (column) => column.notNull())
    .addColumn('required_sign_up_attributes', 'text', (column) => column.notNull())
    .addColumn('self_sign_up_enabled', 'smallint', (column) => column.notNull())
    .addColumn('access_token_ttl', 'integer')
    .addColumn('signing_algorithm', 'text', (column) => column.notNull())
    .addColumn('default_resource', 'text')
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('longest_lifetime', 'integer', (column) => column.notNull())
    .addColumn('tokens_until', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('pool_name').on('pool').columns(['project_name', 'name']).unique().execute()
  await db.schema.createIndex('pool_page').on('pool').columns(['created_at', 'id']).execute()
}

async function createClient(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('client')
    .addColumn('pool_id', 'text', (column) => column.notNull().references('pool.id').onDelete('cascade'))
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('client_type', 'text', (column) => column.notNull())
    .addColumn('token_endpoint_auth_method', 'text', (column) => column.notNull())
    .addColumn('jwks', 'text')
    .addColumn('jwks_uri', 'text')
    .addColumn('redirect_uris', 'text', (column) => column.notNull())
    .addColumn('scopes', 'text')
    .addColumn('resources', 'text')
    .addColumn('default_resource', 'text')
    .addColumn('access_token_ttl', 'integer')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('client_key', ['pool_id', 'client_id'])
    .execute()
  await db.schema.createIndex('client_page').on('client').columns(['pool_id', 'created_at', 'client_id']).execute()
  await db.schema.createIndex('client_ttl').on('client').columns(['pool_id', 'access_token_ttl']).execute()
}

async function createClientSecret(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('client_secret')
    .addColumn('pool_id', 'text', (column) => column.notNull())
    .addColumn('client_id', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .addPrimaryKeyConstraint('client_secret_key', ['pool_id', 'client_id', 'id'])
    .addForeignKeyConstraint(
      'client_secret_of',
      ['pool_id', 'client_id'],
      'client',
      ['pool_id', 'client_id'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .execute()
  await db.schema
    .createIndex('client_secret_hash')
    .on('client_secret')
    .columns(['pool_id', 'client_id', 'hash'])
    .unique()
    .execute()
}

async function createResource(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('resource')
    .addColumn('pool_id', 'text', (column) => column.notNull().references('pool.id').onDelete('cascade'))
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('identifier', 'text', (column) => column.notNull())
    .addColumn('name', 'text')
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('access_token_ttl', 'integer')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('resource_key', ['pool_id', 'id'])
    .execute()
  await db.schema
    .createIndex('resource_identifier')
    .on('resource')
    .columns(['pool_id', 'identifier'])
    .unique()
    .execute()
  await db.schema.createIndex('resource_page').on('resource').columns(['pool_id', 'created_at', 'id']).execute()
}

async function createSigningKey(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('signing_key')
    .addColumn('pool_id', 'text', (column) => column.notNull().references('pool.id').onDelete('cascade'))
    .addColumn('kid', 'text', (column) => column.notNull())
    .addColumn('alg', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('public_jwk', 'text', (column) => column.notNull())
    .addColumn('sealed_private', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('activated_at', 'bigint')
    .addColumn('retires_at', 'bigint')
    .addPrimaryKeyConstraint('signing_key_key', ['pool_id', 'kid'])
    .execute()
  // The database itself refuses a second active or next key of one algorithm.
  for (const state of ['active', 'next']) {
    await db.schema
      .createIndex(`signing_key_${state}`)
      .on('signing_key')
      .columns(['pool_id', 'alg'])
      .unique()
      .where(sql.ref('state'), '=', sql.lit(state))
      .execute()
  }
}

async function createOidcModel(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('oidc_model')
    .addColumn('pool_id', 'text', (column) => column.notNull().references('pool.id').onDelete('cascade'))
    .addColumn('model', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('grant_id', 'text')
    .addColumn('user_code', 'text')
    .addColumn('uid', 'text')
    .addColumn('consumed_at', 'bigint')
    .addColumn('expires_at', 'bigint')
    .addPrimaryKeyConstraint('oidc_model_key', ['pool_id', 'model', 'id'])
    .execute()
  await db.schema.createIndex('oidc_model_grant').on('oidc_model').columns(['pool_id', 'grant_id']).execute()
  await db.schema.createIndex('oidc_model_user_code').on('oidc_model').columns(['pool_id', 'user_code']).execute()
  await db.schema.createIndex('oidc_model_uid').on('oidc_model').columns(['pool_id', 'uid']).execute()
  await db.schema.createIndex('oidc_model_expiry').on('oidc_model').column('expires_at').execute()
}

/** The identity provider's own migrations, in order. Never edit one that has been released: add the next. */
export const idpMigrations: Migrations = {
  '001_directory': {
    async up(db) {
      await createPool(db)
      await createClient(db)
      await createClientSecret(db)
      await createResource(db)
      await createSigningKey(db)
      await createOidcModel(db)
    },
  },
  '002_people': peopleMigration,
  '003_revocations': revocationsMigration,
  '005_sign_ins': signIns,
  '006_originals': originalsMigration,
}

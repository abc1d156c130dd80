import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { createLogger, createSealer, openStore } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import { createDirectory } from '../directory/directory.ts'
import { type IdpDatabase, idpMigrations } from '../schema.ts'

const log = createLogger({ name: 'test', level: 'silent' })

/** The rows of a pool and its clients as 001 had them. */
const pool = {
  id: 'old',
  name: 'Old',
  project_name: 'default',
  description: null,
  enabled: 1,
  sign_in_attributes: '["preferred_username"]',
  required_sign_up_attributes: '[]',
  self_sign_up_enabled: 0,
  access_token_ttl: null,
  signing_algorithm: 'ES256',
  default_resource: null,
  revision: 7,
  longest_lifetime: 3600,
  tokens_until: 0,
  created_at: 1,
  updated_at: 1,
}
const client = {
  pool_id: 'old',
  client_id: 'app',
  name: 'App',
  client_type: 'WEB_APPLICATION',
  token_endpoint_auth_method: 'client_secret_basic',
  jwks: null,
  jwks_uri: null,
  redirect_uris: '["https://app.example/cb"]',
  scopes: null,
  resources: null,
  default_resource: null,
  access_token_ttl: null,
  created_at: 1,
  updated_at: 1,
}

describeStores('a database of before there were people', (nextUrl) => {
  it('is taken over with everything at its default, and works', async () => {
    const url = await nextUrl()
    const first = idpMigrations['001_directory']
    assert.ok(first)
    const before = await openStore<Record<'pool' | 'client', Record<string, unknown>>>({
      url,
      migrations: { '001_directory': first },
      log,
      name: 'idp',
    })
    await before.db.insertInto('pool').values(pool).execute()
    await before.db.insertInto('client').values(client).execute()
    await before.close()

    const store = await openStore<IdpDatabase>({ url, migrations: idpMigrations, log, name: 'idp' })
    const directory = createDirectory({
      store,
      clock: createTestClock(),
      sealer: createSealer(new Uint8Array(32)),
      mode: 'development',
      onEvent: () => {},
      onError: (error) => assert.fail(String(error)),
    })
    const found = await directory.pools.get('old')
    assert.deepEqual(
      [found.passwordPolicy.minLength, found.brand, found.refreshTokenTtl, found.refreshTokenGrace, found.totalUsers],
      [8, {}, 2_592_000, 30, 0],
    )
    assert.deepEqual(
      [found.selfAccountRecoveryEnabled, found.signUpAutoVerificationEnabled, found.deviceFlowEnabled],
      [true, false, true],
    )
    const app = await directory.clients.get('old', 'app')
    assert.deepEqual([app.grantTypes, app.registration], [['authorization_code', 'refresh_token'], 'management'])
    assert.deepEqual([app.postLogoutRedirectUris, app.skipConsentEnabled, app.expiresAt], [[], false, null])
    const user = await directory.users.create('old', { preferredUsername: 'alice' })
    assert.equal((await directory.users.get('old', user.id)).preferredUsername, 'alice')
    assert.equal((await directory.clients.update('old', 'app', { name: 'App' })).updatedAt, 1)
    await directory.close()
    await store.close()
  })
})

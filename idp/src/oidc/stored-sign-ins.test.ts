import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger, openStore } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import { type IdpDatabase, idpMigrations } from '../schema.ts'
import { endAccounts } from './endings.ts'

const log = createLogger({ level: 'silent', name: 'test' })

describeStores('a database of the first release', (nextUrl) => {
  test('keeps what it has of oidc-provider, and can end what comes', async () => {
    const url = await nextUrl()
    const { '001_directory': first } = idpMigrations
    assert.ok(first)
    const old = await openStore<IdpDatabase>({ url, migrations: { '001_directory': first }, log, name: 'idp' })
    const jti = { pool_id: 'one', model: 'ReplayDetection', id: 'used', payload: '', expires_at: null }
    // Written as it was then: a pool had fewer columns.
    await old.db
      .insertInto('pool')
      .values({
        id: 'one',
        name: 'one',
        project_name: 'default',
        enabled: 1,
        sign_in_attributes: '[]',
        required_sign_up_attributes: '[]',
        self_sign_up_enabled: 0,
        signing_algorithm: 'ES256',
        revision: 1,
        longest_lifetime: 3600,
        tokens_until: 0,
        created_at: 0,
        updated_at: 0,
      } as never)
      .execute()
    await old.db.insertInto('oidc_model').values(jti).execute()
    await old.close()

    const store = await openStore<IdpDatabase>({ url, migrations: idpMigrations, log, name: 'idp' })
    try {
      const account = '5gCEbm8xGDQ_u6o9bHWOVGRUvYQ3EThZC1eyLWMhAT0'
      await store.db
        .insertInto('oidc_model')
        .values({ ...jti, model: 'Session', id: 'new', account })
        .execute()
      await endAccounts(store, 'one', ['nobody'])
      const rows = await store.db.selectFrom('oidc_model').select(['id', 'account']).orderBy('id').execute()
      assert.deepEqual(rows, [
        { id: 'new', account },
        { id: 'used', account: null },
      ])
    } finally {
      await store.close()
    }
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import { createLogger, createSealer, openStore } from '@postern/server'
import { temporaryFolder } from '@postern/server/testing'
import { createDirectory } from '../directory/directory.ts'
import { isEnded, readPlace } from '../directory/revocations/reads.ts'
import { type IdpDatabase, idpMigrations } from '../schema.ts'

test('a database from before there were revocations has them after the next start', async (t) => {
  const folder = await temporaryFolder()
  t.after(() => folder.remove())
  const url = `sqlite:${folder.path}/idp.db`
  const log = createLogger({ level: 'silent', name: 'test' })
  const [first] = Object.entries(idpMigrations)
  assert.equal(first?.[0], '001_directory')
  const old = await openStore<IdpDatabase>({ url, migrations: Object.fromEntries([first]), log, name: 'idp' })
  const now = Date.UTC(2026, 0, 1)
  const pool = {
    id: 'p',
    name: 'P',
    project_name: 'default',
    enabled: 1,
    sign_in_attributes: '["preferred_username"]',
    required_sign_up_attributes: '[]',
    self_sign_up_enabled: 0,
    signing_algorithm: 'ES256',
    revision: 1,
    longest_lifetime: 3600,
    tokens_until: 0,
    created_at: now,
    updated_at: now,
  }
  const client = {
    pool_id: 'p',
    client_id: 'c',
    name: 'C',
    client_type: 'MACHINE_TO_MACHINE',
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: '[]',
    created_at: now,
    updated_at: now,
  }
  // What later migrations added is not there yet.
  await old.db
    .insertInto('pool')
    .values(pool as never)
    .execute()
  await old.db
    .insertInto('client')
    .values(client as never)
    .execute()
  await old.close()

  const store = await openStore<IdpDatabase>({ url, migrations: idpMigrations, log, name: 'idp' })
  const clock = createTestClock(now)
  const sealer = createSealer(new Uint8Array(32))
  const directory = createDirectory({
    store,
    clock,
    sealer,
    mode: 'development',
    onEvent: () => {},
    onError: () => {},
  })
  await directory.clients.delete('p', 'c')
  const token = { clientId: 'c', issuedAt: Math.floor(now / 1000) }
  assert.equal(await isEnded({ db: store.db, now }, 'p', token), true)
  assert.equal((await readPlace({ db: store.db, now }, 'p')).seq, now)
  await directory.close()
  await store.close()
})

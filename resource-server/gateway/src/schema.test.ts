import assert from 'node:assert/strict'
import { it } from 'node:test'
import { apiKeyHint, generateApiKey, hashApiKey } from '@postern/core'
import { createLogger, openStore, type ServerTables } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import { createDraft, createState } from './catalog/draft.ts'
import { keyFromRow } from './catalog/rows.ts'
import { seedKeys } from './catalog/write-keys.ts'
import { type GatewayTables, gatewayMigrations } from './schema.ts'

const log = createLogger({ name: 'test', level: 'silent' })

describeStores('keys of before it was noted what their seed said', (nextUrl) => {
  it('take a new value of a seed when they were never rotated, and no old one when they were', async () => {
    const url = await nextUrl()
    const { '005_seeded_keys': _, ...before } = gatewayMigrations
    const old = await openStore<Record<'service' | 'api_key', Record<string, unknown>>>({
      url,
      migrations: before,
      log,
      name: 'gateway',
    })
    const text = { name: 's', project_name: 'default', path: '/s', path_key: '/s', backend: '', authorizers: '[]' }
    const times = { created_at: 1, updated_at: 1, revision: 1, backend_revision: 1 }
    const service = { id: 's', ...text, ...times, isolation: 'caller', root_metadata: 0, status: 'Ready' }
    await old.db.insertInto('service').values(service).execute()
    const live = { service_id: 's', hint: 'pst_…live', created_at: 1 }
    const previous = { previous_hash: 'second', previous_hint: 'pst_…2222', previous_expires_at: 2 }
    await old.db
      .insertInto('api_key')
      .values({ ...live, id: 'a', name: 'plain', hash: 'plain' })
      .execute()
    await old.db
      .insertInto('api_key')
      .values({ ...live, id: 'b', name: 'rotated', hash: 'third', ...previous })
      .execute()
    await old.close()

    const store = await openStore<GatewayTables & ServerTables>({
      url,
      migrations: gatewayMigrations,
      log,
      name: 'gateway',
    })
    const rows = await store.db.selectFrom('api_key').selectAll().orderBy('id').execute()
    await store.close()
    assert.deepEqual(
      rows.map(({ seed_hash, rotated_hashes }) => [seed_hash, rotated_hashes]),
      [
        ['plain', null],
        [null, '["second"]'],
      ],
    )
    const draft = createDraft(createState([], rows.map(keyFromRow)))
    const value = generateApiKey()
    const next = { name: 'plain', hash: await hashApiKey(value), hint: apiKeyHint(value) }
    seedKeys(draft, 's', [next, { name: 'rotated', hash: 'first' }], false, 3)
    const hashes = draft.keysOf('s').map(({ hash, seedHash }) => [hash, seedHash])
    assert.deepEqual(hashes, [
      [next.hash, next.hash],
      ['third', 'first'],
    ])
    seedKeys(draft, 's', [{ name: 'rotated', hash: 'second' }], false, 4)
    assert.equal(draft.keysOf('s').find(({ name }) => name === 'rotated')?.hash, 'third')
    seedKeys(draft, 's', [{ name: 'rotated', hash: 'fourth' }], false, 5)
    assert.equal(draft.keysOf('s').find(({ name }) => name === 'rotated')?.hash, 'fourth')
  })
})

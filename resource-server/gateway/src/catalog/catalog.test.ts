import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateApiKey, hashApiKey } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import { createSealer, openStore, type ServerTables } from '@postern/server'
import { captureLog, temporaryFolder } from '@postern/server/testing'
import fc from 'fast-check'
import { createBackends } from '../backends/backends.ts'
import { createIdpLink } from '../idp-link/idp-link.ts'
import { limits } from '../limits.ts'
import { type GatewayTables, gatewayMigrations } from '../schema.ts'
import { openCatalog } from './catalog.ts'
import { CatalogError } from './catalog-error.ts'
import type { RuleSettings } from './rules.ts'
import type { Catalog, CatalogChange, ServiceInput } from './types.ts'

const encryptionKey = new Uint8Array(32).fill(7)

/** A catalogue on a database file, which can be closed and opened again. Nothing runs in its background. */
async function startBench(given: Partial<RuleSettings> = {}) {
  const folder = await temporaryFolder()
  const clock = createTestClock(1_000_000)
  const { log, text } = captureLog()
  const settings: RuleSettings = {
    mode: 'development',
    publicUrl: 'http://localhost:4701',
    idpUrl: 'http://localhost:4700',
    maxAllowedClients: 5,
    ...given,
  }
  const record = () => {}
  const backends = createBackends({ maxProcesses: 1, dataDir: folder.path, clock, record, log })
  const open = async () => {
    const url = `sqlite:${join(folder.path, 'gateway.db')}`
    const store = await openStore<GatewayTables & ServerTables>({
      url,
      migrations: gatewayMigrations,
      log,
      name: 'gateway',
    })
    const link = createIdpLink({ managementUrl: settings.idpUrl, adminToken: 'unused' })
    const catalog = await openCatalog({
      store,
      sealer: createSealer(encryptionKey),
      settings,
      backends,
      link,
      checkIssuer: async () => undefined,
      clock,
      record,
      log,
    })
    return { catalog, store, close: () => catalog.close().finally(store.close) }
  }
  return {
    clock,
    open,
    logged: text,
    file: join(folder.path, 'gateway.db'),
    async [Symbol.asyncDispose]() {
      await backends.close()
      await folder.remove()
    },
  }
}

function service(path: string, more: Partial<ServiceInput> = {}): ServiceInput {
  return { name: path, path, projectName: 'default', backend: { type: 'builtin' }, ...more }
}

/** All that can be seen of a catalogue. */
function everything({ services, keys }: Catalog): unknown {
  return services.list(1000).items.map((one) => ({ ...one, keys: keys.list(one.id) }))
}

type Step =
  | { readonly do: 'create'; readonly path: number; readonly root: boolean }
  | { readonly do: 'update'; readonly which: number; readonly root: boolean; readonly keys: boolean }
  | { readonly do: 'delete'; readonly which: number }
  | { readonly do: 'addKey'; readonly which: number; readonly name: number }
  | { readonly do: 'removeKey'; readonly which: number }
  | { readonly do: 'reopen' }

const which = fc.nat(5)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('create' as const), path: fc.nat(6), root: fc.boolean() }),
    fc.record({ do: fc.constant('update' as const), which, root: fc.boolean(), keys: fc.boolean() }),
    fc.record({ do: fc.constant('delete' as const), which }),
    fc.record({ do: fc.constant('addKey' as const), which, name: fc.nat(2) }),
    fc.record({ do: fc.constant('removeKey' as const), which }),
    fc.record({ do: fc.constant('reopen' as const) }),
  ),
  { maxLength: 20 },
)

async function take(
  catalog: Catalog,
  step: Exclude<Step, { do: 'reopen' }>,
  values: Map<string, string>,
): Promise<void> {
  const { services, keys } = catalog
  if (step.do === 'create') {
    await services.create(service(`/p${step.path}`, { rootMetadata: step.root }))
    return
  }
  const { id = 'nobody' } = services.list(100).items[step.which] ?? {}
  if (step.do === 'delete') await services.delete(id)
  if (step.do === 'addKey') {
    const made = await keys.create(id, { name: `k${step.name}` })
    values.set(made.apiKey.id, made.key)
  }
  if (step.do === 'removeKey') await keys.delete(id, (id === 'nobody' ? undefined : keys.list(id)[0]?.id) ?? 'nothing')
  if (step.do === 'update') {
    const jwt = { type: 'CustomJWT' as const, discoveryUrl: 'https://idp.example/.well-known/openid-configuration' }
    await services.update(id, { rootMetadata: step.root, authorizers: step.keys ? [{ type: 'ApiKey' }] : [jwt] })
  }
}

/** What is served from memory is what is listed, and nothing else. */
async function checkHot(catalog: Catalog, values: ReadonlyMap<string, string>): Promise<void> {
  const { items } = catalog.services.list(1000)
  assert.equal(new Set(items.map(({ path }) => path)).size, items.length)
  assert.ok(items.filter(({ rootMetadata }) => rootMetadata).length <= 1)
  for (let n = 0; n <= 6; n++) {
    const listed = items.find(({ path }) => path === `/p${n}`)
    assert.equal(catalog.findByPath(`/p${n}`)?.id, listed?.id)
    assert.equal(catalog.findByPath(`/p${n}/`)?.id, listed?.id)
  }
  assert.equal(catalog.findRoot()?.id, items.find(({ rootMetadata }) => rootMetadata)?.id)
  const alive = new Set(items.flatMap(({ id }) => catalog.keys.list(id).map((key) => key.id)))
  for (const [keyId, value] of values) {
    const hash = await hashApiKey(value)
    const found = items.filter(({ id }) => catalog.findKeyByHash(id, hash))
    assert.equal(found.length, alive.has(keyId) ? 1 : 0)
  }
}

test('whatever is done, memory and database agree, and a refusal changes neither', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      await using bench = await startBench()
      let { catalog, close } = await bench.open()
      const values = new Map<string, string>()
      try {
        for (const step of [...sequence, { do: 'reopen' as const }]) {
          const before = everything(catalog)
          if (step.do === 'reopen') {
            await close()
            const opened = await bench.open()
            catalog = opened.catalog
            close = opened.close
            assert.deepEqual(everything(catalog), before)
          } else {
            bench.clock.advance(1)
            await take(catalog, step, values).catch((error: unknown) => {
              assert.ok(error instanceof CatalogError, String(error))
              assert.deepEqual(everything(catalog), before)
            })
          }
          await checkHot(catalog, values)
        }
      } finally {
        await close()
      }
    }),
    { numRuns: 25 },
  )
})

test('listeners are told after the change is visible; one that throws harms nobody', async () => {
  await using bench = await startBench()
  const { catalog, close } = await bench.open()
  const heard: string[] = []
  catalog.subscribe(() => {
    throw new Error('a listener failed')
  })
  const stop = catalog.subscribe((change: CatalogChange) => {
    heard.push(`${change.kind} ${catalog.findById(change.serviceId)?.name ?? 'gone'}`)
  })
  const { service: made } = await catalog.services.create(
    service('/a', { authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'k' }] }] }),
  )
  await catalog.services.update(made.id, { name: 'renamed' })
  await catalog.services.delete(made.id)
  stop()
  await catalog.services.create(service('/b'))
  assert.deepEqual(heard, ['service.changed /a', 'keys.changed /a', 'service.changed renamed', 'service.removed gone'])
  assert.match(bench.logged(), /a catalogue listener failed/)
  await close()
})

test('a revision for what is derived from a service, and one for its backend', async () => {
  await using bench = await startBench()
  const { catalog, close } = await bench.open()
  const { service: made } = await catalog.services.create(service('/a'))
  const served = () => {
    const { revision = 0, backendRevision = 0, preparing, backend } = catalog.findById(made.id) ?? {}
    return { revision, backendRevision, preparing, backend }
  }
  const first = served()
  assert.deepEqual([first.preparing, first.backend], [true, undefined])
  await catalog.services.update(made.id, { name: 'renamed' })
  const renamed = served()
  assert.ok(renamed.revision > first.revision)
  assert.equal(renamed.backendRevision, first.backendRevision)
  await catalog.services.update(made.id, { isolation: 'shared' })
  const shared = served()
  assert.ok(shared.backendRevision > renamed.backendRevision)
  await catalog.services.update(made.id, { isolation: 'shared', name: 'renamed' })
  assert.deepEqual(served(), shared)
  catalog.start()
  await catalog.settled()
  const ready = served()
  assert.deepEqual([ready.preparing, ready.backend], [false, { type: 'builtin' }])
  assert.ok(ready.backendRevision > shared.backendRevision)
  await close()
})

test('the use of a key is seen at once, written in batches, and not again within a minute', async () => {
  await using bench = await startBench()
  const { catalog, store, close } = await bench.open()
  const { service: made } = await catalog.services.create(service('/a'))
  const { apiKey } = await catalog.keys.create(made.id, { name: 'k' })
  const seen = () => catalog.keys.get(made.id, apiKey.id).lastUsedAt
  const written = async () =>
    (await store.db.selectFrom('api_key').select('last_used_at').executeTakeFirst())?.last_used_at
  assert.equal(seen(), undefined)
  catalog.touchKey(made.id, apiKey.id)
  const at = bench.clock.now()
  assert.equal(seen(), at)
  assert.equal(await written(), null)
  bench.clock.advance(limits.keyUseResolution - 1)
  catalog.touchKey(made.id, apiKey.id)
  catalog.touchKey(made.id, 'nobody')
  catalog.touchKey('nobody', apiKey.id)
  assert.equal(seen(), at)
  bench.clock.advance(1)
  catalog.touchKey(made.id, apiKey.id)
  assert.equal(seen(), bench.clock.now())
  await close()
  const again = await bench.open()
  assert.equal(again.catalog.keys.get(made.id, apiKey.id).lastUsedAt, bench.clock.now())
  await again.close()
})

test('nothing secret is in the database file: neither env values, nor headers, nor keys', async () => {
  await using bench = await startBench()
  const { catalog, store, close } = await bench.open()
  const env = { TOKEN: 'env-secret-of-this-test' }
  const request = { backend: { type: 'stdio', command: 'x', env } }
  const { keys } = await catalog.services.create(
    service('/a', {
      backend: { type: 'stdio', command: 'x', env },
      authorizers: [{ type: 'ApiKey', apiKeys: [{ name: 'k' }] }],
    }),
    {},
    { token: 'client-token', request },
  )
  const rows = JSON.stringify([
    await store.db.selectFrom('service').selectAll().execute(),
    await store.db.selectFrom('api_key').selectAll().execute(),
  ])
  assert.ok(!rows.includes(env.TOKEN))
  assert.ok(!rows.includes(keys[0]?.key ?? ''))
  assert.ok(rows.includes('client-token'))
  await close()
})

test('in production a stdio backend made by API runs only what the configuration runs', async () => {
  const listed = { type: 'stdio' as const, command: 'npx', args: ['-y', 'server'], env: { TOKEN: 'listed' } }
  await using bench = await startBench({ mode: 'production', listedCommands: [listed] })
  const { catalog, close } = await bench.open()
  const refused = [
    { ...listed, command: 'node' },
    { ...listed, args: ['-y', 'other'] },
    { ...listed, cwd: '/tmp' },
    { ...listed, env: { TOKEN: 'x', NODE_OPTIONS: '--import=/tmp/x.mjs' } },
  ]
  for (const backend of refused) {
    const error = await catalog.services.create(service('/a', { backend })).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof CatalogError && error.kind === 'invalid')
    assert.equal(error.errors[0]?.field, 'backend.command')
    assert.match(error.message, /POSTERN_CONFIG/)
    await assert.rejects(catalog.apply([{ id: 'a', ...service('/a', { backend }) }]), CatalogError)
  }
  assert.deepEqual(everything(catalog), [])
  const { service: made } = await catalog.services.create(
    service('/a', { backend: { ...listed, env: { TOKEN: 'mine' } } }),
  )
  await assert.rejects(catalog.services.update(made.id, { backend: { ...listed, command: 'sh' } }), CatalogError)
  await catalog.services.update(made.id, { backend: { type: 'builtin' } })
  await catalog.apply(
    [{ id: 'b', ...service('/b', { backend: { ...listed, command: 'any' } }) }],
    {},
    { configuration: true },
  )
  await close()
})

test('two deletions and a new service of the same id do not cross', async () => {
  await using bench = await startBench()
  const { catalog, close } = await bench.open()
  const input = service('/a', { id: 'same' })
  await catalog.services.create(input)
  await Promise.all([catalog.services.delete('same'), catalog.services.delete('same')])
  await catalog.services.create(input)
  assert.equal(catalog.findByPath('/a')?.id, 'same')
  const deleting = catalog.services.delete('same')
  await assert.rejects(catalog.services.create(input), CatalogError)
  await deleting
  assert.equal(catalog.findByPath('/a'), undefined)
  await close()
})

test('seeded keys are found by their value; a wrong one is not', async () => {
  await using bench = await startBench()
  const { catalog, close } = await bench.open()
  const key = generateApiKey()
  const apiKeys = [{ name: 'k', hash: await hashApiKey(key) }]
  await catalog.apply([{ id: 'a', ...service('/a', { authorizers: [{ type: 'ApiKey', apiKeys }] }) }])
  assert.equal(catalog.findKeyByHash('a', await hashApiKey(key))?.name, 'k')
  assert.equal(catalog.findKeyByHash('a', await hashApiKey(generateApiKey())), undefined)
  assert.equal(catalog.findKeyByHash('b', await hashApiKey(key)), undefined)
  await close()
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { openStore, type ServerTables, StartError, type Store } from '@postern/server'
import { captureLog, describeStores, temporaryFolder } from '@postern/server/testing'
import { identityOf, placeOfProcesses } from '../backends/proc.ts'
import { tenureLimits } from '../limits.ts'
import { startGateway } from '../testing/start-gateway.ts'
import { takeDatabase } from './tenure.ts'

const quick = { leaseMs: 400, renewMs: 30, pollMs: 10 }
const { log } = captureLog()

function open(url: string): Promise<Store<ServerTables>> {
  return openStore<ServerTables>({ url, migrations: {}, log, name: 'gateway' })
}

/** What a gateway of elsewhere, or of before, left in the row. */
async function leave(store: Store<ServerTables>, holder: object, expiresInMs: number): Promise<void> {
  const id = 'aaaaaaaa'
  await store.own
    .insertInto('postern_lease')
    .values({ name: 'gateway', holder: JSON.stringify({ id, ...holder }), expires_at: Date.now() + expiresInMs })
    .execute()
}

const elsewhere = { pid: 7, host: 'other-host', place: 'another boot', identity: 'another boot 1' }

const isHeld = (error: unknown): boolean =>
  error instanceof StartError && error.code === 'database_locked' && /stop it, or give this one/.test(error.message)

describeStores('tenure', (nextUrl) => {
  test('a second gateway is refused, and may come in when the first has let go', async (t) => {
    const url = await nextUrl()
    const [one, two] = [await open(url), await open(url)]
    t.after(() => Promise.all([one.close(), two.close()]))
    const tenure = await takeDatabase(one, log, quick)
    await assert.rejects(takeDatabase(two, log, quick), isHeld)
    await tenure.release()
    const next = await takeDatabase(two, log, quick)
    await next.release()
  })

  test('of several that start at once, one gets it', async (t) => {
    const url = await nextUrl()
    const stores: Store<ServerTables>[] = []
    for (let n = 0; n < 4; n++) stores.push(await open(url))
    t.after(() => Promise.all(stores.map((store) => store.close())))
    const outcomes = await Promise.allSettled(stores.map((store) => takeDatabase(store, log, quick)))
    const held = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    assert.equal(held.length, 1)
    await held[0]?.value.release()
  })

  test('a lease that is renewed from elsewhere is respected; one that is not is waited for', async (t) => {
    const store = await open(await nextUrl())
    t.after(() => store.close())
    await leave(store, elsewhere, 60_000)
    const renewal = setInterval(() => {
      void store.own
        .updateTable('postern_lease')
        .set({ expires_at: Date.now() + 60_000 })
        .execute()
    }, 20)
    await assert.rejects(takeDatabase(store, log, quick), /another gateway \(process 7 on other-host\) works on/)
    clearInterval(renewal)
    await store.own
      .updateTable('postern_lease')
      .set({ expires_at: Date.now() + 150 })
      .execute()
    const tenure = await takeDatabase(store, log, quick)
    await tenure.release()
  })

  test('a lease of a process that is no more is taken over at once', async (t) => {
    const store = await open(await nextUrl())
    t.after(() => store.close())
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    await once(child, 'spawn')
    const pid = child.pid ?? 0
    await leave(store, { pid, host: 'here', place: placeOfProcesses(), identity: identityOf(pid) }, 3_600_000)
    if (process.platform === 'linux') await assert.rejects(takeDatabase(store, log, quick), isHeld)
    child.kill('SIGKILL')
    await once(child, 'exit')
    if (process.platform !== 'linux') return
    const tenure = await takeDatabase(store, log, quick)
    await tenure.release()
  })

  test('who lost the lease learns it, and does not take it from its new holder', async (t) => {
    const store = await open(await nextUrl())
    t.after(() => store.close())
    const tenure = await takeDatabase(store, log, quick)
    await store.own.updateTable('postern_lease').set({ holder: 'somebody else' }).execute()
    assert.match((await tenure.lost).message, /has taken this database over/)
    await tenure.release()
    const { holder } = await store.own.selectFrom('postern_lease').selectAll().executeTakeFirstOrThrow()
    assert.equal(holder, 'somebody else')
  })

  test('a holder that cannot be read keeps it until its lease is over', async (t) => {
    const store = await open(await nextUrl())
    t.after(() => store.close())
    for (const holder of ['', 'null', '{"id":1}', '{"id":"x","pid":"1"}']) {
      await store.own
        .insertInto('postern_lease')
        .values({ name: 'gateway', holder, expires_at: Date.now() + 100 })
        .execute()
      const tenure = await takeDatabase(store, log, quick)
      await tenure.release()
    }
  })
})

test('the lease outlasts two renewals that fail', () => {
  assert.ok(tenureLimits.leaseMs >= 3 * tenureLimits.renewMs)
})

test('a second gateway on one data folder is refused with a sentence, and the first goes on', async (t) => {
  const folder = await temporaryFolder()
  t.after(folder.remove)
  await using first = await startGateway({ dataDir: folder.path })
  await assert.rejects(startGateway({ dataDir: folder.path }), isHeld)
  assert.equal((await fetch(`${first.url}/readyz`)).status, 200)
})

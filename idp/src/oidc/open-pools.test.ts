import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createTestClock, type TestClock } from '@postern/core/testing'
import { createLogger, createSealer, openStore, type Store } from '@postern/server'
import { type TemporaryFolder, temporaryFolder } from '@postern/server/testing'
import { createDirectory } from '../directory/directory.ts'
import type { Directory } from '../directory/types.ts'
import { limits } from '../limits.ts'
import { type IdpDatabase, idpMigrations } from '../schema.ts'
import { createClients } from './clients.ts'
import { createOpenPools } from './open-pools.ts'

// Two processes over one database, as two directories that know nothing of each other.

let folder: TemporaryFolder
let clock: TestClock
let stores: Store<IdpDatabase>[]
let here: Directory
let elsewhere: Directory

before(async () => {
  folder = await temporaryFolder()
  clock = createTestClock()
  const log = createLogger({ level: 'silent', name: 'test' })
  const url = `sqlite:${folder.path}/idp.db`
  const open = () => openStore<IdpDatabase>({ url, migrations: idpMigrations, log, name: 'idp' })
  stores = [await open(), await open()]
  const sealer = createSealer(new Uint8Array(32))
  const directories = stores.map((store) =>
    createDirectory({ store, clock, sealer, mode: 'development', onEvent: () => {}, onError: () => {} }),
  )
  const [first, second] = directories
  assert.ok(first && second)
  here = first
  elsewhere = second
})

after(async () => {
  await here.close()
  await elsewhere.close()
  for (const store of stores) await store.close()
  await folder.remove()
})

/** The directory, with every read of the database counted. */
function counting(directory: Directory) {
  const counts = { findPool: 0, findClient: 0, revision: 0 }
  const counted: Directory = {
    ...directory,
    findPool: (id) => {
      counts.findPool += 1
      return directory.findPool(id)
    },
    findClient: (id, clientId) => {
      counts.findClient += 1
      return directory.findClient(id, clientId)
    },
    revision: (id) => {
      counts.revision += 1
      return directory.revision(id)
    },
  }
  return { counts, counted }
}

const opening = (directory: Directory) => createOpenPools({ directory, clock, publicUrl: 'http://localhost:4700' })

describe('an open pool', () => {
  test('is read once, however many ask at once', async () => {
    const { id } = await here.pools.create({ name: 'single flight' })
    const { counts, counted } = counting(here)
    const pools = opening(counted)
    const opened = await Promise.all(Array.from({ length: 50 }, () => pools.open(id)))
    assert.equal(new Set(opened).size, 1)
    assert.equal(opened[0]?.issuer, `http://localhost:4700/pools/${id}`)
    assert.deepEqual(counts, { findPool: 1, findClient: 0, revision: 0 })
    pools.close()
  })

  test('is asked for its revision at most once a second', async () => {
    const { id } = await here.pools.create({ name: 'rechecked' })
    const { counts, counted } = counting(here)
    const pools = opening(counted)
    const first = await pools.open(id)
    for (let second = 0; second < 3; second += 1) {
      clock.advance(limits.poolRecheckMs)
      for (let request = 0; request < 10; request += 1) assert.equal(await pools.open(id), first)
    }
    assert.deepEqual(counts, { findPool: 1, findClient: 0, revision: 3 })
    pools.close()
  })

  test('follows a write of this process at once', async () => {
    const { id } = await here.pools.create({ name: 'written here' })
    const pools = opening(here)
    await pools.open(id)
    await here.resources.create(id, { identifier: 'https://mcp.example/mcp' })
    assert.equal((await pools.open(id))?.pool.resources.length, 1)
    const [before] = (await pools.open(id))?.publicKeys ?? []
    await here.keys.rotate(id)
    const opened = await pools.open(id)
    assert.notEqual(opened?.signer.kid, before?.['kid'])
    assert.equal(opened?.publicKeys.length, 3)
    await here.pools.delete(id)
    assert.equal(await pools.open(id), undefined)
    pools.close()
  })

  test('follows a write of another process within a second', async () => {
    const { id } = await here.pools.create({ name: 'written elsewhere' })
    const pools = opening(here)
    await pools.open(id)
    await elsewhere.pools.update(id, { accessTokenTtl: 77 })
    clock.advance(limits.poolRecheckMs)
    assert.equal((await pools.open(id))?.pool.accessTokenTtl, 77)
    await elsewhere.pools.delete(id)
    clock.advance(limits.poolRecheckMs)
    assert.equal(await pools.open(id), undefined)
    pools.close()
  })

  test('is read again when a write overtakes the read', async () => {
    const { id } = await here.pools.create({ name: 'overtaken' })
    let writes = 0
    const slow: Directory = {
      ...here,
      async findPool(poolId) {
        const pool = await here.findPool(poolId)
        // What was read is old before it arrives.
        writes += 1
        if (writes === 1) await here.pools.update(id, { accessTokenTtl: 99 })
        return pool
      },
    }
    const pools = opening(slow)
    assert.equal((await pools.open(id))?.pool.accessTokenTtl, 99)
    assert.equal(writes, 2)
    pools.close()
  })

  test('is given to callers though writes never end', async () => {
    const { id } = await here.pools.create({ name: 'restless' })
    let ttl = 0
    const restless: Directory = {
      ...here,
      async findPool(poolId) {
        const pool = await here.findPool(poolId)
        ttl += 1
        await here.pools.update(id, { accessTokenTtl: ttl })
        return pool
      },
    }
    const pools = opening(restless)
    assert.ok(await pools.open(id))
    assert.ok(ttl < 10)
    pools.close()
  })
})

describe('a client', () => {
  test('is read once in a few seconds, however many ask', async () => {
    const { id } = await here.pools.create({ name: 'clients' })
    await here.clients.create(id, { clientId: 'agent', name: 'agent', clientType: 'MACHINE_TO_MACHINE' })
    const { counts, counted } = counting(here)
    const pools = opening(counted)
    const clients = createClients((pool, id) => counted.findClient(pool.id, id), clock)
    const opened = await pools.open(id)
    assert.ok(opened)
    assert.equal(clients.peek(opened, 'agent'), undefined)
    await Promise.all(Array.from({ length: 50 }, () => clients.find(opened, 'agent')))
    assert.equal(counts.findClient, 1)
    assert.equal(clients.peek(opened, 'agent')?.clientId, 'agent')
    clock.advance(limits.clientCacheMs)
    assert.equal(clients.peek(opened, 'agent'), undefined)
    assert.equal((await clients.find(opened, 'agent'))?.clientId, 'agent')
    assert.equal(counts.findClient, 2)
    pools.close()
  })

  test('is forgotten with the revision that it was read under', async () => {
    const { id } = await here.pools.create({ name: 'forgotten' })
    await here.clients.create(id, { clientId: 'agent', name: 'agent', clientType: 'MACHINE_TO_MACHINE' })
    const pools = opening(here)
    const clients = createClients((pool, id) => here.findClient(pool.id, id), clock)
    const before = await pools.open(id)
    assert.ok(before && (await clients.find(before, 'agent')))
    await here.clients.delete(id, 'agent')
    const after = await pools.open(id)
    assert.ok(after)
    assert.equal(clients.peek(after, 'agent'), undefined)
    assert.equal(await clients.find(after, 'agent'), undefined)
    pools.close()
  })

  test('that does not exist is not kept', async () => {
    const { id } = await here.pools.create({ name: 'nobody' })
    const { counts, counted } = counting(here)
    const pools = opening(counted)
    const clients = createClients((pool, id) => counted.findClient(pool.id, id), clock)
    const opened = await pools.open(id)
    assert.ok(opened)
    for (let request = 0; request < 3; request += 1) assert.equal(await clients.find(opened, 'nobody'), undefined)
    assert.equal(counts.findClient, 3)
    pools.close()
  })
})

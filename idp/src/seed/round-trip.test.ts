import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { parseSeed, type Store, writeSeed } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import fc from 'fast-check'
import { createTestDirectory, openTestStore } from '../directory/directory-fixture.ts'
import type { IdpDatabase } from '../schema.ts'
import { anyHistory, comparable, playHistory } from './any-directory.model.ts'
import { applySeed } from './apply.ts'
import { exportSeed } from './export.ts'

const gatewayUrl = 'http://localhost:4701'

describeStores('any directory', (nextUrl) => {
  let store: Store<IdpDatabase>
  before(async () => {
    store = await openTestStore(await nextUrl())
  })
  after(() => store.close())

  it('is written as a seed that changes nothing in it, and makes the same of an empty one', async () => {
    const property = fc.asyncProperty(anyHistory, fc.constantFrom('yaml', 'json'), async (history, format) => {
      const original = await createTestDirectory(store)
      await playHistory(original, history)
      const exported = await exportSeed(original.directory)
      const contents = comparable(await original.directory.contents())
      const seed = parseSeed(writeSeed(exported, format), 'export', { X: 'a variable' })
      assert.deepEqual(seed.pools, exported.pools)

      const rows = await original.snapshot()
      const heard = [original.events.length, original.changes.length]
      for (const prune of [false, true]) {
        const { created, updated, pruned } = await applySeed({ directory: original.directory, gatewayUrl, seed, prune })
        assert.deepEqual([created, updated, pruned], [0, 0, 0])
      }
      assert.deepEqual(await original.snapshot(), rows)
      assert.deepEqual([original.events.length, original.changes.length], heard)

      const copy = await createTestDirectory(store)
      copy.clock.set(original.clock.now())
      await applySeed({ directory: copy.directory, gatewayUrl, seed })
      assert.deepEqual(comparable(await copy.directory.contents()), contents)
      assert.deepEqual(await exportSeed(copy.directory), exported)
    })
    await fc.assert(property, { numRuns: 40 })
  })
})

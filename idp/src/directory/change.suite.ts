import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { assertRefused, type OpenDirectory, type TestDirectory } from './directory-fixture.ts'
import type { Change } from './types.ts'

export function changeSuite(open: OpenDirectory): void {
  describe('writes', () => {
    let test: TestDirectory
    beforeEach(async () => {
      test = await open()
    })
    afterEach(() => test.close())

    it('go together in one change, which is told once', async () => {
      const { directory, changes, events } = test
      await directory.change(async ({ pools, resources, clients }) => {
        await pools.create({ id: 'one', name: 'One', signingAlgorithm: 'RS256' })
        await resources.create('one', { identifier: 'urn:example:a' })
        await clients.create('one', { name: 'c', clientType: 'MACHINE_TO_MACHINE' })
        assert.equal((await pools.get('one')).totalClients, 1)
        assert.deepEqual([changes, events], [[], []])
      })
      assert.deepEqual(changes, [{ poolId: 'one', revision: await directory.revision('one') }])
      assert.equal(events.length, 3)
    })

    it('are all undone when one of them is refused', async () => {
      const { directory } = test
      await directory.pools.create({ id: 'one', name: 'One' })
      const work = () =>
        directory.change(async ({ pools, resources }) => {
          await pools.create({ id: 'two', name: 'Two' })
          await pools.update('one', { name: 'Uno' })
          await resources.create('none', { identifier: 'urn:example:a' })
        })
      await assertRefused(test, work, { kind: 'not_found', code: 'not_found' })
    })

    it('are all undone though the refusal be caught', async () => {
      const { directory } = test
      const work = () =>
        directory.change(async ({ pools }) => {
          await pools.create({ id: 'two', name: 'Two' })
          await pools.create({ id: 'two', name: 'Again' }).catch(() => undefined)
        })
      await assertRefused(test, work, { kind: 'conflict', code: 'duplicate', field: 'id' })
    })

    it('are undone when the work fails by itself', async () => {
      const { directory } = test
      const work = directory.change(async ({ pools }) => {
        await pools.create({ id: 'two', name: 'Two' })
        throw new RangeError('mine')
      })
      await assert.rejects(work, /mine/)
      assert.deepEqual([await directory.findPool('two'), test.changes, test.events], [undefined, [], []])
    })

    it('carry the request that they came with into their events', async () => {
      const { directory, events } = test
      await directory.from({ requestId: 'r1' }).pools.create({ id: 'one', name: 'One' })
      await directory.change(({ pools }) => pools.delete('one'), { requestId: 'r2' })
      assert.deepEqual(
        events.map(({ requestId }) => requestId),
        ['r1', 'r2'],
      )
    })

    it('are seen by whoever is told of them', async () => {
      const { directory } = test
      const seen: (string | undefined)[] = []
      const reads: Promise<void>[] = []
      const unsubscribe = directory.subscribe(({ poolId }: Change) => {
        reads.push(directory.findPool(poolId).then((pool) => void seen.push(pool?.name)))
      })
      await directory.pools.create({ id: 'one', name: 'One' })
      await directory.pools.update('one', { name: 'Uno' })
      await directory.pools.delete('one')
      await Promise.all(reads)
      assert.deepEqual(seen, ['One', 'Uno', undefined])
      unsubscribe()
      await directory.pools.create({ id: 'one', name: 'One' })
      assert.equal(reads.length, 3)
    })

    it('stand though a listener throws, which the others do not feel', async () => {
      const { directory, changes, errors } = test
      directory.subscribe(() => {
        throw new Error('listener')
      })
      const heard: Change[] = []
      directory.subscribe((change) => void heard.push(change))
      await directory.pools.create({ id: 'one', name: 'One' })
      assert.deepEqual([heard.length, changes.length, errors.length], [1, 1, 1])
      assert.equal((await directory.pools.get('one')).name, 'One')
    })

    it('never lose one another when they come at once', async () => {
      const { directory } = test
      await directory.pools.create({ id: 'one', name: 'One' })
      const before = (await directory.revision('one')) ?? 0
      const work = Array.from({ length: 20 }, (_, index) =>
        directory.resources.create('one', { identifier: `urn:example:${index}` }),
      )
      await Promise.all(work)
      assert.equal((await directory.findPool('one'))?.resources.length, 20)
      assert.equal(await directory.revision('one'), before + 20)
    })
  })
}

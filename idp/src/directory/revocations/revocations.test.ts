import assert from 'node:assert/strict'
import { after, before, beforeEach, it } from 'node:test'
import { sha256Base64url } from '@postern/core'
import type { Store } from '@postern/server'
import { describeStores } from '@postern/server/testing'
import { limits } from '../../limits.ts'
import type { IdpDatabase } from '../../schema.ts'
import { createTestDirectory, openTestStore, type TestDirectory } from '../directory-fixture.ts'
import { firstGoodSecond, noteBack, noteEnded, noteGrantEnded, noteTokenEnded } from './endings.ts'
import { deleteExpiredRevocations, isEnded, readFeed, readPlace, type TokenFacts } from './reads.ts'

describeStores('revocations', (nextUrl) => {
  let store: Store<IdpDatabase>
  let test: TestDirectory
  before(async () => {
    store = await openTestStore(await nextUrl())
  })
  after(() => store.close())
  beforeEach(async () => {
    await store.db.deleteFrom('revocation_feed').execute()
    test = await createTestDirectory(store)
    await test.directory.pools.create({ id: 'p', name: 'P' })
  })

  const ground = () => ({ db: store.db, now: test.clock.now() })
  const seconds = () => Math.floor(test.clock.now() / 1000)
  const token = (more: Partial<TokenFacts> = {}): TokenFacts => ({
    jti: 'j',
    grantId: 'g',
    clientId: 'c',
    subject: 's',
    issuedAt: seconds(),
    ...more,
  })
  const ended = (more?: Partial<TokenFacts>) => isEnded(ground(), 'p', token(more))
  const place = async () => (await readPlace(ground(), 'p')).seq
  const page = async (from = 0, max = 10) => readFeed(ground(), 'p', { after: from, last: await place() }, max)

  it('end tokens by each of their names, and in their own pool alone', async () => {
    await test.directory.pools.create({ id: 'q', name: 'Q' })
    assert.equal(await ended(), false)
    const ends: (() => Promise<void>)[] = [
      () => noteTokenEnded(ground(), 'p', { jti: 'j', clientId: 'c', expiresAt: test.clock.now() + 60_000 }),
      () => noteGrantEnded(ground(), 'p', 'g'),
      () => noteEnded(ground(), 'p', 'client', 'c'),
      () => noteEnded(ground(), 'p', 'subject', 's'),
      () => noteEnded(ground(), 'p', 'pool'),
    ]
    for (const end of ends) {
      await store.db.deleteFrom('revocation').execute()
      await end()
      assert.deepEqual([await ended(), await isEnded(ground(), 'q', token())], [true, false])
      const rest = { jti: 'x', grantId: undefined, clientId: 'x', subject: undefined }
      assert.equal(await ended(rest), end === ends.at(-1))
    }
  })

  it('leave what is issued once it is back', async () => {
    await noteEnded(ground(), 'p', 'client', 'c')
    test.clock.advance(10_000)
    assert.equal(await ended(), true, 'issued by who has not heard yet')
    await noteBack(ground(), 'p', 'client', 'c')
    assert.deepEqual([await ended({ issuedAt: seconds() - 1 }), await ended()], [true, false])
    await noteBack(ground(), 'p', 'client', 'c')
    await noteBack(ground(), 'p', 'client', 'never ended')
    assert.deepEqual(
      (await page()).entries.map(({ issuedBefore }) => issuedBefore),
      [seconds()],
    )
    assert.equal(firstGoodSecond(5200, 5100), 6, 'the second of its end is over for good')
    assert.equal(firstGoodSecond(9900, 5100), 9)
  })

  it('keep an order that only grows, each change at a place of its own', async () => {
    const seqs: number[] = []
    for (const name of ['a', 'b', 'a']) {
      await noteEnded(ground(), 'p', 'client', name)
      seqs.push(await place())
    }
    assert.deepEqual(
      seqs,
      [...new Set(seqs)].sort((a, b) => a - b),
    )
    const { entries } = await page()
    assert.deepEqual(
      entries.map(({ valueHash, seq }) => [valueHash, seq]),
      [
        [await sha256Base64url('b'), seqs[1]],
        [await sha256Base64url('a'), seqs[2]],
      ],
    )
    const [first] = seqs
    assert.equal((await page(first, 1)).hasMore, true)
    assert.equal((await page(seqs.at(-1))).entries.length, 0)
    // A database that was put back from a backup is soon ahead again.
    test.clock.advance(60_000)
    await noteEnded(ground(), 'p', 'client', 'd')
    assert.equal(await place(), test.clock.now())
  })

  it('that come at once lose none', async () => {
    const work = Array.from({ length: 20 }, (_, index) =>
      store.db.transaction().execute((db) => noteEnded({ db, now: test.clock.now() }, 'p', 'subject', `s${index}`)),
    )
    await Promise.all(work)
    const { entries } = await page(0, 100)
    assert.equal(new Set(entries.map(({ seq }) => seq)).size, 20)
  })

  it('outlive the longest token, and no longer', async () => {
    await test.directory.pools.update('p', { accessTokenTtl: 7200 })
    await noteEnded(ground(), 'p', 'client', 'c')
    test.clock.advance((7200 + limits.keyGrace + limits.revocationGrace) * 1000 - 1)
    assert.equal((await page()).entries.length, 1)
    assert.equal(await deleteExpiredRevocations(ground(), 10), 0)
    test.clock.advance(1)
    assert.equal((await page()).entries.length, 0)
    assert.equal(await ended({ issuedAt: 0 }), false)
    assert.equal(await deleteExpiredRevocations(ground(), 10), 1)
  })

  it('come with the writes that cause them: together or not at all', async () => {
    const { directory } = test
    const { client } = await directory.clients.create('p', { name: 'c', clientType: 'MACHINE_TO_MACHINE' })
    const work = directory.change(async ({ clients }) => {
      await clients.delete('p', client.clientId)
      throw new RangeError('mine')
    })
    await assert.rejects(work, /mine/)
    assert.equal(await ended({ clientId: client.clientId }), false)
    await directory.clients.delete('p', client.clientId)
    assert.equal(await ended({ clientId: client.clientId }), true)
    test.clock.advance(1000)
    await directory.clients.create('p', { clientId: client.clientId, name: 'c', clientType: 'MACHINE_TO_MACHINE' })
    assert.equal(await ended({ clientId: client.clientId }), false)
    await directory.pools.update('p', { enabled: false })
    assert.equal(await ended(), true)
    test.clock.advance(1000)
    await directory.pools.update('p', { enabled: true })
    assert.deepEqual([await ended({ issuedAt: seconds() - 1 }), await ended()], [true, false])
  })

  it('stay with the id of a pool that is deleted', async () => {
    const { directory } = test
    await directory.pools.delete('p')
    const { isOver, seq } = await readPlace(ground(), 'p')
    assert.equal(isOver, true)
    test.clock.advance(5000)
    await directory.pools.create({ id: 'p', name: 'P' })
    assert.ok((await place()) > seq)
    assert.deepEqual([await ended({ issuedAt: seconds() - 1 }), await ended()], [true, false])
  })
})

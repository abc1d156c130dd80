import assert from 'node:assert/strict'
import { createPublicKey, sign, verify } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { calculateJwkThumbprint } from 'jose'
import { limits } from '../limits.ts'
import { assertRefused, type OpenDirectory, type TestDirectory } from './directory-fixture.ts'
import { lifeCycleCommands, type Model } from './keys.model.ts'
import type { SigningAlgorithm, SigningKey } from './types.ts'

const algorithms: readonly SigningAlgorithm[] = ['ES256', 'EdDSA', 'RS256']

function signsAndVerifies({ alg, privateKey, publicJwk }: SigningKey): boolean {
  const digest = alg === 'EdDSA' ? null : 'sha256'
  const data = Buffer.from('data')
  const key = createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
  return verify(digest, data, key, sign(digest, data, privateKey))
}

export function keySuite(open: OpenDirectory): void {
  describe('signing keys', () => {
    let test: TestDirectory
    const poolId = 'pool'
    beforeEach(async () => {
      test = await open()
    })
    afterEach(() => test.close())

    const states = async () => (await test.directory.keys.list(poolId)).map(({ alg, state }) => `${alg} ${state}`)
    const published = async () => (await test.directory.verifyingKeys(poolId)).keys.map((key) => key['kid'])

    for (const signingAlgorithm of algorithms) {
      it(`makes an active and a next ${signingAlgorithm} key with the pool`, async () => {
        const { directory, clock } = test
        await directory.pools.create({ id: poolId, name: 'Pool', signingAlgorithm })
        const keys = await directory.keys.list(poolId)
        const common = { alg: signingAlgorithm, createdAt: clock.now(), retiresAt: null }
        assert.deepEqual(keys, [
          { ...common, kid: keys[0]?.kid, state: 'active', activatedAt: clock.now() },
          { ...common, kid: keys[1]?.kid, state: 'next', activatedAt: null },
        ])
        const [active, ...others] = await directory.signingKeys(poolId)
        assert.equal(others.length, 0)
        assert.ok(active !== undefined && signsAndVerifies(active))
        assert.equal(active.kid, keys[0]?.kid)
        assert.equal(active.kid, await calculateJwkThumbprint({ ...active.publicJwk }))
        assert.deepEqual(await published(), [keys[0]?.kid, keys[1]?.kid])
        for (const jwk of (await directory.verifyingKeys(poolId)).keys) {
          assert.deepEqual([jwk['alg'], jwk['use'], jwk['d']], [signingAlgorithm, 'sig', undefined])
        }
        assert.deepEqual(
          { kid: active.privateJwk['kid'], alg: active.privateJwk['alg'], use: active.privateJwk['use'] },
          { kid: active.kid, alg: signingAlgorithm, use: 'sig' },
        )
      })
    }

    it('seals private keys, each to its own row', async () => {
      const { directory, store } = test
      await directory.pools.create({ id: poolId, name: 'Pool' })
      const [key] = await directory.signingKeys(poolId)
      const secret = String(key?.privateJwk['d'])
      assert.ok(!JSON.stringify(await store.db.selectFrom('signing_key').selectAll().execute()).includes(secret))
      const rows = await store.db.selectFrom('signing_key').selectAll().orderBy('state').execute()
      await store.db
        .updateTable('signing_key')
        .set({ sealed_private: rows[1]?.sealed_private ?? '' })
        .where('state', '=', 'active')
        .execute()
      await assert.rejects(directory.signingKeys(poolId), /cannot be opened/)
    })

    it('rotates: next becomes active, active retires without its private half, a new next is made', async () => {
      const { directory, clock, events, changes, store } = test
      await directory.pools.create({ id: poolId, name: 'Pool' })
      const [active, next] = await directory.keys.list(poolId)
      clock.advance(1000)
      const after = await directory.keys.rotate(poolId)
      const retiresAt = clock.now() + (limits.defaultAccessTokenTtl + limits.keyGrace) * 1000
      assert.deepEqual(after[0], { ...next, state: 'active', activatedAt: clock.now() })
      assert.deepEqual([after[1]?.state, after[1]?.createdAt], ['next', clock.now()])
      assert.deepEqual(after[2], { ...active, state: 'retired', retiresAt })
      assert.equal(after.length, 3)
      assert.deepEqual(await directory.keys.list(poolId), after)
      const row = await store.db.selectFrom('signing_key').selectAll().where('state', '=', 'retired').executeTakeFirst()
      assert.equal(row?.sealed_private, null)
      assert.deepEqual(events.at(-1), { kind: 'key.rotated', outcome: 'ok', reason: 'ok', poolId })
      assert.deepEqual(changes.at(-1), { poolId, revision: await directory.revision(poolId) })
    })

    it('drops a retired key by the clock alone', async () => {
      const { directory, clock } = test
      await directory.pools.create({ id: poolId, name: 'Pool', accessTokenTtl: 60 })
      await directory.keys.rotate(poolId)
      const { validUntil } = await directory.verifyingKeys(poolId)
      assert.equal(validUntil, clock.now() + (60 + limits.keyGrace) * 1000)
      clock.set((validUntil ?? 0) - 1)
      assert.equal((await published()).length, 3)
      clock.advance(1)
      assert.deepEqual(await states(), ['ES256 active', 'ES256 next'])
      assert.deepEqual([(await published()).length, (await directory.verifyingKeys(poolId)).validUntil], [2, null])
    })

    it('keeps a retired key for the longest lifetime of pool, resources and clients', async () => {
      const { directory, clock } = test
      await directory.pools.create({ id: poolId, name: 'Pool', accessTokenTtl: 60 })
      await directory.resources.create(poolId, { identifier: 'urn:example:a', accessTokenTtl: 7200 })
      const input = { name: 'c', clientType: 'MACHINE_TO_MACHINE', accessTokenTtl: 86_400 } as const
      /** How long, in seconds and without the grace, the key is kept that a rotation retires now. */
      const lasts = async () => {
        const [active] = await directory.keys.list(poolId)
        const retired = (await directory.keys.rotate(poolId)).find(({ kid }) => kid === active?.kid)
        return ((retired?.retiresAt ?? 0) - clock.now()) / 1000 - limits.keyGrace
      }
      assert.equal(await lasts(), 7200)
      const { client } = await directory.clients.create(poolId, input)
      assert.equal(await lasts(), 86_400)
      // Tokens of the deleted client live on, and so does what verifies them.
      await directory.clients.delete(poolId, client.clientId)
      clock.advance(400_000)
      assert.equal(await lasts(), 86_000)
      clock.advance(86_000_000)
      assert.equal(await lasts(), 7200)
    })

    it('keeps a key for tokens that were issued before a lifetime was cut', async () => {
      const { directory } = test
      await directory.pools.create({ id: poolId, name: 'Pool', accessTokenTtl: 7200 })
      await directory.pools.update(poolId, { accessTokenTtl: 60 })
      const [, , retired] = await directory.keys.rotate(poolId)
      assert.equal(retired?.retiresAt, test.clock.now() + (7200 + limits.keyGrace) * 1000)
    })

    it('keeps a key for a token of a longer lifetime that was announced', async () => {
      const { directory, clock } = test
      await directory.pools.create({ id: poolId, name: 'Pool', accessTokenTtl: 60 })
      const revision = await directory.revision(poolId)
      await directory.noteLifetime(poolId, 9000)
      await directory.noteLifetime(poolId, 30)
      assert.equal(await directory.revision(poolId), revision)
      const [, , retired] = await directory.keys.rotate(poolId)
      assert.equal(retired?.retiresAt, clock.now() + (9000 + limits.keyGrace) * 1000)
    })

    it('keeps old keys for verification when the algorithm changes', async () => {
      const { directory, events } = test
      await directory.pools.create({ id: poolId, name: 'Pool' })
      const [old] = await directory.keys.list(poolId)
      await directory.pools.update(poolId, { signingAlgorithm: 'RS256' })
      assert.deepEqual(await states(), ['RS256 active', 'RS256 next', 'ES256 retired'])
      assert.ok((await published()).includes(old?.kid))
      assert.deepEqual(
        (await directory.signingKeys(poolId)).map(({ alg }) => alg),
        ['RS256'],
      )
      assert.ok(events.some(({ kind }) => kind === 'key.rotated'))
      await directory.pools.update(poolId, { signingAlgorithm: null })
      assert.deepEqual((await states()).sort(), ['ES256 active', 'ES256 next', 'ES256 retired', 'RS256 retired'])
    })

    it('gives a pool RS256 keys for ID tokens with its first browser client, and keeps them', async () => {
      const { directory } = test
      await directory.pools.create({ id: poolId, name: 'Pool' })
      await directory.clients.create(poolId, { name: 'm', clientType: 'MACHINE_TO_MACHINE' })
      assert.deepEqual(await states(), ['ES256 active', 'ES256 next'])
      const spa = { name: 's', clientType: 'SINGLE_PAGE_APPLICATION' } as const
      await directory.clients.create(poolId, spa)
      await directory.clients.create(poolId, spa)
      const both = ['ES256 active', 'ES256 next', 'RS256 active', 'RS256 next']
      assert.deepEqual((await states()).sort(), both)
      await directory.pools.update(poolId, { signingAlgorithm: 'RS256' })
      await directory.pools.update(poolId, { signingAlgorithm: 'EdDSA' })
      assert.deepEqual((await states()).sort(), [
        'ES256 retired',
        'EdDSA active',
        'EdDSA next',
        'RS256 active',
        'RS256 next',
      ])
      await directory.keys.rotate(poolId)
      assert.equal((await states()).filter((state) => state === 'RS256 retired').length, 1)
    })

    it('lets no JWKS grow without end', async () => {
      const { directory, clock } = test
      await directory.pools.create({ id: poolId, name: 'Pool' })
      for (let index = 0; index < limits.retiredKeys; index += 1) {
        await directory.keys.rotate(poolId)
        clock.advance(1000)
      }
      const first = Math.min(...(await directory.keys.list(poolId)).flatMap(({ retiresAt }) => retiresAt ?? []))
      const refusal = {
        kind: 'conflict',
        code: 'limit',
        says: new RegExp(`rotate again after ${new Date(first).toISOString()}`),
      } as const
      await assertRefused(test, () => directory.keys.rotate(poolId), refusal)
      await assertRefused(test, () => directory.pools.update(poolId, { signingAlgorithm: 'EdDSA' }), refusal)
      clock.set(first)
      await directory.keys.rotate(poolId)
    })

    it('rotates once for each of several rotations that come at once', async () => {
      const { directory } = test
      await directory.pools.create({ id: poolId, name: 'Pool' })
      await Promise.all(Array.from({ length: 4 }, () => directory.keys.rotate(poolId)))
      assert.deepEqual((await states()).sort(), [
        'ES256 active',
        'ES256 next',
        ...Array.from({ length: 4 }, () => 'ES256 retired'),
      ])
    })

    it('keeps its promises through any life', async () => {
      let life = 0
      const property = fc.asyncProperty(lifeCycleCommands, async (commands) => {
        life += 1
        const id = `life-${life}`
        await test.directory.pools.create({ id, name: id })
        const model: Model = { poolId: id, tokens: [], algorithm: 'ES256' }
        await fc.asyncModelRun(() => ({ model, real: test }), commands)
      })
      // A round trip to a server for each statement; the rules are the same on both.
      await fc.assert(property, { numRuns: test.store.dialect === 'sqlite' ? 50 : 5 })
    })
  })
}

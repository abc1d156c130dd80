import assert from 'node:assert/strict'
import { createReplayStore, createResourceServer, type DpopOptions } from '@postern/resource-server'
import { resource } from '../../fixture.ts'
import type { Attack } from '../../hosts.ts'
import type { Row } from '../../row.ts'
import { allowed, client, dpop, proof, sendBound, wrongClaim } from './client.ts'

/** In it nothing ever expires. */
const shared = createReplayStore({ clock: { now: () => 0 } })

function thrown(): never {
  throw new Error('redis://:secret@db')
}

/** H17 to H19: a proof is good once, wherever that is kept. */
export const replay: readonly Row[] = [
  {
    id: 'H17',
    what: 'a proof that was used before, until it is too old anyway',
    setUp: allowed,
    async play(fixture) {
      const { send } = client(fixture, { exp: 4_000_000_000 })
      const attack = send()
      await fixture.expect('OK', attack)
      await fixture.expect('DP', attack)
      await fixture.expect('OK', send())
      fixture.clock.advance(299_000)
      await fixture.expect('DP', attack)
      assert.equal(fixture.events.at(-1)?.reason, 'dpop_proof_replayed')
      fixture.clock.advance(2000)
      await fixture.expect('DP', attack)
      assert.equal(fixture.events.at(-1)?.reason, 'dpop_proof_expired')
    },
  },
  {
    id: 'H17',
    what: 'a proof that was made ahead, in the last moment in which it is good',
    setUp: allowed,
    async play(fixture) {
      const { send } = client(fixture, { exp: 4_000_000_000 })
      const iat = fixture.clock.now() / 1000 + 30
      const [attack, unused] = [send({ claims: { iat } }), send({ claims: { iat } })]
      await fixture.expect('OK', attack)
      fixture.clock.advance(330_000)
      await fixture.expect('DP', attack)
      await fixture.expect('OK', unused)
    },
  },
  {
    id: 'H17',
    what: 'the same jti in a new proof, and of another client',
    setUp: allowed,
    async play(fixture) {
      const claims = { jti: 'once' }
      const one = client(fixture)
      await fixture.expect('OK', one.send({ claims }))
      await fixture.expect('DP', one.send({ claims }))
      await fixture.expect('DP', one.send({ claims }, { method: 'GET' }))
      await fixture.expect('OK', client(fixture).send({ claims }))
    },
  },
  {
    id: 'H17',
    what: 'a refused request uses up no proof, unless the proof was good',
    setUp: allowed,
    async play(fixture) {
      const { send, key } = client(fixture)
      const claims = { jti: 'once' }
      await fixture.expect('DP', send({ claims: { ...claims, ath: 'x' } }))
      const dead = fixture.issuer.mint({ cnf: { jkt: key.thumbprint }, exp: fixture.clock.now() / 1000 - 60, iat: 1 })
      await fixture.expect('IT', sendBound(key, dead, { claims }))
      await fixture.expect('OK', send({ claims }))
    },
  },
  {
    id: 'H17',
    what: 'two at a time',
    setUp: allowed,
    async play(fixture) {
      const attack = client(fixture).send()
      const answers = await Promise.all([1, 2, 3, 4].map(() => fixture.send(attack)))
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401])
    },
  },
  {
    id: 'H18',
    what: 'a replay at another instance that shares the store',
    setUp: { ...allowed, options: () => ({ dpop: { mode: 'allowed', replayStore: shared } }) },
    async play(fixture) {
      const { issuer, clock } = fixture
      const { send } = client(fixture)
      const other = createResourceServer({
        resource,
        issuers: [{ issuer: issuer.issuer }],
        clock,
        dpop: { mode: 'allowed', replayStore: shared },
      })
      const ask = async ({ headers }: Attack) => {
        const answer = await other.authenticate(
          new Request(resource, { method: 'POST', headers: { ...headers } as Record<string, string> }),
        )
        return answer instanceof Response ? answer.status : 200
      }
      const [first, second] = [send(), send()]
      await fixture.expect('OK', first)
      assert.equal(await ask(first), 401)
      assert.equal(await ask(second), 200)
      await fixture.expect('DP', second)
      other.close()
    },
  },
  ...['a'.repeat(10_000), 'a'.repeat(257), '', 7, null, undefined].map((jti) =>
    wrongClaim('H19', `jti ${JSON.stringify(jti)?.slice(0, 20)}`, { jti }),
  ),
  proof('H19', 'the longest jti', 'OK', () => ({ claims: { jti: 'a'.repeat(256) } })),
  ...[
    ['throws', () => Promise.reject(new Error('redis://:secret@db'))],
    ['throws at once', thrown],
    ['answers nothing', () => undefined],
    ['answers OK', () => 'OK'],
  ].map(([how, add]): Row => {
    const replayStore = { add } as NonNullable<DpopOptions['replayStore']>
    return {
      id: 'H19',
      what: `a store that ${how}`,
      setUp: dpop({ replayStore }),
      attack: (fixture) => client(fixture).send(),
      expect: 'UN',
    }
  }),
  {
    id: 'H19',
    what: 'a store that is full refuses, and recovers',
    setUp: {
      ...allowed,
      options: ({ clock }) => ({ dpop: { mode: 'allowed', replayStore: createReplayStore({ maxEntries: 2, clock }) } }),
    },
    async play(fixture) {
      const { send } = client(fixture, { exp: 4_000_000_000 })
      const first = send()
      await fixture.expect('OK', first)
      await fixture.expect('OK', send())
      await fixture.expect('UN', send())
      await fixture.expect('DP', first)
      await fixture.expect('OK', fixture.issuer.mint())
      fixture.clock.advance(331_000)
      await fixture.expect('OK', send())
    },
  },
]

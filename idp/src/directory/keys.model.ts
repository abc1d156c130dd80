import assert from 'node:assert/strict'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { DirectoryError } from './directory-error.ts'
import type { TestDirectory } from './directory-fixture.ts'
import type { SigningAlgorithm } from './types.ts'

interface Token {
  readonly kid: string
  readonly expiresAt: number
}

/** What is known of a pool from outside. */
export interface Model {
  readonly poolId: string
  readonly tokens: Token[]
  algorithm: SigningAlgorithm
}

type Command = fc.AsyncCommand<Model, TestDirectory>

/** What must hold after every step. */
async function assertPromises(model: Model, { directory, clock }: TestDirectory): Promise<void> {
  const keys = await directory.keys.list(model.poolId)
  const published = new Set((await directory.verifyingKeys(model.poolId)).keys.map((key) => key['kid']))
  const count = (alg: string, state: string) => keys.filter((key) => key.alg === alg && key.state === state).length
  for (const alg of new Set(keys.filter(({ state }) => state !== 'retired').map((key) => key.alg))) {
    assert.deepEqual([count(alg, 'active'), count(alg, 'next')], [1, 1], `${alg} in use`)
  }
  assert.equal(count(model.algorithm, 'active'), 1, `${model.algorithm} can sign`)
  assert.deepEqual([...published].sort(), keys.map(({ kid }) => kid).sort())
  for (const { kid, expiresAt } of model.tokens) {
    if (expiresAt > clock.now()) assert.ok(published.has(kid), 'a live token can be verified')
  }
  for (const { state, retiresAt } of keys) assert.ok(state !== 'retired' || (retiresAt ?? 0) > clock.now())
  assert.ok(keys.filter(({ state }) => state === 'retired').length <= limits.retiredKeys)
}

/** A JWKS that is full refuses; nothing else may. */
async function orFull(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof DirectoryError && error.code === 'limit') return false
    throw error
  }
}

function command(name: string, run: (model: Model, real: TestDirectory) => Promise<void>): Command {
  return {
    check: () => true,
    async run(model, real) {
      await run(model, real)
      await assertPromises(model, real)
    },
    toString: () => name,
  }
}

const rotate = command('rotate', async ({ poolId }, { directory }) => {
  await orFull(directory.keys.rotate(poolId))
})

const signToken = command('sign', async (model, { directory, clock }) => {
  const pool = await directory.findPool(model.poolId)
  const key = (await directory.signingKeys(model.poolId)).find(({ alg }) => alg === pool?.signingAlgorithm)
  const lifetime = pool?.accessTokenTtl ?? limits.defaultAccessTokenTtl
  model.tokens.push({ kid: key?.kid ?? '', expiresAt: clock.now() + lifetime * 1000 })
})

function advance(seconds: number): Command {
  return command(`advance ${seconds}s`, async (_model, { clock }) => clock.advance(seconds * 1000))
}

function setLifetime(accessTokenTtl: number | null): Command {
  return command(`lifetime ${accessTokenTtl}`, async ({ poolId }, { directory }) => {
    await directory.pools.update(poolId, { accessTokenTtl })
  })
}

function setAlgorithm(signingAlgorithm: SigningAlgorithm): Command {
  return command(`algorithm ${signingAlgorithm}`, async (model, { directory }) => {
    const changed = await orFull(directory.pools.update(model.poolId, { signingAlgorithm }))
    if (changed) model.algorithm = signingAlgorithm
  })
}

const mintLong = command('mint for a day', async (model, { directory, clock }) => {
  await directory.noteLifetime(model.poolId, 86_400)
  const pool = await directory.findPool(model.poolId)
  const key = (await directory.signingKeys(model.poolId)).find(({ alg }) => alg === pool?.signingAlgorithm)
  model.tokens.push({ kid: key?.kid ?? '', expiresAt: clock.now() + 86_400_000 })
})

/** Any sequence of what happens to the keys of a pool. RS256 is left out for its slow keys: the rules know no algorithm. */
export const lifeCycleCommands = fc.commands(
  [
    fc.constant(rotate),
    fc.constant(rotate),
    fc.constant(signToken),
    fc.constant(signToken),
    fc.oneof(fc.integer({ min: 1, max: 90_000 }), fc.constantFrom(60, 400, 3600, 3900)).map(advance),
    fc.constantFrom(null, 1, 60, 7200, 86_400).map(setLifetime),
    fc.constantFrom<SigningAlgorithm>('ES256', 'EdDSA').map(setAlgorithm),
    fc.oneof({ weight: 5, arbitrary: fc.constant(signToken) }, { weight: 1, arbitrary: fc.constant(mintLong) }),
  ],
  { maxCommands: 40, size: 'max' },
)

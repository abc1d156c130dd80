import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { createTestClock } from '@postern/core/testing'
import fc from 'fast-check'
import { calculateJwkThumbprint } from 'jose'
import { algorithms } from '../options/algorithms.ts'
import { readDpop } from '../options/read-binding.ts'
import type { DpopOptions } from '../options/types.ts'
import { Refusal } from '../refusal.ts'
import { createDpopKey, type ProofChanges } from '../testing/dpop-key.ts'
import { readProof } from './read-proof.ts'
import { createProofCheck } from './verify-proof.ts'

const resource = 'https://mcp.example/mcp'
const token = 'header.payload.signature'
const hash = createHash('sha256').update(token).digest('base64url')
const clock = createTestClock()

function open(options: Partial<DpopOptions> = {}) {
  const rules = readDpop({ mode: 'allowed', ...options }, false)
  assert.ok(rules !== undefined)
  return createProofCheck(rules, { resource, clock })
}

type Key = ReturnType<typeof createDpopKey>

function ask(check: ReturnType<typeof open>, key: Key, proof: string | undefined, source?: object) {
  const header = (name: string) => (name === 'dpop' ? proof : undefined)
  return check({ method: 'POST', url: '/mcp', header, source }, { hash, jkt: key.thumbprint })
}

async function reasonOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    assert.ok(error instanceof Refusal, `${error}`)
    return error.reason
  }
}

function prove(key: Key, changes?: ProofChanges): string {
  return key.prove({ url: resource, token }, changes)
}

test('every algorithm, with thumbprints that jose agrees with', async () => {
  const check = open()
  for (const algorithm of algorithms) {
    const key = createDpopKey({ algorithm, clock })
    assert.equal(await calculateJwkThumbprint(key.key.jwk), key.thumbprint)
    assert.equal(await reasonOf(() => ask(check, key, prove(key))), undefined, algorithm)
    assert.equal(await reasonOf(() => ask(check, key, prove(key, { claims: { htm: 'GET' } }))), 'dpop_proof_mismatch')
  }
})

test('any header is a JWS or a refusal, never another error', () => {
  const parts = fc.array(fc.base64String(), { minLength: 1, maxLength: 4 }).map((texts) => texts.join('.'))
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), parts), (header) => {
      try {
        readProof(header)
      } catch (error) {
        assert.ok(error instanceof Refusal && error.kind === 'invalid_dpop_proof')
      }
    }),
  )
})

test('a good proof with one character changed is none', async () => {
  const check = open()
  const key = createDpopKey({ clock })
  const good = prove(key)
  const character = fc.constantFrom(...'Ab0_-.,= é')
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), character, async (place, other) => {
      fc.pre(good[place] !== other)
      const changed = good.slice(0, place) + other + good.slice(place + 1)
      assert.notEqual(await reasonOf(() => ask(check, key, changed)), undefined)
    }),
  )
  assert.equal(await reasonOf(() => ask(check, key, good)), undefined)
})

test('a proof with anything at all in a member that counts is refused, or is one that says the same', async () => {
  const check = open()
  const key = createDpopKey({ clock })
  const value = fc.oneof(fc.jsonValue(), fc.string(), fc.constant(undefined))
  const wrongHeader = fc.tuple(fc.constantFrom('typ', 'alg', 'jwk', 'crit', 'b64', 'zip'), value)
  const wrongClaim = fc.tuple(fc.constantFrom('htm', 'htu', 'iat', 'ath'), value)
  const changes = fc.oneof(
    wrongHeader.map(([name, text]): ProofChanges => ({ header: { [name]: text } })),
    wrongClaim.map(([name, text]): ProofChanges => ({ claims: { [name]: text } })),
  )
  const isHarmless = ({ header = {} }: ProofChanges) =>
    ['crit', 'b64', 'zip'].some((name) => Object.hasOwn(header, name) && header[name] === undefined)
  await fc.assert(
    fc.asyncProperty(changes, async (change) => {
      fc.pre(!isHarmless(change))
      assert.notEqual(await reasonOf(() => ask(check, key, prove(key, change))), undefined, JSON.stringify(change))
    }),
  )
})

test('duplicate members in a proof are refused', async () => {
  const check = open()
  const key = createDpopKey({ clock })
  const [header] = prove(key).split('.')
  const claims = `{"htm":"GET","htm":"POST","htu":"${resource}","jti":"x","ath":"${hash}","iat":${clock.now() / 1000}}`
  const proof = `${header}.${Buffer.from(claims).toString('base64url')}.AAAA`
  assert.equal(await reasonOf(() => ask(check, key, proof)), 'dpop_proof_malformed')
})

test('one request may come past two guards with its proof, another request may not', async () => {
  const check = open()
  const key = createDpopKey({ clock })
  const [proof, request] = [prove(key), {}]
  assert.equal(await reasonOf(() => ask(check, key, proof, request)), undefined)
  assert.equal(await reasonOf(() => ask(check, key, proof, request)), undefined)
  assert.equal(await reasonOf(() => ask(check, key, proof, {})), 'dpop_proof_replayed')
  assert.equal(await reasonOf(() => ask(check, key, proof)), 'dpop_proof_replayed')
  const other = prove(key)
  assert.equal(await reasonOf(() => ask(check, key, other, {})), undefined)
  assert.equal(await reasonOf(() => ask(check, key, other, request)), 'dpop_proof_replayed')
})

test('the store is told ids of one size and how long to keep them', async () => {
  const told: [string, number][] = []
  const replayStore = { add: (id: string, expiresAt: number) => told.push([id, expiresAt]) > 0 }
  const key = createDpopKey({ clock })
  await ask(open({ replayStore }), key, prove(key))
  await ask(open({ replayStore, maxAge: 10 }), key, prove(key, { claims: { jti: 'a\nb' } }))
  const nonceCheck = open({ replayStore, nonce: { secret: 's'.repeat(32), lifetime: 60 } })
  const refusal = await Promise.resolve(ask(nonceCheck, key, prove(key))).catch((error: unknown) => error)
  assert.ok(refusal instanceof Refusal)
  await ask(nonceCheck, key, prove(key, { claims: { nonce: refusal.nonce } }))
  const now = clock.now() / 1000
  assert.deepEqual(
    told.map(([, expiresAt]) => expiresAt - now),
    [331, 41, 91],
  )
  for (const [id] of told) assert.match(id, /^[\w-]{43}$/)
  assert.equal(new Set(told.map(([id]) => id)).size, 3)
})

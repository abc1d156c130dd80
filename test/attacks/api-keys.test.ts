import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ApiKeyRecord, ResourceServerOptions } from '@postern/resource-server'
import fc from 'fast-check'

/** What this process compared in constant time. Looked at from before the kit is there, for it takes the function once. */
const compared: Buffer[][] = []
const { timingSafeEqual } = crypto
crypto.timingSafeEqual = (...sides) => {
  compared.push(sides.map((side) => Buffer.from(side as Uint8Array)))
  return timingSafeEqual(...sides)
}
syncBuiltinESMExports()

const { generateApiKey, hashApiKey } = await import('@postern/core')
const { ConfigError, createResourceServer } = await import('@postern/resource-server')

const resource = 'https://mcp.example/mcp'
const key = generateApiKey()
const record: ApiKeyRecord = { id: 'k1', name: 'Build', hash: await hashApiKey(key) }
const sha256 = (text: string) => crypto.createHash('sha256').update(text).digest()

async function ask(apiKeys: NonNullable<ResourceServerOptions['apiKeys']>, sent: string): Promise<boolean> {
  const rs = createResourceServer({ resource, apiKeys })
  const answer = await rs.authenticate(new Request(resource, { headers: { authorization: `Bearer ${sent}` } }))
  rs.close()
  return !(answer instanceof Response)
}

/** Keys of the right form: the real one up to a place, and chance from there on. */
const near = fc
  .tuple(fc.nat(42), fc.stringMatching(/^[\w-]{43}$/))
  .map(([length, rest]) => `${key.slice(0, 4 + length)}${rest.slice(length)}`)

test('J1: what passes was compared in constant time, as digests of one length', async () => {
  compared.length = 0
  assert.ok(await ask([record], key))
  assert.ok(compared.length > 0)
  const expected = sha256(record.hash)
  assert.ok(compared.some((sides) => sides.every((side) => side.equals(expected))))
  for (const side of compared.flat()) assert.equal(side.length, 32)
})

test('J1: a store is asked by the digest alone, however much of the key is right', async () => {
  await fc.assert(
    fc.asyncProperty(near, async (sent) => {
      const asked: unknown[][] = []
      const find = (...told: unknown[]) => void asked.push(told)
      assert.equal(await ask({ find }, sent), false)
      assert.deepEqual(asked, [[sha256(sent).toString('base64url')]])
    }),
    { numRuns: 50 },
  )
})

test('J1: nothing looks a plain key up, or keeps it', async () => {
  const { get, has, set } = Map.prototype
  const { add, has: holds } = Set.prototype
  const seen: unknown[] = []
  const watch = <A extends unknown[], R>(original: (...told: A) => R) =>
    // A method, which needs its `this`.
    function (this: unknown, ...told: A): R {
      seen.push(...told)
      return Reflect.apply(original, this, told)
    }
  Object.assign(Map.prototype, { get: watch(get), has: watch(has), set: watch(set) })
  Object.assign(Set.prototype, { add: watch(add), has: watch(holds) })
  try {
    assert.ok(await ask([record], key))
    assert.ok(!(await ask([record], `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`)))
  } finally {
    Object.assign(Map.prototype, { get, has, set })
    Object.assign(Set.prototype, { add, has: holds })
  }
  assert.ok(seen.includes(record.hash), 'look-ups are seen')
  assert.deepEqual(
    seen.filter((told) => typeof told === 'string' && told.includes(key.slice(0, -1))),
    [],
  )
})

test('J1: no option holds a plain key', () => {
  const { hash: _, ...named } = record
  for (const [option, wrong] of [
    ['apiKeys[0].hash', { ...record, hash: key }],
    ['apiKeys[0].key', { ...record, key }],
    ['apiKeys[0].hash', named],
  ] as const) {
    assert.throws(
      () => createResourceServer({ resource, apiKeys: [wrong] as readonly ApiKeyRecord[] }),
      (error) => error instanceof ConfigError && error.option === option && !error.message.includes(key),
    )
  }
})

test('J1: its verifier compares nothing but with words of the program', async () => {
  const file = join(import.meta.dirname, '..', '..', 'resource-server/kit/src/tokens/api-key.ts')
  const source = await readFile(file, 'utf8')
  const sides = [...source.matchAll(/[!=]==? ([^\s)]+)/g)].map(([, side = '']) => side)
  assert.ok(sides.length > 5)
  assert.deepEqual(
    sides.filter((side) => !/^(?:undefined|null|'\w*')$/.test(side)),
    [],
  )
})

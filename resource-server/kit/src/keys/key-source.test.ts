import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { Reason } from '@postern/core'
import { createTestClock } from '@postern/core/testing'
import { readOptions } from '../options/read-options.ts'
import type { IssuerOptions, ResourceServerOptions } from '../options/types.ts'
import { Refusal } from '../refusal.ts'
import { createFakeIssuer, type FakeIssuer, type FakeIssuerOptions } from '../testing/fake-issuer.ts'
import { createKeySource, type KeySource } from './key-source.ts'

const opened: { close(): unknown }[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((thing) => thing.close()))
})

interface Bench {
  readonly issuer: FakeIssuer
  readonly keys: KeySource
  readonly clock: ReturnType<typeof createTestClock>
  readonly warnings: Reason[]
  /** Finds the key of the issuer's present signing key. */
  find(): Promise<string | undefined>
}

interface BenchOptions {
  readonly fake?: FakeIssuerOptions
  readonly issuer?: (fake: FakeIssuer) => Partial<IssuerOptions>
  readonly more?: Partial<ResourceServerOptions>
}

async function open({ fake = {}, issuer: more = () => ({}), more: options = {} }: BenchOptions = {}): Promise<Bench> {
  const issuer = await createFakeIssuer(fake)
  const clock = createTestClock()
  const resource = 'https://mcp.example/mcp'
  const settings = readOptions({ resource, issuers: [{ issuer: issuer.issuer, ...more(issuer) }], clock, ...options })
  const [rules] = settings.issuers
  assert.ok(rules !== undefined)
  const warnings: Reason[] = []
  const keys = createKeySource(rules, {
    ...settings,
    times: settings.keyTimes,
    onWarning: (reason) => warnings.push(reason),
  })
  opened.push(issuer, keys)
  const find = async () => (await keys.find('ES256', issuer.signingKey().kid)).kid
  return { issuer, keys, clock, warnings, find }
}

async function refused(work: () => unknown, reason: Reason): Promise<Refusal> {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    assert.equal(error.reason, reason)
    return error
  }
  return assert.fail(`expected ${reason}`)
}

/** Lets a fetch beside the requests come to its end. */
async function settled(until: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !until(); turn += 1) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(until())
}

test('nothing is fetched before the first token; then each document once, and after that nothing is waited for', async () => {
  const bench = await open()
  assert.deepEqual(bench.issuer.fetches, { metadata: 0, jwks: 0 })
  const { kid } = bench.issuer.signingKey()
  assert.equal(await bench.find(), kid)
  assert.deepEqual(bench.issuer.fetches, { metadata: 1, jwks: 1 })
  const key = bench.keys.find('ES256', kid)
  assert.ok(!(key instanceof Promise))
  assert.ok(bench.keys.isCurrent(key))
})

test('fifty who ask at once share one fetch', async () => {
  const bench = await open()
  await Promise.all(Array.from({ length: 50 }, bench.find))
  assert.deepEqual(bench.issuer.fetches, { metadata: 1, jwks: 1 })
})

test('each of the three places of the metadata is found, with and without a path', async () => {
  for (const [metadataPlace, metadata] of [
    [0, 1],
    [1, 1],
    [2, 1],
  ] as const) {
    const bench = await open({ fake: { path: '/tenant/a', metadataPlace } })
    assert.equal(await bench.find(), bench.issuer.signingKey().kid)
    assert.equal(bench.issuer.fetches.metadata, metadata)
  }
})

test('a given place of the metadata, of the keys, or the keys themselves', async () => {
  const discovered = await open({
    issuer: ({ issuer }) => ({ discoveryUrl: `${issuer}/.well-known/openid-configuration` }),
  })
  await discovered.find()
  assert.deepEqual(discovered.issuer.fetches, { metadata: 1, jwks: 1 })
  const direct = await open({ issuer: ({ jwksUri }) => ({ jwksUri }) })
  await direct.find()
  assert.deepEqual(direct.issuer.fetches, { metadata: 0, jwks: 1 })
  const local = await open({ issuer: (issuer) => ({ jwks: { keys: [issuer.signingKey().jwk] } }) })
  await local.find()
  local.clock.advance(86_400_000)
  await local.find()
  assert.deepEqual(local.issuer.fetches, { metadata: 0, jwks: 0 })
  await refused(() => local.keys.find('ES256', 'unknown'), 'unknown_key')
})

test('keys from a function, for an issuer in the same process', async () => {
  let calls = 0
  const bench = await open({
    issuer: (issuer) => ({
      jwks: () => {
        calls += 1
        return { keys: [issuer.signingKey().jwk] }
      },
    }),
  })
  await bench.find()
  await bench.find()
  assert.equal(calls, 1)
  assert.deepEqual(bench.issuer.fetches, { metadata: 0, jwks: 0 })
})

test('metadata of another issuer is never used', async () => {
  const bench = await open()
  bench.issuer.fail('metadata', { body: { issuer: 'https://honest.example', jwks_uri: bench.issuer.jwksUri } })
  await refused(bench.find, 'keys_unavailable')
  assert.equal(bench.issuer.fetches.jwks, 0)
  assert.match(bench.keys.problem() ?? '', /another issuer/)
})

test('who wrote the name of the issuer a little otherwise is told how it is written', async () => {
  const bench = await open({ issuer: ({ issuer }) => ({ issuer: `${issuer}/` }) })
  await refused(bench.find, 'keys_unavailable')
  const problem = bench.keys.problem() ?? ''
  assert.ok(problem.includes(`it names itself ${bench.issuer.issuer}, and issuers are compared to the letter`), problem)
  // Names that are none, which could hold anything, are not repeated.
  bench.issuer.fail('metadata', { body: { issuer: 'https://u:hunter2@as.example' } })
  bench.clock.advance(60_000)
  await refused(bench.find, 'keys_unavailable')
  assert.equal(bench.keys.problem(), "the metadata is another issuer's")
})

test('the document that is wrong is reported, and not the places that have none', async () => {
  const bench = await open({ fake: { path: '/tenant', metadataPlace: 0 } })
  bench.issuer.fail('metadata', { body: { issuer: 'https://honest.example' } })
  await refused(bench.find, 'keys_unavailable')
  assert.match(bench.keys.problem() ?? '', /another issuer's: it names itself https:\/\/honest\.example/)
})

test('an issuer under a path is found where a proxy answers 502 for the paths that it does not know', async () => {
  const asked: string[] = []
  const proxied: typeof fetch = async (input, init) => {
    const { pathname } = new URL(String(input))
    asked.push(pathname)
    return pathname.startsWith('/.well-known/') ? new Response(null, { status: 502 }) : fetch(input, init)
  }
  const bench = await open({ fake: { path: '/tenant' }, more: { fetch: proxied } })
  assert.equal(await bench.find(), bench.issuer.signingKey().kid)
  assert.deepEqual(asked.slice(2), ['/tenant/.well-known/openid-configuration', '/keys'])
})

test('metadata without keys, or with keys in an unsafe place, is no use', async () => {
  for (const jwks_uri of [
    undefined,
    7,
    'http://as.example/jwks',
    'file:///etc/passwd',
    'https://u:p@as.example',
    'https://as.example#x',
  ]) {
    const bench = await open()
    bench.issuer.fail('metadata', { body: { issuer: bench.issuer.issuer, jwks_uri } })
    await refused(bench.find, 'keys_unavailable')
    assert.equal(bench.issuer.fetches.jwks, 0)
  }
})

test('no redirect is followed', async () => {
  const bench = await open()
  bench.issuer.fail('jwks', { status: 307, headers: { location: bench.issuer.jwksUri } })
  await refused(bench.find, 'keys_unavailable')
  assert.equal(bench.issuer.fetches.jwks, 1)
})

test('a failing issuer is left alone for a while, and found again after that', async () => {
  const bench = await open()
  bench.issuer.fail('metadata', { status: 503 })
  const first = await Promise.all(Array.from({ length: 20 }, () => refused(bench.find, 'keys_unavailable')))
  assert.equal(first[0]?.retryAfter, 1)
  for (let attempt = 0; attempt < 10; attempt += 1) await refused(bench.find, 'keys_unavailable')
  assert.deepEqual(bench.issuer.fetches, { metadata: 1, jwks: 0 })
  bench.clock.advance(1000)
  await refused(bench.find, 'keys_unavailable')
  bench.issuer.fail('metadata')
  bench.clock.advance(2000)
  assert.equal(await bench.find(), bench.issuer.signingKey().kid)
  assert.equal(bench.keys.problem(), undefined)
})

test('an issuer that hangs up, answers nonsense or too much is unavailable', async () => {
  for (const fault of [
    { hangUp: true },
    { body: '<html>' },
    { body: { keys: 'none' } },
    { body: `{"keys":[],"x":"${'x'.repeat(600_000)}"}` },
  ]) {
    const bench = await open()
    bench.issuer.fail('jwks', fault)
    await refused(bench.find, 'keys_unavailable')
  }
})

test('a slow issuer is not waited for longer than the option says', async () => {
  const bench = await open({ more: { keys: { timeout: 0.05 } } })
  const never = Promise.withResolvers<void>()
  bench.issuer.fail('jwks', { hold: never.promise })
  await refused(bench.find, 'keys_unavailable')
  never.resolve()
})

test('a rotated key is found at its first token, right after a fetch too', async () => {
  const bench = await open()
  await bench.find()
  const { kid } = bench.issuer.rotate({ keepOld: true })
  const found = await Promise.all(Array.from({ length: 50 }, bench.find))
  assert.ok(found.every((one) => one === kid))
  assert.equal(bench.issuer.fetches.jwks, 2)
})

test('a thousand unknown key ids cause one fetch, and cost the good tokens nothing', async () => {
  const bench = await open()
  await bench.find()
  const unknown = (index: number) => () => bench.keys.find('ES256', `unknown-${index}`)
  const attempts = Array.from({ length: 500 }, (_, index) => refused(unknown(index), 'unknown_key'))
  assert.ok(!(bench.keys.find('ES256', bench.issuer.signingKey().kid) instanceof Promise))
  await Promise.all(attempts)
  for (let index = 500; index < 1000; index += 1) await refused(unknown(index), 'unknown_key')
  assert.equal(bench.issuer.fetches.jwks, 2)
  bench.clock.advance(30_000)
  await refused(unknown(1), 'unknown_key')
  assert.equal(bench.issuer.fetches.jwks, 3)
})

test('a rotated key is found within a moment of a stranger, by all who bring it, with one fetch', async () => {
  const bench = await open()
  await bench.find()
  await refused(() => bench.keys.find('ES256', "a stranger's"), 'unknown_key')
  const { kid } = bench.issuer.rotate()
  bench.clock.advance(950)
  const found = await Promise.all(Array.from({ length: 50 }, bench.find))
  assert.ok(found.every((one) => one === kid))
  assert.equal(bench.issuer.fetches.jwks, 3)
})

test('an id that was looked for in vain is not looked for again within the cool-down, and delays nobody', async () => {
  const bench = await open()
  await bench.find()
  for (let second = 0; second < 29; second += 1) {
    await refused(() => bench.keys.find('ES256', 'retired'), 'unknown_key')
    bench.clock.advance(1000)
  }
  assert.equal(bench.issuer.fetches.jwks, 2)
  bench.issuer.rotate()
  await bench.find()
  assert.equal(bench.issuer.fetches.jwks, 3)
})

test('keys that are rotated twice within the cool-down are found at their first token', async () => {
  const bench = await open()
  await bench.find()
  for (let count = 0; count < 5; count += 1) {
    const { kid } = bench.issuer.rotate()
    assert.equal(await bench.find(), kid)
    bench.clock.advance(1000)
  }
  assert.equal(bench.issuer.fetches.jwks, 6)
})

test('after a flood a rotated key is refused at once rather than held, and found within the cool-down', async () => {
  const bench = await open()
  await bench.find()
  await Promise.all(
    Array.from({ length: 100 }, (_, id) => refused(() => bench.keys.find('ES256', `${id}`), 'unknown_key')),
  )
  bench.issuer.rotate()
  await refused(bench.find, 'unknown_key')
  assert.equal(bench.issuer.fetches.jwks, 2)
  bench.clock.advance(30_000)
  await bench.find()
  assert.equal(bench.issuer.fetches.jwks, 3)
})

test('closed while a request waits its turn: it is refused at once', async () => {
  const bench = await open()
  await bench.find()
  await refused(() => bench.keys.find('ES256', "a stranger's"), 'unknown_key')
  const waiting = refused(() => bench.keys.find('ES256', 'rotated'), 'keys_unavailable')
  bench.keys.close()
  await waiting
  assert.equal(bench.issuer.fetches.jwks, 2)
})

test('older keys are fetched anew beside the requests', async () => {
  const bench = await open()
  await bench.find()
  bench.clock.advance(300_000)
  assert.ok(!(bench.keys.find('ES256', bench.issuer.signingKey().kid) instanceof Promise))
  await settled(() => bench.issuer.fetches.jwks === 2)
})

test('a withdrawn key is refused once the keys are too old, or at once after a reload', async () => {
  const bench = await open()
  const { kid } = bench.issuer.signingKey()
  const key = await bench.keys.find('ES256', kid)
  bench.issuer.rotate()
  assert.ok(bench.keys.isCurrent(key))
  bench.clock.advance(600_000)
  assert.ok(!bench.keys.isCurrent(key), 'not believed before it was asked for again')
  await refused(() => bench.keys.find('ES256', kid), 'unknown_key')

  const other = await open()
  const old = await other.keys.find('ES256', other.issuer.signingKey().kid)
  other.issuer.withdraw()
  await other.keys.reload()
  assert.ok(!other.keys.isCurrent(old))
})

test('during an outage the last keys serve for an hour, with an event, then nothing does', async () => {
  const bench = await open()
  await bench.find()
  bench.issuer.fail('jwks', { status: 500 })
  bench.clock.advance(600_000)
  assert.equal(await bench.find(), bench.issuer.signingKey().kid)
  assert.deepEqual(bench.warnings, ['keys_stale'])
  bench.clock.advance(3_599_000)
  assert.equal(await bench.find(), bench.issuer.signingKey().kid)
  bench.clock.advance(1000)
  await refused(bench.find, 'keys_unavailable')
})

test('a rotation during an outage is no unknown key but an outage', async () => {
  const bench = await open()
  await bench.find()
  bench.issuer.fail('jwks', { hangUp: true })
  await refused(() => bench.keys.find('ES256', 'rotated'), 'keys_unavailable')
  await refused(() => bench.keys.find('ES256', 'rotated'), 'keys_unavailable')
  // The first, the one that was hung up on, and that once more (RFC 9110 §9.2.2): the second look-up made none.
  assert.equal(bench.issuer.fetches.jwks, 3)
})

test('keys that the issuer says are gone do not serve on', async () => {
  const bench = await open()
  const key = await bench.keys.find('ES256', bench.issuer.signingKey().kid)
  bench.issuer.fail('jwks', { status: 404 })
  bench.clock.advance(600_000)
  await refused(bench.find, 'keys_unavailable')
  assert.ok(!bench.keys.isCurrent(key))
})

test('keys that moved are found again through the metadata', async () => {
  const bench = await open()
  await bench.find()
  const moved = await createFakeIssuer()
  opened.push(moved)
  bench.issuer.fail('metadata', { body: { issuer: bench.issuer.issuer, jwks_uri: moved.jwksUri } })
  bench.issuer.fail('jwks', { status: 410 })
  bench.clock.advance(600_000)
  await refused(bench.find, 'keys_unavailable')
  bench.clock.advance(1000)
  assert.equal((await bench.keys.find('ES256', moved.signingKey().kid)).kid, moved.signingKey().kid)
})

test('a clock that is set back makes the keys too old rather than young for longer', async () => {
  const bench = await open()
  const key = await bench.keys.find('ES256', bench.issuer.signingKey().kid)
  bench.clock.advance(-7_200_000)
  assert.ok(!bench.keys.isCurrent(key))
  await bench.find()
  assert.ok(bench.keys.isCurrent(key))
})

test('entries that do not belong there leave one event, not one per fetch', async () => {
  const bench = await open()
  bench.issuer.publish(null)
  await bench.find()
  await bench.keys.reload()
  assert.deepEqual(bench.warnings, ['key_ignored'])
})

test('public-only refuses an issuer on this machine', async () => {
  const bench = await open({ more: { network: 'public-only' } })
  await refused(bench.find, 'keys_unavailable')
  assert.deepEqual(bench.issuer.fetches, { metadata: 0, jwks: 0 })
})

test('everything goes through the given fetch', async () => {
  const urls: string[] = []
  const bench = await open({
    more: {
      fetch: (input, init) => {
        urls.push(new URL(input instanceof Request ? input.url : input).pathname)
        return fetch(input, init)
      },
    },
  })
  await bench.find()
  assert.deepEqual(urls, ['/.well-known/oauth-authorization-server', '/keys'])
})

test('closed, it fetches nothing more and knows nothing more', async () => {
  const bench = await open()
  const key = await bench.keys.find('ES256', bench.issuer.signingKey().kid)
  bench.keys.close()
  assert.ok(!bench.keys.isCurrent(key))
  await refused(bench.find, 'keys_unavailable')
  assert.equal(bench.issuer.fetches.jwks, 1)
})

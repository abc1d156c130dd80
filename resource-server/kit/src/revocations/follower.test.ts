import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { type JsonObject, type Reason, sha256Base64url } from '@postern/core'
import { createTestClock, type TestClock } from '@postern/core/testing'
import { createKeySource } from '../keys/key-source.ts'
import { limits } from '../limits.ts'
import { readOptions } from '../options/read-options.ts'
import type { ResourceServerOptions } from '../options/types.ts'
import { createSigningKey } from '../testing/signing.ts'
import { createFollower, type Follower } from './follower.ts'
import type { TokenFacts } from './ledger.ts'
import { entryOf, openFeed, resource, type TestFeed } from './test-feed.ts'

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close()
})

interface Bench {
  readonly feed: TestFeed
  readonly follower: Follower
  readonly clock: TestClock
  readonly warnings: Reason[]
  readonly uri: string
  poll(): Promise<string | undefined>
}

/** A follower that is asked step by step, its keys known. */
async function open(options: Partial<ResourceServerOptions> = {}): Promise<Bench> {
  const clock = createTestClock()
  const feed = await openFeed(clock)
  const settings = readOptions({ resource, issuers: [{ issuer: feed.issuer }], clock, ...options })
  const [rules] = settings.issuers
  const mode = settings.revocations
  assert.ok(rules !== undefined && mode !== 'off')
  const warnings: Reason[] = []
  const onWarning = (reason: Reason): void => void warnings.push(reason)
  const keys = createKeySource(rules, { ...settings, times: settings.keyTimes, onWarning })
  const follower = createFollower(rules, keys, { ...settings, mode, onWarning })
  opened.push(feed, keys, follower)
  await keys.find('ES256', feed.key.kid)
  const uri = keys.feedUri() ?? assert.fail('no feed was found')
  return { feed, follower, clock, warnings, uri, poll: () => follower.poll(uri) }
}

async function facts(changes: Partial<Record<string, string>> = {}, issuedAt = 1_767_225_600): Promise<TokenFacts> {
  const values = { token: 'token-1', grant: 'grant-1', client: 'client-1', subject: 'user-1', ...changes }
  const hash = async (value: string) => await sha256Base64url(value)
  return {
    token: await hash(values.token),
    grant: await hash(values.grant),
    client: await hash(values.client),
    subject: await hash(values.subject),
    issuedAt,
  }
}

/** What is said once stays so: further questions are answered with nothing. */
function say(feed: TestFeed, entries: JsonObject[], more: JsonObject = {}): void {
  feed.answers.feed = (question) => feed.sign(feed.claims(question, { seq: 10, entries, ...more }))
}

for (const [kind, value, other] of [
  ['token', 'token-1', { token: 'token-2' }],
  ['grant', 'grant-1', { grant: 'grant-2' }],
  ['client', 'client-1', { client: 'client-2' }],
  ['subject', 'user-1', { subject: 'user-2' }],
] as const) {
  test(`an ended ${kind} ends its tokens, and no others`, async () => {
    const { feed, follower, poll } = await open()
    say(feed, [await entryOf(kind, value)])
    assert.equal(follower.judge(await facts()), undefined)
    assert.equal(await poll(), undefined)
    assert.equal(follower.judge(await facts()), 'revoked')
    assert.equal(follower.judge(await facts(other)), undefined)
  })
}

test('with a time, only what was issued earlier has ended', async () => {
  const { feed, follower, poll } = await open()
  say(feed, [await entryOf('client', 'client-1', { before: 1000 })])
  await poll()
  assert.equal(follower.judge(await facts({}, 999)), 'revoked')
  assert.equal(follower.judge(await facts({}, 1000)), undefined)
  assert.equal(follower.judge(await facts({}, 0)), 'revoked', 'a token that does not say when counts as old')
})

test('an issuer that has ended, or was made anew, ends everything of before', async () => {
  const { feed, follower, poll } = await open()
  say(feed, [], { ended: true })
  await poll()
  assert.equal(follower.judge(await facts({}, 5e9)), 'revoked')
  assert.equal(follower.isOver(5e9), true)
  say(feed, [], { seq: 11, before: 1000 })
  await poll()
  assert.equal(follower.judge(await facts({}, 1000)), undefined)
  assert.equal(follower.judge(await facts({}, 999)), 'revoked')
})

test('goes on where the last statement led to, and through all pages at once', async () => {
  const { feed, follower, poll } = await open()
  const pages = ['a', 'b', 'c']
  feed.answers.feed = async (question) => {
    const after = Number(question.get('after'))
    const name = pages[after] ?? assert.fail('asked beyond the end')
    const more = after < pages.length - 1 ? { more: true } : {}
    return feed.sign(feed.claims(question, { seq: after + 1, entries: [await entryOf('token', name)], ...more }))
  }
  assert.equal(await poll(), undefined)
  assert.deepEqual(
    feed.asked.map((question) => question.get('after')),
    ['0', '1', '2'],
  )
  for (const token of pages) assert.equal(follower.judge(await facts({ token })), 'revoked')
})

test('what has expired is forgotten, and what is unknown here is passed over', async () => {
  const { feed, follower, clock, poll } = await open()
  const exp = clock.now() / 1000 + 100
  say(feed, [await entryOf('token', 'token-1', { exp }), await entryOf('device', 'x')])
  await poll()
  assert.equal(follower.judge(await facts()), 'revoked')
  clock.advance(100_000)
  say(feed, [])
  assert.equal(await poll(), undefined)
  assert.equal(follower.judge(await facts()), undefined)
})

/** What a bad answer leaves behind: nothing, while all that was known before stays. */
async function refuses(bench: Bench, why: RegExp): Promise<void> {
  const problem = await bench.poll()
  assert.match(problem ?? 'it was believed', why)
  assert.equal(bench.follower.judge(await facts({ token: 'victim', client: 'x', subject: 'x', grant: 'x' })), undefined)
}

const attacks: Record<string, [RegExp, (bench: Bench, victim: JsonObject) => void | Promise<void>]> = {
  'one without a signature': [
    /no signed statement/,
    ({ feed }, victim) => {
      feed.answers.feed = (question) => {
        const [header, payload] = feed.sign(feed.claims(question, { seq: 9, entries: [victim] })).split('.')
        return `${header}.${payload}.`
      }
    },
  ],
  'one with alg none': [
    /header is not one/,
    ({ feed }, victim) => {
      feed.answers.feed = (question) =>
        feed.sign(feed.claims(question, { seq: 9, entries: [victim] }), { header: { alg: 'none' } })
    },
  ],
  'one that was changed': [
    /signature does not verify/,
    ({ feed }, victim) => {
      feed.answers.feed = (question) => {
        const [header, , signature] = feed.sign(feed.claims(question)).split('.')
        const payload = Buffer.from(JSON.stringify(feed.claims(question, { seq: 9, entries: [victim] })))
        return `${header}.${payload.toString('base64url')}.${signature}`
      }
    },
  ],
  "one signed with somebody's own key": [
    /key that the issuer does not publish/,
    ({ feed }, victim) => {
      const key = createSigningKey('ES256')
      feed.answers.feed = (question) => feed.sign(feed.claims(question, { seq: 9, entries: [victim] }), { key })
    },
  ],
  'one signed with an own key under the kid of the issuer': [
    /signature does not verify/,
    ({ feed }, victim) => {
      const key = { ...createSigningKey('ES256'), kid: feed.key.kid }
      feed.answers.feed = (question) => feed.sign(feed.claims(question, { seq: 9, entries: [victim] }), { key })
    },
  ],
  "another issuer's": [
    /another issuer's/,
    ({ feed }, victim) => {
      const iss = `${feed.issuer}/other`
      feed.answers.feed = (question) => feed.sign(feed.claims(question, { iss, seq: 9, entries: [victim] }))
    },
  ],
  'an access token': [
    /another type/,
    ({ feed }) => {
      feed.answers.feed = () => feed.mint()
    },
  ],
  'one of no type': [
    /another type/,
    ({ feed }, victim) => {
      feed.answers.feed = (question) =>
        feed.sign(feed.claims(question, { seq: 9, entries: [victim] }), { header: { typ: 'JWT' } })
    },
  ],
  'one with a crit header': [
    /header is not one/,
    ({ feed }, victim) => {
      feed.answers.feed = (question) =>
        feed.sign(feed.claims(question, { seq: 9, entries: [victim] }), { header: { crit: ['exp'] } })
    },
  ],
  'one that has expired': [
    /expired/,
    ({ feed, clock }, victim) => {
      const old = feed.sign(feed.claims(new URLSearchParams('after=0'), { seq: 9, entries: [victim] }))
      feed.answers.feed = () => old
      clock.advance(66_000)
    },
  ],
  'one of the future': [
    /future/,
    ({ feed, clock }, victim) => {
      const iat = clock.now() / 1000 + 60
      feed.answers.feed = (question) =>
        feed.sign(feed.claims(question, { iat, exp: iat + 60, seq: 9, entries: [victim] }))
    },
  ],
  'one that is good for ever': [
    /too long/,
    ({ feed }, victim) => {
      feed.answers.feed = (question) => feed.sign(feed.claims(question, { exp: 4e9, seq: 9, entries: [victim] }))
    },
  ],
  'one that answers another question': [
    /another question/,
    ({ feed }, victim) => {
      feed.answers.feed = (question) => feed.sign(feed.claims(question, { after: 5, seq: 9, entries: [victim] }))
    },
  ],
  'one of 6 MB': [
    /longer than/,
    ({ feed }) => {
      feed.answers.feed = () => 'x'.repeat(6 * 1024 * 1024)
    },
  ],
  'one that never ends': [
    /longer than/,
    ({ feed }) => {
      feed.answers.feed = (_question, res) => {
        const write = (): void => {
          while (!res.destroyed && res.write('x'.repeat(65_536)));
        }
        res.on('drain', write)
        write()
        return undefined
      }
    },
  ],
  'one that says more and leads nowhere': [
    /leads nowhere/,
    ({ feed }) => {
      feed.answers.feed = (question) => feed.sign(feed.claims(question, { more: true }))
    },
  ],
  'one that always has more': [
    /never ends/,
    ({ feed }) => {
      feed.answers.feed = (question) =>
        feed.sign(feed.claims(question, { seq: Number(question.get('after')) + 1, more: true }))
    },
  ],
  'a redirect': [
    /redirect/,
    ({ feed }) => {
      feed.answers.feed = (_question, res) => void res.writeHead(302, { location: `${feed.issuer}/keys` }).end()
    },
  ],
  'an error': [
    /status 500/,
    ({ feed }) => {
      feed.answers.feed = (_question, res) => void res.writeHead(500).end()
    },
  ],
  'one with too many entries': [
    /malformed/,
    ({ feed }, victim) => {
      const entries = Array.from({ length: limits.revocationsPerStatement + 1 }, () => ({
        kind: 'token',
        hash: victim['hash'],
        exp: 1,
      }))
      feed.answers.feed = (question) => feed.sign(feed.claims(question, { seq: 9, entries }))
    },
  ],
}
for (const malformed of [
  { entries: undefined },
  { entries: [{}] },
  { entries: [{ kind: 'token', hash: 'short', exp: 1 }] },
  { entries: [{ kind: 'token', hash: 'A'.repeat(43) }] },
  { entries: [{ kind: 'token', hash: 'A'.repeat(43), exp: 1, before: '1' }] },
  { seq: -1 },
  { seq: 1.5 },
  { after: '0' },
  { exp: undefined },
  { iat: 'now' },
  { ended: 1 },
  { before: -1 },
]) {
  attacks[`a malformed one: ${JSON.stringify(malformed)}`] = [
    /malformed/,
    ({ feed }, victim) => {
      feed.answers.feed = (question) =>
        feed.sign(feed.claims(question, { seq: 9, entries: [victim], ...(malformed as JsonObject) }))
    },
  ]
}

for (const [name, [why, attack]] of Object.entries(attacks)) {
  test(`does not believe ${name}`, async () => {
    const bench = await open()
    await attack(bench, await entryOf('token', 'victim'))
    await refuses(bench, why)
  })
}

test('a statement that is played again takes nothing back', async () => {
  const bench = await open()
  const { feed, follower, poll } = bench
  let first = ''
  feed.answers.feed = (question) => {
    first = feed.sign(feed.claims(question, { seq: 5 }))
    return first
  }
  await poll()
  say(feed, [await entryOf('token', 'token-1')])
  await poll()
  assert.equal(follower.judge(await facts()), 'revoked')
  feed.answers.feed = () => first
  await refuses(bench, /older than what was said/)
  // A database that went back: fresh, signed, and behind.
  feed.answers.feed = (question) => feed.sign(feed.claims(question, { seq: 3 }))
  await refuses(bench, /older than what was said/)
  assert.equal(follower.judge(await facts()), 'revoked')
  // What another follower got a moment ago is fine, what is older is not.
  const answer = (age: number) => (question: URLSearchParams) => {
    const { iat, exp } = feed.claims(question) as { iat: number; exp: number }
    return feed.sign(feed.claims(question, { iat: iat - age, exp: exp - age }))
  }
  feed.answers.feed = answer(limits.revocationReuseSeconds)
  assert.equal(await poll(), undefined)
  feed.answers.feed = answer(2 * limits.revocationReuseSeconds + 1)
  await refuses(bench, /older than the last/)
})

test('a key that is withdrawn can say that the issuer is gone, and nothing else', async () => {
  const { feed, follower, clock, poll } = await open()
  assert.equal(await poll(), undefined)
  feed.answers.keys = 404
  clock.advance(3600_000)
  const entries = [await entryOf('token', 'token-1')]
  say(feed, entries)
  assert.match((await poll()) ?? '', /cannot be verified/)
  assert.equal(follower.judge(await facts()), undefined)
  const exp = clock.now() / 1000 + 90_000
  const last = feed.claims(new URLSearchParams('after=0'), { iat: 1, exp, seq: 10, ended: true, final: true })
  const stranger = createSigningKey('ES256')
  feed.answers.feed = () => feed.sign(last, { key: stranger })
  assert.match((await poll()) ?? '', /cannot be verified/)
  feed.answers.feed = () => feed.sign(last)
  assert.equal(await poll(), undefined)
  assert.equal(follower.judge(await facts()), 'revoked')
  assert.equal(follower.isOver(clock.now() / 1000), true)
})

test('a new key of the issuer is found', async () => {
  const { feed, follower, poll } = await open()
  await poll()
  const key = createSigningKey('ES256')
  feed.answers.keys = [feed.key.jwk, key.jwk]
  const entries = [await entryOf('token', 'token-1')]
  feed.answers.feed = (question) => feed.sign(feed.claims(question, { seq: 4, entries }), { key })
  assert.equal(await poll(), undefined)
  assert.equal(follower.judge(await facts()), 'revoked')
})

test('more than can be remembered is refused', async () => {
  const { feed, follower, poll } = await open()
  let count = 0
  feed.answers.feed = (question) => {
    const entries = Array.from({ length: 5000 }, () => {
      count += 1
      return { kind: 'token', hash: String(count).padStart(43, 'x'), exp: 4e9 }
    })
    return feed.sign(feed.claims(question, { seq: Number(question.get('after')) + 1, more: true, entries }))
  }
  assert.match((await poll()) ?? '', /more than can be remembered/)
  assert.ok(count <= limits.revocations + 5000)
  assert.equal(follower.judge(await facts()), undefined)
})

test('silence: what was heard stays, an event says so once, and who requires the feed refuses', async () => {
  for (const mode of ['follow', 'require'] as const) {
    const { feed, follower, clock, warnings, poll } = await open({ revocations: mode })
    assert.equal(follower.judge(await facts()), mode === 'require' ? 'revocation_unavailable' : undefined)
    say(feed, [await entryOf('token', 'token-1')])
    await poll()
    assert.equal(follower.judge(await facts({ token: 'other' })), undefined)
    feed.answers.feed = (_question, res) => void res.writeHead(503).end()
    clock.advance(limits.revocationSilenceMs - 1)
    await poll()
    assert.deepEqual(warnings, [])
    assert.equal(follower.judge(await facts({ token: 'other' })), undefined)
    clock.advance(1)
    await poll()
    await poll()
    assert.deepEqual(warnings, ['revocation_unavailable'])
    assert.equal(follower.judge(await facts()), 'revoked')
    const expected = mode === 'require' ? 'revocation_unavailable' : undefined
    assert.equal(follower.judge(await facts({ token: 'other' })), expected)
    say(feed, [])
    await poll()
    assert.equal(follower.judge(await facts({ token: 'other' })), undefined)
  }
})

test('who follows is believed to be at it no longer than a question takes, for a runtime may have ended them', async (t) => {
  const { feed, follower } = await open()
  const entries: JsonObject[] = []
  const held = Promise.withResolvers<void>()
  feed.answers.feed = async (question, res) => {
    const isHeld = question.get('wait') !== '0'
    if (isHeld) held.resolve()
    // As if nobody were there any more: not even its end is heard.
    if (isHeld) await new Promise<void>((resolve) => res.once('close', resolve))
    return feed.sign(feed.claims(question, { seq: entries.length, entries }))
  }
  await follower.start()
  await held.promise
  assert.equal(follower.start(), undefined)
  entries.push(await entryOf('token', 'token-1'))

  const now = performance.now.bind(performance)
  const longest = (limits.revocationWaitSeconds + limits.revocationAnswerSeconds) * 1000 + limits.revocationLossMs
  const passed = t.mock.method(performance, 'now', () => now() + longest - 1000)
  assert.equal(follower.start(), undefined)
  assert.equal(follower.judge(await facts()), undefined)
  passed.mock.mockImplementation(() => now() + longest)
  await Promise.all([follower.start(), follower.start()])
  assert.equal(follower.judge(await facts()), 'revoked')
  assert.equal(
    feed.asked.filter((question) => question.get('wait') === '0').length,
    2,
    'those who wait share a question',
  )
  assert.equal(follower.start(), undefined)
})
